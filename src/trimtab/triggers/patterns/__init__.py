"""Event patterns: read, matched one by one, and matched many at a time by an index."""
