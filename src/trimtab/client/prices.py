"""`Prices`: price lists, histories and spot prices as typed Python calls, over a `Client`."""

from collections.abc import Sequence

from trimtab.client import prices_wire as wire
from trimtab.client.calls import Calls
from trimtab.client.parameters import path_of

_ROOT = "/rest/v1/price-lists"


class Prices(Calls):
    """The calls about prices by date. Errors are those of `Client`."""

    def lists(self) -> wire.PriceLists:
        """Every list that was imported."""
        return self._call("GET", _ROOT, wire.PriceLists)

    def put(self, part: wire.PriceListPart) -> wire.PricesTaken:
        """Take a part of a list (role admin)."""
        return self._call("POST", f"{_ROOT}/parts", wire.PricesTaken, body=part)

    def end(self, key: wire.PriceListKey) -> wire.PriceList:
        """A list came whole (role admin): what it does not have any more has ended."""
        return self._call("POST", _ROOT, wire.PriceList, body=key)

    def put_instances(self, source: str, prices: Sequence[wire.InstancePrice]) -> wire.PricesTaken:
        """Take a history of instance prices, in place of what its source said before (role admin)."""
        taken = wire.PricesTaken(0, 0)
        for at in range(0, max(1, len(prices)), wire.MAX_ROWS):
            body = wire.PutInstancePrices(source, list(prices[at : at + wire.MAX_ROWS]), begin=at == 0)
            answer = self._client.call("POST", "/rest/v1/instance-prices", wire.PricesTaken, body=body)
            taken = wire.PricesTaken(taken.prices + answer.prices, taken.changed + answer.changed)
        return taken

    def put_spot(self, prices: Sequence[wire.SpotPoint]) -> int:
        """Take spot prices (role admin); how many there were."""
        taken = 0
        for at in range(0, len(prices), wire.MAX_ROWS):
            body = wire.PutSpotPrices(list(prices[at : at + wire.MAX_ROWS]))
            taken += self._client.call("POST", "/rest/v1/spot-prices", wire.PricesTaken, body=body).prices
        return taken

    def of(self, type_: str, region: str, since: str = "") -> wire.InstancePrices:
        """What an instance type cost in a region."""
        return self._call(
            "GET", path_of("/rest/v1/catalog", type_, "prices"), wire.InstancePrices, region=region, since=since
        )
