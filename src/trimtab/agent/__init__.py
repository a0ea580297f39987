"""The agent: reads this host and its processes, spools what it read, and posts it to trimtab as OTLP."""
