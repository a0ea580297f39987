"""`Inventory`: resources, the catalogue, own rates and nodes as typed Python calls, over a `Client`."""

from collections.abc import Iterator, Sequence
from urllib.parse import quote

from trimtab.client import inventory_wire as wire
from trimtab.client.api import Client

_PART = 5000


class Inventory:
    """The calls about what there is and what it costs. Errors are those of `Client`."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def put(self, resources: Sequence[wire.ResourceRecord], origin: str = "") -> int:
        """Add or replace resources (role write); how many there were."""
        taken = 0
        for at in range(0, len(resources), _PART):
            body = wire.ReportResources(list(resources[at : at + _PART]), origin)
            taken += self._client.call("POST", "/rest/v1/inventory", wire.ResourcesTaken, body=body).resources
        return taken

    def resources(self, *, kind: str = "", text: str = "", limit: int = 1000, after: str = "") -> wire.ResourcePage:
        """One page of resources by path."""
        query = _asked(kind=kind, text=text, limit=str(limit), after=after)
        return self._client.call("GET", "/rest/v1/inventory", wire.ResourcePage, query=query)

    def all_resources(self, *, kind: str = "", text: str = "") -> Iterator[wire.Resource]:
        """Every resource that matches, page by page."""
        after = ""
        while True:
            page = self.resources(kind=kind, text=text, after=after)
            yield from page.resources
            if page.next is None:
                return
            after = page.next

    def put_nodes(self, report: wire.ReportNodes) -> wire.NodesTaken:
        """Report the nodes of a cluster (role write)."""
        return self._client.call("POST", "/rest/v1/nodes", wire.NodesTaken, body=report)

    def nodes(self, cluster: str = "") -> list[wire.ClusterNode]:
        """The nodes of clusters as they were last reported."""
        query = _asked(cluster=cluster)
        return self._client.call("GET", "/rest/v1/nodes", wire.ClusterNodes, query=query).nodes

    def types(self, *, text: str = "", accelerated: bool = False, limit: int = 100) -> wire.CatalogPage:
        """Instance types of the catalogue."""
        query = _asked(text=text, accelerated=str(accelerated).lower(), limit=str(limit))
        return self._client.call("GET", "/rest/v1/catalog", wire.CatalogPage, query=query)

    def type(self, name: str) -> wire.CatalogType:
        """One instance type."""
        return self._client.call("GET", f"/rest/v1/catalog/{quote(name, safe='')}", wire.CatalogType)

    def rates(self) -> list[wire.Rate]:
        """Every own rate."""
        return self._client.call("GET", "/rest/v1/rates", wire.RateList).rates

    def set_rates(self, rates: Sequence[wire.SetRate]) -> list[wire.Rate]:
        """Set own rates, all or none (role admin); returns all that there are then."""
        body = wire.SetRates(list(rates))
        return self._client.call("POST", "/rest/v1/rates", wire.RateList, body=body).rates

    def remove_rate(self, id_: int) -> wire.Rate:
        """Remove an own rate (role admin)."""
        return self._client.call("DELETE", f"/rest/v1/rates/{id_}", wire.Rate)


def _asked(**values: str) -> list[tuple[str, str]]:
    return [(name, value) for name, value in values.items() if value]
