"""`CostExplorer`: what a bill says, as typed Python calls over a `Client`.

    explorer = CostExplorer(client)
    table = explorer.costs(Asked(groups=("service",), filters=("account=111111111111",)), metric="amortized")
    why = explorer.drivers(Asked(start="2026-08-01", end="2026-09-01"))

`start` and `end` are days (end not included); without them the last months that the bill has are meant.
"""

from collections.abc import Sequence

from msgspec import Struct

from trimtab.client import cost_explorer_wire as wire
from trimtab.client.calls import Calls
from trimtab.client.parameters import path_of

_PATH = "/rest/v1/costs"


class Asked(Struct, frozen=True):
    """What every question has: a range, groups and filters, written as `trimtab costs` takes them."""

    start: str | None = None
    end: str | None = None
    groups: Sequence[str] = ()
    filters: Sequence[str] = ()

    def query(self, **more: str | None) -> list[tuple[str, str]]:
        """The query parameters."""
        found = [(name, value) for name, value in {"start": self.start, "end": self.end, **more}.items() if value]
        return [*found, *(("group", one) for one in self.groups), *(("filter", one) for one in self.filters)]


EVERYTHING = Asked()


class CostExplorer(Calls):
    """The calls. Errors are those of `Client`."""

    def costs(self, asked: Asked = EVERYTHING, *, metric: str = "", granularity: str = "") -> wire.CostTable:
        """Sums by period and group."""
        query = asked.query(metric=metric, granularity=granularity)
        return self._client.call("GET", _PATH, wire.CostTable, query=query)

    def values(self, facet: str = "", asked: Asked = EVERYTHING, *, search: str = "") -> wire.FacetValues:
        """What can be grouped by; with a facet, its values by cost."""
        query = asked.query(facet=facet, search=search)
        return self._client.call("GET", f"{_PATH}/values", wire.FacetValues, query=query)

    def drivers(
        self, asked: Asked = EVERYTHING, *, metric: str = "", baseline: tuple[str, str] | None = None, limit: int = 20
    ) -> wire.CostChanges:
        """What changed against `baseline`, by default the same length of time before, and why."""
        first, last = baseline or (None, None)
        query = asked.query(metric=metric, baseline_start=first, baseline_end=last, limit=str(limit))
        return self._client.call("GET", f"{_PATH}/drivers", wire.CostChanges, query=query)

    def forecast(
        self, asked: Asked = EVERYTHING, *, metric: str = "", granularity: str = "", level: int = 80
    ) -> wire.CostForecast:
        """Where the bill is going; without a range, the month in which the bill ends and the two after it."""
        query = asked.query(metric=metric, granularity=granularity, level=str(level))
        return self._client.call("GET", f"{_PATH}/forecast", wire.CostForecast, query=query)

    def coverage(self, asked: Asked = EVERYTHING, *, granularity: str = "") -> wire.Commitments:
        """Coverage and utilisation of reservations and Savings Plans."""
        query = asked.query(granularity=granularity)
        return self._client.call("GET", f"{_PATH}/coverage", wire.Commitments, query=query)

    def savings_rate(self, asked: Asked = EVERYTHING, *, granularity: str = "") -> wire.SavingsRates:
        """The effective savings rate by period and group."""
        query = asked.query(granularity=granularity)
        return self._client.call("GET", f"{_PATH}/savings-rate", wire.SavingsRates, query=query)

    def reports(self) -> list[wire.SavedReport]:
        """The saved views of the Costs page."""
        return self._call("GET", f"{_PATH}/reports", wire.SavedReports).reports

    def save_report(self, name: str, query: str) -> wire.SavedReport:
        """Keep a view under a name (role write); one of that name is replaced."""
        return self._call("PUT", path_of(_PATH, "reports", name), wire.SavedReport, body=wire.SaveReport(query))

    def delete_report(self, name: str) -> None:
        """Forget a view (role write)."""
        self._call("DELETE", path_of(_PATH, "reports", name), wire.SavedReports)
