"""`Sizing`: the REST API of sizing, policies and ordered load tests as typed Python calls, over a `Client`."""

from trimtab.client import sizing_wire as wire
from trimtab.client.calls import Calls
from trimtab.client.parameters import path_of

_POLICIES = "/rest/v1/endpoint-policies"


class Sizing(Calls):
    """The calls. Errors are those of `Client`."""

    def sized(
        self, name: str, *, peak: float = 0.0, mean: float = 0.0, share: float = 0.7, estimated: bool = False
    ) -> list[wire.Sizing]:
        """What to run for a name or an endpoint, from its load tests."""
        query = [("name", name), ("peak", f"{peak:g}"), ("mean", f"{mean:g}"), ("share", f"{share:g}")]
        query += [("estimated", "true")] if estimated else []
        return self._client.call("GET", "/rest/v1/sizing", wire.Sizings, query=query).sizings

    def choose(self, endpoint: str, policy: wire.Policy) -> wire.ChosenPolicy:
        """Make it the endpoint's policy (role write)."""
        return self._call("PUT", _POLICIES, wire.ChosenPolicy, body=wire.Choice(endpoint, policy))

    def policies(self) -> list[wire.ChosenPolicy]:
        """The policies that were chosen."""
        return self._call("GET", _POLICIES, wire.Policies).policies

    def forget(self, endpoint: str) -> wire.Deleted:
        """Choose nothing for an endpoint (role write)."""
        return self._call("DELETE", _POLICIES, wire.Deleted, endpoint=endpoint)

    def order(self, asked: wire.Ask) -> wire.Order:
        """Have the server test a registered endpoint (role write)."""
        return self._call("POST", "/rest/v1/load-test-orders", wire.Order, body=asked)

    def orders(self) -> list[wire.Order]:
        """The tests that were asked of the server, the newest first."""
        return self._call("GET", "/rest/v1/load-test-orders", wire.Orders).orders

    def stop(self, order_id: str) -> wire.Order:
        """End a test that waits or runs (role write)."""
        return self._call("POST", path_of("/rest/v1/load-test-orders", order_id, "stop"), wire.Order)
