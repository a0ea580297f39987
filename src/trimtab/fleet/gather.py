"""`FactsReader`: reads what schedulers, telemetry and bills say of a range, for `assemble`."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from math import ceil

import numpy as np
from msgspec import Struct

from trimtab.access.scope import EVERYTHING, Scope
from trimtab.base.clock import Clock
from trimtab.base.measures import Measure, is_time, measure_of
from trimtab.base.records import replace
from trimtab.costs.model import USE, And, Dimension, Where
from trimtab.costs.read import CostReader, MachineTime
from trimtab.fleet.assemble import SILENT_MS
from trimtab.fleet.claims import UNPLACED, holder_name, parts_of_run
from trimtab.fleet.known import BilledMachine, Known
from trimtab.fleet.model import DAY_MS, HOUR_MS, Floats, MachineKey
from trimtab.fleet.telemetry import sm_time
from trimtab.fleet.telemetry.concepts import ACTIVITY, POD_LABELS, Finder, Registry
from trimtab.fleet.telemetry.day import TelemetryDay
from trimtab.fleet.telemetry.evidence import gather
from trimtab.fleet.telemetry.identity import host_of, short_host
from trimtab.fleet.telemetry.owners import Owners, pods_of
from trimtab.fleet.telemetry.reading import MatrixReader
from trimtab.fleet.telemetry.window import Grid
from trimtab.inventory.catalog.book import Catalog
from trimtab.inventory.room import InventoryRoom
from trimtab.inventory.runs.filter import RunFilter
from trimtab.inventory.runs.model import FirstTold, Node, NodeLife, Run
from trimtab.metrics.model import Series, SeriesQuery
from trimtab.metrics.plan import StatRequest
from trimtab.metrics.statistics import parse_statistic

STEP_S = 300
"""Activity is looked at in five minutes: Prometheus' lookback, and finer than any figure that is told."""
_COUNT = parse_statistic("SampleCount")
_A_FEW = 64
"""Series that are asked first for when they began."""
_MOST_RUNS = 1_000_000
_REPLICAS = "nvidia.com/gpu.replicas"
SmTime = Callable[[Sequence[Run], int, int], Awaitable[Mapping[tuple[object, str], Mapping[str, float]]]]


class Scheduled(Struct, frozen=True):
    """What schedulers say of a range. `sliced`: nodes whose GPUs are offered several times over."""

    lives: Sequence[NodeLife]
    runs: Sequence[Run]
    sliced: frozenset[tuple[str, str, str]]
    began: Mapping[tuple[str, str], int]
    first_told: Mapping[tuple[str, str, str], FirstTold]
    accounted: Mapping[tuple[str, str], int]

    def within(self, start_ms: int, end_ms: int, only: frozenset[MachineKey] | None) -> "Scheduled":
        """The same of a part of the range, or of some nodes."""
        lives = (life.within(start_ms, end_ms) for life in self.lives)
        return replace(
            self,
            lives=[
                life
                for life in lives
                if life.stretches and (only is None or (life.account, life.cluster, life.name) in only)
            ],
            runs=[
                run
                for run in self.runs
                if run.submit_ms < end_ms
                and (run.end_ms is None or run.end_ms > start_ms)
                and (only is None or _touches(run, only))
            ],
        )


class FactsReader(Struct, frozen=True):
    """Reads over the rooms that own facts. `bills` is None where no bill is to be asked."""

    reader: MatrixReader
    registry: Registry
    inventory: InventoryRoom
    bills: CostReader | None
    clock: Clock
    step_s: int = STEP_S

    async def known(
        self, start_ms: int, end_ms: int, only: frozenset[MachineKey] | None = None, scheduled: Scheduled | None = None
    ) -> Known:
        """Everything that is said of `[start, end)`, or of some nodes then. Raises QueryAborted, Unavailable.

        `scheduled`: what schedulers say of a longer range, where that was read already.
        """
        now_ms = self.clock.now_ms()
        said = (scheduled or await self.scheduled(start_ms, end_ms)).within(start_ms, end_ms, only)
        called = _called(said, only)
        return Known(
            start_ms,
            end_ms,
            now_ms,
            said.lives,
            said.runs,
            await self.telemetry(
                start_ms, min(end_ms, now_ms), None if called is None else frozenset(map(short_host, called))
            ),
            [
                one
                for one in await self.billed(start_ms, end_ms, _named(_nodes_of(said.runs), said.first_told))
                if called is None or not called.isdisjoint(one.names)
            ],
            said.sliced,
            await self._shares(said.runs, start_ms, min(end_ms, now_ms)),
            said.began,
            said.first_told,
            said.accounted,
        )

    async def scheduled(self, start_ms: int, end_ms: int) -> Scheduled:
        """What schedulers say of `[start, end)`."""
        runs = await self.inventory.runs.listed(EVERYTHING, RunFilter(start_ms, end_ms), _MOST_RUNS)
        began = await self.inventory.nodes.began()
        clusters = dict.fromkeys((run.key.account, run.key.cluster) for run in runs) | began
        return Scheduled(
            await self.inventory.nodes.existed(EVERYTHING, start_ms, end_ms),
            [run for run in runs if run.start_ms is not None and run.gpus > 0],
            sliced=frozenset(
                (one.account, one.cluster, one.name)
                for one in await self.inventory.nodes.all(EVERYTHING)
                if is_sliced(one)
            ),
            began=began,
            first_told=await self.inventory.nodes.first_told(),
            accounted=await self.inventory.runs.accounted(clusters),
        )

    async def days(self, first: int, last: int) -> set[int]:
        """The days of `[first, last)` of which anything is said: the others are empty, and need not be looked at.

        Raises QueryAborted, Unavailable.
        """
        start_ms, end_ms = first * DAY_MS, last * DAY_MS
        now_ms = self.clock.now_ms()
        spans = [
            (stretch.from_ms, now_ms if stretch.to_ms is None else stretch.to_ms)
            for life in await self.inventory.nodes.existed(EVERYTHING, start_ms, end_ms)
            for stretch in life.stretches
        ]
        for begun, ended in await self.inventory.runs.spans(start_ms, end_ms):
            spans.append((begun, now_ms if ended is None else max(ended, begun + 1)))
        spans += [span for one in await self.billed(start_ms, end_ms) for span in one.spans]
        spans += await self._reported(start_ms, end_ms)
        days = {(max(begun // DAY_MS, first), min(-(-ended // DAY_MS), last)) for begun, ended in spans}
        return {day for begun, ended in days for day in range(begun, ended)}

    async def _reported(self, start_ms: int, end_ms: int) -> list[tuple[int, int]]:
        """The time from the first report of any GPU until the last is so old that nothing is known any more."""
        finder = Finder(self.registry, EVERYTHING, start_ms - SILENT_MS)
        found = [one.series for _, metrics in ACTIVITY for one in finder.all(metrics)]
        if not found:
            return []
        known = min((one.first_seen_ms for one in found if one.first_seen_ms), default=end_ms)
        begun = await self._first_day([one.id for one in found], start_ms, min(end_ms, known, self.clock.now_ms()))
        return [(min(begun, known), max(one.last_seen_ms for one in found) + SILENT_MS)]

    async def _first_day(self, series: Sequence[int], start_ms: int, end_ms: int) -> int:
        """The first day of `[start, end)` on which any series reported, else the end.

        What was sent late is from before it was first seen. A few series are asked of the whole range, and then all of
        what is before these: mostly nothing, which is read quickly.
        """
        for some in (series[:: len(series) // _A_FEW + 1], series):
            if start_ms < end_ms:
                request = StatRequest(tuple(some), _COUNT, DAY_MS // 1000)
                [answer] = await self.reader.statistics(EVERYTHING, [request], start_ms, end_ms)
                end_ms = min([int(at) for at in answer.times[answer.values > 0]], default=end_ms)
        return end_ms

    async def telemetry(self, start_ms: int, end_ms: int, hosts: frozenset[str] | None = None) -> TelemetryDay | None:
        """What telemetry alone says, of some hosts or of all; None where no GPU reports."""
        if start_ms >= end_ms:
            return None
        grid = Grid.over(start_ms, end_ms, self.step_s)
        registry = self.registry if hosts is None else _OfHosts(self.registry, hosts)
        finder = Finder(registry, EVERYTHING, grid.start_ms)
        pods = pods_of(one.series for one in finder.named(POD_LABELS))
        return await gather(self.reader, finder, Owners("team", pods=pods), grid)

    async def billed(self, start_ms: int, end_ms: int, named: Mapping[str, float] | None = None) -> list[BilledMachine]:
        """The machines that bills name, and the hours that they bill: of types with accelerators, and of `named`, which
        schedulers and runs know (with their GPUs, 0 where nobody says), whatever the bill says of them.

        Without a word these are looked up. Raises QueryAborted, Unavailable.
        """
        if self.bills is None:
            return []
        if named is None:
            runs = await self.inventory.runs.nodes(start_ms, end_ms)
            named = _named(runs, await self.inventory.nodes.first_told())
        types = accelerated(self.inventory.catalog)
        if not (types or named):
            return []
        found = await _of_lines(self.bills, start_ms // DAY_MS * DAY_MS, -(-end_ms // DAY_MS) * DAY_MS, types, named)
        return found + await self._carried_on(self.bills, start_ms, end_ms, named)

    async def _carried_on(
        self, bills: CostReader, start_ms: int, end_ms: int, named: Mapping[str, float]
    ) -> list[BilledMachine]:
        """The machines that schedulers know which ran in the last hour that bills have, for the days that these do not
        have yet: between the bill's last word and its scheduler's first a machine was there, and costs on by the live
        estimate."""
        extent, now_ms = await bills.extent(), self.clock.now_ms()
        told = {name: gpus for name, gpus in named.items() if gpus}
        if extent is None or end_ms <= extent[1] - DAY_MS or not told:
            return []
        closed_ms = await bills.closed_until(now_ms)
        first, last = max(start_ms, closed_ms or 0), min(end_ms, now_ms)
        if closed_ms is None or first >= last:
            return []
        days = range(first // DAY_MS * DAY_MS, last, DAY_MS)
        spans = tuple((max(day_ms, first), min(day_ms + DAY_MS, last)) for day_ms in days)
        ran = await _of_lines(bills, closed_ms - DAY_MS, closed_ms, {}, told)
        return [replace(one, spans=spans) for one in ran if one.spans and one.spans[-1][1] == closed_ms]

    async def _shares(
        self, runs: Sequence[Run], start_ms: int, end_ms: int
    ) -> dict[tuple[str, str], Mapping[str, float]]:
        if start_ms >= end_ms or not runs:
            return {}
        found = await sm_time.read(self.reader, self.registry, EVERYTHING, runs, start_ms, end_ms)
        names = {run.key: holder_name(run) for run in runs}
        return {(names[key], node): shares for (key, node), shares in found.items()}


class _OfHosts(Struct, frozen=True):
    """The series of some hosts."""

    registry: Registry
    hosts: frozenset[str]

    def find(self, scope: Scope, query: SeriesQuery) -> list[Series]:
        """Those that match and name one of the hosts; what names no host is about all of them."""
        return [
            one
            for one in self.registry.find(scope, query)
            if not (host := host_of(one)) or short_host(host) in self.hosts
        ]


def _touches(run: Run, only: frozenset[MachineKey]) -> bool:
    """Whether a run held anything of some nodes."""
    account, cluster = run.key.account, run.key.cluster
    return any(MachineKey(account, cluster, part.node) in only for part in parts_of_run(run))


def _called(said: Scheduled, only: frozenset[MachineKey] | None) -> frozenset[str] | None:
    """The names under which some machines report and are billed."""
    if only is None:
        return None
    ids = {stretch.instance_id for life in said.lives for stretch in life.stretches if stretch.instance_id}
    ids |= {one for key in only for one in said.first_told.get(key, FirstTold()).ids}
    return frozenset({*(key.name for key in only), *ids})


def is_sliced(node: Node) -> bool:
    """Whether a node offers its GPUs several times over, to take turns on."""
    return node.labels.get(_REPLICAS, "1") not in ("", "1")


def accelerated(catalog: Catalog) -> dict[str, int]:
    """Instance types with accelerators, and how many each has; a part of one counts as one."""
    return {name: ceil(one.accelerators) for name, one in catalog.types.items() if one.accelerators}


def _nodes_of(runs: Sequence[Run]) -> set[str]:
    return {part.node for run in runs for part in parts_of_run(run)} - {UNPLACED}


def _named(nodes: Iterable[str], told: Mapping[tuple[str, str, str], FirstTold]) -> dict[str, float]:
    """The names under which bills may know nodes of runs and schedulers, with the GPUs of each; 0 where nobody says."""
    found = dict.fromkeys(nodes, 0.0)
    for (_, _, name), one in told.items():
        found |= dict.fromkeys((name, *one.ids), one.gpus)
    return found


async def _of_lines(
    bills: CostReader, start_ms: int, end_ms: int, types: Mapping[str, int], named: Mapping[str, float]
) -> list[BilledMachine]:
    """The machines of types, or of names, by the lines of whole days."""
    units = await bills.values(EVERYTHING, start_ms, end_ms, Dimension.USAGE_UNIT)
    timed = tuple(sorted({one.value for one in units if is_time(one.value)}))
    if not timed:
        return []
    where = And((Where(Dimension.USAGE_UNIT, timed), Where(Dimension.RECORD_TYPE, (*USE, ""))))
    return billed_machines(await bills.machine_time(start_ms, end_ms, where, types, named), types, named)


def billed_machines(
    rows: Sequence[MachineTime], types: Mapping[str, int], named: Mapping[str, float]
) -> list[BilledMachine]:
    """Machines by the hours on their lines; of a day whose hours no line tells apart, from its beginning.

    Of several kinds of use of a machine the one that lasts longest counts: a licence is billed for the same hours.
    """
    machines: dict[tuple[str, str, str, str], dict[int, Floats]] = defaultdict(dict)
    called: dict[str, str] = {}
    for row in rows:
        measure, length = measure_of(row.unit)
        if measure is Measure.OTHER or length is None:
            continue
        last = row.resource.rpartition("/")[2]
        gpus = types.get(row.instance_type) or named.get(last) or named.get(row.called) or 1
        each = float(length) / (gpus if measure is Measure.GPU else 1)
        hours = _from_midnight(row.quantity * each) if row.hours is None else np.clip(row.hours * each, 0.0, 1.0)
        days = machines[row.resource, row.account, row.region, row.instance_type]
        before = days.get(row.day)
        days[row.day] = hours if before is None or hours.sum() > before.sum() else before
        called[row.resource] = called.get(row.resource) or row.called
    return [
        BilledMachine(resource, account, region, type_, types.get(type_, 0), tuple(_spans(days)), called[resource])
        for (resource, account, region, type_), days in sorted(machines.items())
    ]


def _from_midnight(hours: float) -> Floats:
    return np.clip(hours - np.arange(24.0), 0.0, 1.0)


def _spans(days: Mapping[int, Floats]) -> Iterator[tuple[int, int]]:
    """The times of the hours of days, joined within each day where they follow each other; of a part of an hour its
    beginning."""
    for day, hours in sorted(days.items()):
        begun = ended = 0
        for hour in np.flatnonzero(hours > 0).tolist():
            start = day * DAY_MS + hour * HOUR_MS
            if start != ended:
                if ended:
                    yield begun, ended
                begun = start
            ended = start + min(round(float(hours[hour]) * HOUR_MS), HOUR_MS)
        if ended:
            yield begun, ended
