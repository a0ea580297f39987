"""`log_patterns`: which kinds of lines there are, as one typed Python call over a `Client`."""

from trimtab.client.api import Client
from trimtab.client.log_patterns_wire import LogPatterns
from trimtab.client.parameters import parameters


def log_patterns(
    client: Client, *, group: str = "", pattern: str = "", start: str = "-1h", end: str = "now"
) -> LogPatterns:
    """Patterns of a range against the one before it; of all groups without `group`. Errors are those of `Client`."""
    query = parameters(group=group, filter=pattern, start=start, end=end)
    return client.call("GET", "/rest/v1/logs/patterns", LogPatterns, query=query)
