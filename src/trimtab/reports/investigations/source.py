"""The contract of a source of a time line: a file in `sources/` that reads one room."""

from collections.abc import Awaitable, Callable, Sequence

from msgspec import Struct

from trimtab.access.principal import Principal
from trimtab.alarms.room import AlarmRoom
from trimtab.anomalies.log_patterns import LogPatternAnomalies
from trimtab.anomalies.room import AnomalyRoom
from trimtab.audit.room import AuditRoom
from trimtab.base.clock import Clock
from trimtab.bottlenecks.room import BottlenecksRoom
from trimtab.costs.anomalies.found import FoundStore
from trimtab.costs.read import CostReader
from trimtab.fleet.health.room import HealthReader
from trimtab.inventory.runs.store import RunStore
from trimtab.reports.investigations.model import Entry, Inquiry, Kind
from trimtab.scaling.engine.activities import ActivityStore
from trimtab.scaling.engine.store import TargetStore


class Readers(Struct, frozen=True):
    """The rooms that know what happened: the same that pages and the API ask."""

    audit: AuditRoom
    targets: TargetStore
    activities: ActivityStore
    alarms: AlarmRoom
    anomalies: AnomalyRoom
    patterns: LogPatternAnomalies
    bottlenecks: BottlenecksRoom
    runs: RunStore
    health: HealthReader
    costs: CostReader
    cost_anomalies: FoundStore
    clock: Clock


Read = Callable[[Readers, Principal, Inquiry], Awaitable[Sequence[Entry] | None]]
"""The entries of an inquiry; None where the source has nothing at all, of no time. Raises QueryAborted, Unavailable."""


class EntrySource(Struct, frozen=True):
    """`name` is what it is, `connect` the page that connects it. `bound`: callers who are bound to tags may read it."""

    name: str
    kinds: tuple[Kind, ...]
    read: Read
    connect: str
    bound: bool = True
