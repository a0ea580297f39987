"""`FactsReader`: reads what schedulers, telemetry and bills say of a range, for `assemble`."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from decimal import Decimal
from math import ceil

from msgspec import Struct

from trimtab.access.scope import EVERYTHING, Scope
from trimtab.base.clock import Clock
from trimtab.base.measures import Measure, measure_of
from trimtab.base.records import replace
from trimtab.costs.model import CostQuery, CostRow, Dimension, Granularity, Metric, Where
from trimtab.costs.read import CostReader
from trimtab.fleet.assemble import SILENT_MS
from trimtab.fleet.claims import holder_name, parts_of_run
from trimtab.fleet.known import BilledMachine, Known
from trimtab.fleet.model import DAY_MS, HOUR_MS, MachineKey
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
from trimtab.inventory.runs.model import Node, NodeLife, Run
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
_USAGE = ("Usage", "DiscountedUsage", "SavingsPlanCoveredUsage", "")
"""Kinds of lines whose quantity is time that a machine ran: those of fees and of negations repeat it."""
SmTime = Callable[[Sequence[Run], int, int], Awaitable[Mapping[tuple[object, str], Mapping[str, float]]]]


class Scheduled(Struct, frozen=True):
    """What schedulers say of a range. `sliced`: nodes whose GPUs are offered several times over."""

    lives: Sequence[NodeLife]
    runs: Sequence[Run]
    sliced: frozenset[tuple[str, str, str]]
    began: Mapping[tuple[str, str], int]
    instances: Mapping[tuple[str, str, str], Sequence[str]]

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
            [one for one in await self.billed(start_ms, end_ms) if called is None or one.name in called],
            said.sliced,
            await self._shares(said.runs, start_ms, min(end_ms, now_ms)),
            said.began,
            said.instances,
        )

    async def scheduled(self, start_ms: int, end_ms: int) -> Scheduled:
        """What schedulers say of `[start, end)`."""
        runs = await self.inventory.runs.listed(EVERYTHING, RunFilter(start_ms, end_ms), _MOST_RUNS)
        return Scheduled(
            await self.inventory.nodes.existed(EVERYTHING, start_ms, end_ms),
            [run for run in runs if run.start_ms is not None and run.gpus > 0],
            sliced=frozenset(
                (one.account, one.cluster, one.name)
                for one in await self.inventory.nodes.all(EVERYTHING)
                if is_sliced(one)
            ),
            began=await self.inventory.nodes.began(),
            instances=await self.inventory.nodes.instances(),
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

    async def billed(self, start_ms: int, end_ms: int) -> list[BilledMachine]:
        """The machines with accelerators that bills name, and the hours that they bill."""
        types = accelerated(self.inventory.catalog)
        if self.bills is None or not types:
            return []
        query = CostQuery(
            start_ms // DAY_MS * DAY_MS,
            -(-end_ms // DAY_MS) * DAY_MS,
            (Metric.USAGE,),
            Granularity.DAILY,
            (
                Dimension.RESOURCE_ID,
                Dimension.INSTANCE_TYPE,
                Dimension.LINKED_ACCOUNT,
                Dimension.REGION,
                Dimension.USAGE_UNIT,
                Dimension.RECORD_TYPE,
            ),
            Where(Dimension.INSTANCE_TYPE, tuple(sorted(types))),
        )
        return billed_machines(await self.bills.costs(EVERYTHING, query), types)

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
    ids |= {one for key in only for one in said.instances.get(key, ())}
    return frozenset({*(key.name for key in only), *ids})


def is_sliced(node: Node) -> bool:
    """Whether a node offers its GPUs several times over, to take turns on."""
    return node.labels.get(_REPLICAS, "1") not in ("", "1")


def accelerated(catalog: Catalog) -> dict[str, int]:
    """Instance types with accelerators, and how many each has; a part of one counts as one."""
    return {name: ceil(one.accelerators) for name, one in catalog.types.items() if one.accelerators}


def billed_machines(rows: Sequence[CostRow], types: Mapping[str, int]) -> list[BilledMachine]:
    """Machines by the hours on their lines. Hours of a day are taken from its beginning: a bill says no more."""
    hours: dict[tuple[str, str, str, str], dict[int, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for row in rows:
        resource, type_, account, region, unit, record = row.keys
        measure, length = measure_of(unit)
        if not resource or measure is Measure.OTHER or length is None or record not in _USAGE:
            continue
        gpus = types[type_] if measure is Measure.GPU else 1
        hours[resource, account, region, type_][row.start_ms] += row.amounts[0] * length / gpus
    return [
        BilledMachine(
            resource,
            account,
            region,
            type_,
            types[type_],
            tuple((day, day + min(int(time * HOUR_MS), DAY_MS)) for day, time in sorted(days.items()) if time > 0),
        )
        for (resource, account, region, type_), days in sorted(hours.items())
    ]
