"""`LiveCosts`: what is not billed yet, as typed Python calls over a `Client`."""

from collections.abc import Sequence

from trimtab.client import live_costs_wire as wire
from trimtab.client.calls import Calls

_PATH = "/rest/v1/costs/estimate"


class LiveCosts(Calls):
    """The calls. Errors are those of `Client`."""

    def estimate(
        self, by: str = "owner", *, metric: str = "amortized", filters: Sequence[str] = (), lines: int = 0
    ) -> wire.CostEstimate:
        """The live estimate by the owner of lines, or a facet (`service`, `account`, `tag:KEY` …)."""
        return self._call("GET", _PATH, wire.CostEstimate, by=by, metric=metric, lines=lines, filter=filters)
