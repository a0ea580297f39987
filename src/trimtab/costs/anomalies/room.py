"""The part of the room as doors, pages and jobs are given it."""

from collections.abc import Awaitable, Callable, Sequence

from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.base.clock import Clock
from trimtab.costs.anomalies.around import Around, Happening, Place
from trimtab.costs.anomalies.causes import Causes, narrowed
from trimtab.costs.anomalies.form import ReadFilter, where_of
from trimtab.costs.anomalies.found import FoundStore
from trimtab.costs.anomalies.judging import DayOf, Judging
from trimtab.costs.anomalies.model import METRIC, Anomaly, Finding, Monitor
from trimtab.costs.anomalies.monitors import MonitorStore
from trimtab.costs.anomalies.rounds import Rounds
from trimtab.costs.anomalies.subscriptions import SubscriptionStore
from trimtab.costs.anomalies.telling import Mail
from trimtab.costs.cells import CellQuery, CellReader
from trimtab.costs.model import And, Dimension, Filter, Granularity, Where
from trimtab.costs.read import CostReader
from trimtab.costs.read_sql import DAY_MS
from trimtab.jobs.lock import LEASE_MS, Lock
from trimtab.jobs.periodic import Job
from trimtab.store.state.database import State

_LOOK_S = 10.0  # asks what is due; most often nothing is
_BEFORE_DAYS, _AFTER_DAYS = 35, 7
_RESOURCES = 20


class Means(Struct, frozen=True):
    """What the room needs of others: the bill, the mail, how filters are read, and what happened around."""

    reader: CostReader
    cells: CellReader
    generation: Callable[[], Awaitable[int]]
    mail: Mail
    read: ReadFilter
    around: Around
    home: str


class CostAnomalies(Struct, frozen=True):
    """Everything that may be asked of cost anomalies."""

    clock: Clock
    monitors: MonitorStore
    subscriptions: SubscriptionStore
    found: FoundStore
    judging: Judging
    rounds: Rounds
    lock: Lock
    means: Means

    @classmethod
    def of(cls, state: State, clock: Clock, means: Means) -> "CostAnomalies":
        """The room over a state database and the bill."""
        monitors = MonitorStore(state, clock, means.read, means.home)
        subscriptions, found = SubscriptionStore(state, clock), FoundStore(state, clock)
        judging = Judging(means.reader, means.read, clock, Causes(means.reader))
        rounds = Rounds(state, clock, judging, monitors, subscriptions, means.generation, means.mail)
        lock = Lock(state, clock, "cost anomalies")
        return cls(clock, monitors, subscriptions, found, judging, rounds, lock, means)

    def jobs(self) -> list[Job]:
        """What the room does by itself; of several servers that share a state the one with the lock does it."""

        async def judge() -> None:
            if self.lock.held:
                await self.rounds.turn()

        return [
            Job("hold the lock of the cost anomalies", LEASE_MS / 3000, self.lock.renew),
            Job("judge the bill for anomalies", _LOOK_S, judge),
        ]

    async def days(self, scope: Scope, anomaly: Anomaly) -> list[DayOf]:
        """The days around an anomaly: five weeks before it, and a week after. Raises NotFound, Unavailable."""
        monitor = await self.monitors.get(scope, anomaly.monitor)
        found = anomaly.finding
        span = found.start_ms - _BEFORE_DAYS * DAY_MS, found.end_ms + _AFTER_DAYS * DAY_MS
        return await self.judging.days(monitor, found, *span)

    async def resources(self, scope: Scope, anomaly: Anomaly) -> list[str]:
        """The resources that cost most in an anomaly's first cause, by their ids. Raises NotFound, Unavailable."""
        monitor = await self.monitors.get(scope, anomaly.monitor)
        found = anomaly.finding
        if found.origin.resource:
            return [found.origin.resource]
        if not found.causes:
            return []
        query = CellQuery(
            (METRIC,),
            (Dimension.RESOURCE_ID,),
            start_ms=found.start_ms,
            end_ms=found.end_ms,
            granularity=Granularity.MONTHLY,
            where=_of_cause(monitor, found, self.means.read),
            top=_RESOURCES,
        )
        cells = await self.means.cells.cells(monitor.scope, query)
        return list(dict.fromkeys(cell.dimensions[0] for cell in cells if cell.dimensions[0]))

    async def around(self, scope: Scope, anomaly: Anomaly) -> Sequence[Happening]:
        """What happened when it began, to what cost more, the most telling first. Raises NotFound, Unavailable."""
        found = anomaly.finding
        place = Place(
            found.start_ms,
            found.end_ms,
            tuple(await self.resources(scope, anomaly)),
            tuple(dict.fromkeys(one.service for one in found.causes if one.service)),
            tuple(dict.fromkeys(one.account for one in found.causes if one.account)),
        )
        return await self.means.around(scope, place)


def _of_cause(monitor: Monitor, found: Finding, read: ReadFilter) -> Filter:
    """The lines of the part that rose most. Tags that rules derive are left to its other dimensions."""
    cause = found.causes[0]
    where = where_of(monitor, read)
    if monitor.facet is not None and not isinstance(monitor.facet, Dimension):
        only: tuple[Filter, ...] = (Where(Dimension.CURRENCY, (found.currency,)),)
    else:
        only = (narrowed(where, monitor.facet, found),)
    parts = (
        Where(Dimension.SERVICE, (cause.service,)),
        Where(Dimension.LINKED_ACCOUNT, (cause.account,)),
        Where(Dimension.REGION, (cause.region,)),
        Where(Dimension.USAGE_TYPE, (cause.usage_type,)),
    )
    return And((*only, *parts))
