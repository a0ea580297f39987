"""`Sizing`: the REST API of sizing, policies and ordered load tests as typed Python calls, over a `Client`."""

from urllib.parse import quote

from trimtab.client import sizing_wire as wire
from trimtab.client.api import Client

_POLICIES = "/rest/v1/endpoint-policies"


class Sizing:
    """The calls. Errors are those of `Client`."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def sized(
        self, name: str, *, peak: float = 0.0, mean: float = 0.0, share: float = 0.7, estimated: bool = False
    ) -> list[wire.Sizing]:
        """What to run for a name or an endpoint, from its load tests."""
        query = [("name", name), ("peak", f"{peak:g}"), ("mean", f"{mean:g}"), ("share", f"{share:g}")]
        query += [("estimated", "true")] if estimated else []
        return self._client.call("GET", "/rest/v1/sizing", wire.Sizings, query=query).sizings

    def choose(self, endpoint: str, policy: wire.Policy) -> wire.ChosenPolicy:
        """Make it the endpoint's policy (role write)."""
        return self._client.call("PUT", _POLICIES, wire.ChosenPolicy, body=wire.Choice(endpoint, policy))

    def policies(self) -> list[wire.ChosenPolicy]:
        """The policies that were chosen."""
        return self._client.call("GET", _POLICIES, wire.Policies).policies

    def forget(self, endpoint: str) -> wire.Deleted:
        """Choose nothing for an endpoint (role write)."""
        return self._client.call("DELETE", _POLICIES, wire.Deleted, query=[("endpoint", endpoint)])

    def order(self, asked: wire.Ask) -> wire.Order:
        """Have the server test a registered endpoint (role write)."""
        return self._client.call("POST", "/rest/v1/load-test-orders", wire.Order, body=asked)

    def orders(self) -> list[wire.Order]:
        """The tests that were asked of the server, the newest first."""
        return self._client.call("GET", "/rest/v1/load-test-orders", wire.Orders).orders

    def stop(self, order_id: str) -> wire.Order:
        """End a test that waits or runs (role write)."""
        return self._client.call("POST", f"/rest/v1/load-test-orders/{quote(order_id, safe='')}/stop", wire.Order)
