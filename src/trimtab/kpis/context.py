"""What every KPI needs to be read: the reader, the finder of series, the owners, the grid; and grouped questions."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from trimtab.base.records import replace
from trimtab.fleet.reading import HoursReader
from trimtab.fleet.telemetry.concepts import Finder, Found, Metric, is_edge
from trimtab.fleet.telemetry.owners import Owners
from trimtab.fleet.telemetry.reading import Reader
from trimtab.fleet.telemetry.window import Grid
from trimtab.kpis.model import Input
from trimtab.metrics.model import Series
from trimtab.metrics.plan import StatRequest
from trimtab.metrics.statistics import Statistic, parse_statistic

Floats = npt.NDArray[np.float64]

AVERAGE, RATE, SUM = parse_statistic("Average"), parse_statistic("Rate"), parse_statistic("Sum")


class Options(Struct, frozen=True):
    """What a caller may choose. `slo` is the target of success (0 to 1); counters are chosen by name where the usual
    names are not those of the fleet; `node_capacity` is what one node can serve, requests per second."""

    slo: float = 0.999
    requests_metric: str = ""
    tokens_metric: str = ""
    records_metric: str = ""
    latency_metric: str = ""
    node_capacity: float | None = None


class Context(Struct, frozen=True):
    """One report under way."""

    reader: Reader
    finder: Finder
    owners: Owners
    grid: Grid
    options: Options = Options()
    ledger: HoursReader | None = None

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

    def by_service(self, found: Sequence[Found]) -> "ByService":
        """Series by (group, service), and of each by metric, in the order of precedence.

        Within one service a request is counted by several metrics, so only one of them may count; different services
        of a group add up. Where a group has metrics of servers, those of callers and load balancers in front of them
        are left out.
        """
        services = replace(self.owners, by="service")
        groups: ByService = defaultdict(lambda: defaultdict(list))
        for one in found:
            groups[self.owners.of(one.series), services.of(one.series)][one.metric].append(one.series)
        served = {group for (group, _), metrics in groups.items() if not all(is_edge(metric) for metric in metrics)}
        for (group, _), metrics in groups.items():
            if group in served:
                for metric in [metric for metric in metrics if is_edge(metric)]:
                    del metrics[metric]
        return groups


ByService = defaultdict[tuple[str, str], defaultdict[Metric, list[Series]]]


class Flow(Struct, frozen=True):
    """What a group did per second in each step, by service (NaN where nothing was said), and by which metric."""

    by_service: Mapping[str, Floats]
    metrics: Mapping[str, Metric]
    series: Mapping[str, int]

    @property
    def per_s(self) -> Floats:
        """All services together; NaN where none said anything."""
        return total(list(self.by_service.values()))

    def joined(self, service: str, per_s: Floats, metric: Metric, series: int) -> "Flow":
        """With one more service."""
        return Flow(
            {**self.by_service, service: per_s}, {**self.metrics, service: metric}, {**self.series, service: series}
        )

    def mean(self) -> float:
        """Per second over the whole range: steps without data count as nothing done."""
        return float(np.nan_to_num(self.per_s).mean())

    @property
    def coverage(self) -> float:
        """The share of steps with data, the mean over services."""
        return float(np.mean([~np.isnan(row) for row in self.by_service.values()]))

    @property
    def inputs(self) -> tuple[Input, ...]:
        """As results name them: each metric with its series and the share of steps with data."""
        found: dict[Metric, list[str]] = {}
        for service, metric in self.metrics.items():
            found.setdefault(metric, []).append(service)
        return tuple(
            Input(
                metric.shown,
                sum(self.series[service] for service in services),
                float(np.mean([~np.isnan(self.by_service[service]) for service in services])),
            )
            for metric, services in found.items()
        )


def total(rows: Sequence[Floats]) -> Floats:
    """Rows added up; NaN where every one is."""
    stacked = np.array(rows)
    return np.where(np.isnan(stacked).all(axis=0), np.nan, np.nansum(stacked, axis=0))


async def flows(context: Context, found: Sequence[Found], statistic: Statistic = RATE) -> dict[str, Flow]:
    """Each group's flow, each service by the first of its metrics that has data.

    With RATE counters grow and observations count; with SUM values are added up; with AVERAGE gauges are, series by
    series, as they stand.
    """
    groups = context.by_service(found)
    each = statistic is AVERAGE
    order = [
        (group, service, metric, part)
        for (group, service), metrics in groups.items()
        for metric, series in metrics.items()
        for part in ([[one] for one in series] if each else [series])
    ]
    step = context.grid.step_s
    rows = await context.ask([StatRequest(ids(part), statistic, step) for *_, part in order])
    by_metric: dict[tuple[str, str], dict[Metric, list[Floats]]] = defaultdict(lambda: defaultdict(list))
    for (group, service, metric, _), values in zip(order, rows, strict=True):
        by_metric[group, service][metric].append(values * metric.scale / (step if statistic is SUM else 1))
    result: dict[str, Flow] = {}
    for (group, service), metrics in by_metric.items():
        for metric, parts in metrics.items():
            values = total(parts)
            if not np.all(np.isnan(values)):
                flow = result.setdefault(group, Flow({}, {}, {}))
                result[group] = flow.joined(service, values, metric, len(groups[group, service][metric]))
                break
    return result


def ids(series: Sequence[Series]) -> tuple[int, ...]:
    """Their ids."""
    return tuple(one.id for one in series)
