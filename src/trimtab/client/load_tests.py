"""`LoadTests`: the REST API of load tests as typed Python calls, over a `Client`."""

from urllib.parse import quote

from trimtab.client import load_tests_wire as wire
from trimtab.client.api import Client

_PATH = "/rest/v1/load-tests"


class LoadTests:
    """The calls. Errors are those of `Client`."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def record(self, test: wire.LoadTest) -> wire.Kept:
        """Keep a finished test (role write)."""
        return self._client.call("POST", _PATH, wire.Kept, body=test)

    def listed(self, name: str = "") -> list[wire.Kept]:
        """Tests of a name (all without), the newest first."""
        return self._client.call("GET", _PATH, wire.Tests, query=[("name", name)] if name else []).tests

    def get(self, test_id: str) -> wire.Kept:
        """One test."""
        return self._client.call("GET", f"{_PATH}/{quote(test_id, safe='')}", wire.Kept)

    def delete(self, test_id: str) -> wire.Removed:
        """Delete a test (role write)."""
        return self._client.call("DELETE", f"{_PATH}/{quote(test_id, safe='')}", wire.Removed)
