"""What every KPI needs to be read: the reader, the finder of series, the owners, the grid; and grouped questions."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from trimtab.access.scope import Scope
from trimtab.kpis.concepts import Finder, Found, Metric
from trimtab.kpis.model import Input
from trimtab.kpis.owners import Owners
from trimtab.kpis.window import Grid
from trimtab.metrics.model import Series
from trimtab.metrics.plan import StatRequest, StatSeries
from trimtab.metrics.statistics import Statistic, parse_statistic

Floats = npt.NDArray[np.float64]

AVERAGE, RATE, SUM = parse_statistic("Average"), parse_statistic("Rate"), parse_statistic("Sum")


class Reader(Protocol):
    """What KPIs ask of `metrics.read.MetricReader`."""

    async def statistics(
        self, scope: Scope, requests: Sequence[StatRequest], start_ms: int, end_ms: int
    ) -> list[StatSeries]:
        """Statistics, one result for each request."""
        ...


@dataclass(frozen=True, slots=True)
class Options:
    """What a caller may choose. `slo` is the target of success (0 to 1); counters are chosen by name where the usual
    names are not those of the fleet; `node_capacity` is what one node can serve, requests per second."""

    slo: float = 0.999
    requests_metric: str = ""
    tokens_metric: str = ""
    records_metric: str = ""
    latency_metric: str = ""
    node_capacity: float | None = None


@dataclass(frozen=True, slots=True)
class Context:
    """One report under way."""

    reader: Reader
    finder: Finder
    owners: Owners
    grid: Grid
    options: Options = Options()

    def chosen(self, name: str, usual: Sequence[Metric]) -> Sequence[Metric]:
        """The metric that the caller named, else the usual ones."""
        return (Metric(name),) if name else usual

    async def ask(
        self, requests: Sequence[StatRequest], start_ms: int | None = None, end_ms: int | None = None
    ) -> list[Floats]:
        """Each request's values on the grid (NaN where none); all in one read. Of another range, on that range."""
        if not requests:
            return []
        first, last = start_ms or self.grid.start_ms, end_ms or self.grid.end_ms
        answers = await self.reader.statistics(self.finder.scope, requests, first, last)
        grids = {one.period_s: Grid.over(first, last, one.period_s) for one in requests}
        return [grids[request.period_s].place(answer) for request, answer in zip(requests, answers, strict=True)]

    def grouped(self, found: Sequence[Found], *, key: Callable[[Series], str] | None = None) -> "Grouped":
        """Series by owner (or `key`), and of each owner by metric, in the order of precedence."""
        groups: Grouped = defaultdict(lambda: defaultdict(list))
        for one in found:
            groups[(key or self.owners.of)(one.series)][one.metric].append(one.series)
        return groups


Grouped = defaultdict[str, defaultdict[Metric, list[Series]]]


@dataclass(frozen=True, slots=True)
class Flow:
    """What a group did per second in each step (NaN where nothing was said), and by which metric it is known."""

    per_s: Floats
    metric: Metric
    series: int

    def mean(self) -> float:
        """Per second over the whole range: steps without data count as nothing done."""
        return float(np.nan_to_num(self.per_s).mean())

    @property
    def coverage(self) -> float:
        """The share of steps with data."""
        return float(np.mean(~np.isnan(self.per_s)))

    @property
    def input(self) -> Input:
        """As results name it."""
        return Input(self.metric.shown, self.series, self.coverage)


async def flows(context: Context, found: Sequence[Found], statistic: Statistic = RATE) -> dict[str, Flow]:
    """Each group's flow by the first of its metrics that has data. With SUM, values are added up, not counted."""
    groups = context.grouped(found)
    order = [(group, metric, series) for group, metrics in groups.items() for metric, series in metrics.items()]
    step = context.grid.step_s
    requests = [StatRequest(ids(series), statistic, step) for _, _, series in order]
    result: dict[str, Flow] = {}
    for (group, metric, series), values in zip(order, await context.ask(requests), strict=True):
        if group not in result and not np.all(np.isnan(values)):
            per_s = values * metric.scale / (1 if statistic is RATE else step)
            result[group] = Flow(per_s, metric, len(series))
    return result


def ids(series: Sequence[Series]) -> tuple[int, ...]:
    """Their ids."""
    return tuple(one.id for one in series)
