"""The JSON API of the pages, the CLI and programs: one file a subject, described by OpenAPI."""
