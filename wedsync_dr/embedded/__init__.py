"""An embedded PostgreSQL: for the demo, for drills and for tests."""
