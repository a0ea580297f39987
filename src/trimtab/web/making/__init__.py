"""Forms that make small records as their commands do; each shows the command and the request that do the same."""
