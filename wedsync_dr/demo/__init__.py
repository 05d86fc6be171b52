"""An embedded PostgreSQL with a wedding platform in it, for the demo, the tests and the benchmark."""
