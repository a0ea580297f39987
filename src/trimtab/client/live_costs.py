"""`LiveCosts`: what is not billed yet, as typed Python calls over a `Client`."""

from collections.abc import Sequence

from trimtab.client import live_costs_wire as wire
from trimtab.client.api import Client

_PATH = "/rest/v1/costs/estimate"


class LiveCosts:
    """The calls. Errors are those of `Client`."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def estimate(
        self, by: str = "owner", *, metric: str = "amortized", filters: Sequence[str] = (), lines: int = 0
    ) -> wire.CostEstimate:
        """The live estimate by the owner of lines, or a facet (`service`, `account`, `tag:KEY` …)."""
        query = [("by", by), ("metric", metric), ("lines", str(lines)), *(("filter", one) for one in filters)]
        return self._client.call("GET", _PATH, wire.CostEstimate, query=query)
