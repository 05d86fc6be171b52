"""The REST API that the platform's back end calls."""
