"""`LoadTests`: the REST API of load tests as typed Python calls, over a `Client`."""

from trimtab.client import load_tests_wire as wire
from trimtab.client.calls import Calls
from trimtab.client.parameters import path_of

_PATH = "/rest/v1/load-tests"


class LoadTests(Calls):
    """The calls. Errors are those of `Client`."""

    def record(self, test: wire.LoadTest) -> wire.Kept:
        """Keep a finished test (role write)."""
        return self._call("POST", _PATH, wire.Kept, body=test)

    def listed(self, name: str = "") -> list[wire.Kept]:
        """Tests of a name (all without), the newest first."""
        return self._call("GET", _PATH, wire.Tests, name=name).tests

    def get(self, test_id: str) -> wire.Kept:
        """One test."""
        return self._call("GET", path_of(_PATH, test_id), wire.Kept)

    def delete(self, test_id: str) -> wire.Removed:
        """Delete a test (role write)."""
        return self._call("DELETE", path_of(_PATH, test_id), wire.Removed)
