"""The small Python client of the REST API: base install, imports base only."""
