"""`query_logs`: Logs Insights as one typed Python call, over a `Client`."""

from trimtab.client import logs_wire as wire
from trimtab.client.api import Client


def query_logs(client: Client, query: wire.LogQuery) -> wire.LogAnswer:
    """The rows of a query. Errors are those of `Client`; that of a malformed query names the character."""
    return client.call("POST", "/rest/v1/logs/query", wire.LogAnswer, body=query)
