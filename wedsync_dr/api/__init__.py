"""The REST API: what the platform and its people ask of it over HTTP."""
