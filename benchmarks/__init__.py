"""`make bench`: ratios, side by side in one run, against PostgreSQL's own tools."""
