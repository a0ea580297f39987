"""`Inventory`: resources, the catalogue, own rates and nodes as typed Python calls, over a `Client`."""

from collections.abc import Iterator, Sequence

from trimtab.client import inventory_wire as wire
from trimtab.client.calls import Calls
from trimtab.client.parameters import path_of

_PART = 5000


class Inventory(Calls):
    """The calls about what there is and what it costs. Errors are those of `Client`."""

    def put(self, resources: Sequence[wire.ResourceRecord], origin: str = "") -> int:
        """Add or replace resources (role write); how many there were."""
        taken = 0
        for at in range(0, len(resources), _PART):
            body = wire.ReportResources(list(resources[at : at + _PART]), origin)
            taken += self._client.call("POST", "/rest/v1/inventory", wire.ResourcesTaken, body=body).resources
        return taken

    def resources(self, *, kind: str = "", text: str = "", limit: int = 1000, after: str = "") -> wire.ResourcePage:
        """One page of resources by path."""
        return self._call(
            "GET", "/rest/v1/inventory", wire.ResourcePage, kind=kind, text=text, limit=limit, after=after
        )

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
        return self._call("POST", "/rest/v1/nodes", wire.NodesTaken, body=report)

    def nodes(self, cluster: str = "") -> list[wire.ClusterNode]:
        """The nodes of clusters as they were last reported."""
        return self._call("GET", "/rest/v1/nodes", wire.ClusterNodes, cluster=cluster).nodes

    def types(self, *, text: str = "", accelerated: bool = False, limit: int = 100) -> wire.CatalogPage:
        """Instance types of the catalogue."""
        return self._call("GET", "/rest/v1/catalog", wire.CatalogPage, text=text, accelerated=accelerated, limit=limit)

    def type(self, name: str) -> wire.CatalogType:
        """One instance type."""
        return self._call("GET", path_of("/rest/v1/catalog", name), wire.CatalogType)

    def rates(self) -> list[wire.Rate]:
        """Every own rate."""
        return self._call("GET", "/rest/v1/rates", wire.RateList).rates

    def set_rates(self, rates: Sequence[wire.SetRate]) -> list[wire.Rate]:
        """Set own rates, all or none (role admin); returns all that there are then."""
        return self._call("POST", "/rest/v1/rates", wire.RateList, body=wire.SetRates(list(rates))).rates

    def remove_rate(self, id_: int) -> wire.Rate:
        """Remove an own rate (role admin)."""
        return self._call("DELETE", f"/rest/v1/rates/{id_}", wire.Rate)
