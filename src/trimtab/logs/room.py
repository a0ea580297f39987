"""The logs room, put together."""

from msgspec import Struct

from trimtab.base.clock import Clock
from trimtab.egress.gate import Gate
from trimtab.logs.contributors.room import ContributorsRoom
from trimtab.logs.documents import LogDocuments
from trimtab.logs.explore import LogExplorer
from trimtab.logs.exports.tasks import ExportTasks
from trimtab.logs.filters.metric_filters import MetricFilters
from trimtab.logs.forwarding.room import ForwardingRoom
from trimtab.logs.groups import LogGroups
from trimtab.logs.ingest import LogIngest
from trimtab.logs.lookups.tables import LookupTables
from trimtab.logs.protection.mask import Masking
from trimtab.logs.protection.policies import DataPolicies
from trimtab.logs.read import LogReader
from trimtab.logs.resource_policies import ResourcePolicies
from trimtab.logs.schedules.store import ScheduledQueries
from trimtab.logs.tail.live import LiveTails
from trimtab.logs.transform.at_ingest import Transforming
from trimtab.logs.vended import VendedLogs
from trimtab.store.state.database import State
from trimtab.store.telemetry.client import Telemetry
from trimtab.store.telemetry.log import IngestLog


class LogsRoom(Struct, frozen=True):
    """Groups and streams, the writer and the reader of their events, and what is measured of them."""

    groups: LogGroups
    ingest: LogIngest
    reader: LogReader
    filters: MetricFilters
    explorer: LogExplorer
    clock: Clock
    policies: DataPolicies
    tails: LiveTails
    forwarding: ForwardingRoom
    schedules: ScheduledQueries
    exports: ExportTasks
    resource_policies: ResourcePolicies
    lookups: LookupTables
    contributors: ContributorsRoom
    vended: VendedLogs
    documents: LogDocuments

    def forget(self) -> None:
        """Read policies, documents and subscription filters anew with the next write: everything was wiped."""
        self.policies.changes += 1
        self.documents.changes += 1
        self.forwarding.filters.changes += 1

    @classmethod
    def of(cls, telemetry: Telemetry, state: State, log: IngestLog, clock: Clock, gate: Gate) -> "LogsRoom":
        """The room over open stores; `log` is that of log events, `gate` lets what it sends out."""
        groups = LogGroups(state, clock)
        reader = LogReader(telemetry, groups, log, clock)
        policies = DataPolicies(state, clock)
        ingest = LogIngest(log, groups, clock)
        ingest.protect = Masking(policies, clock)
        documents = LogDocuments(state, clock)
        ingest.transform = Transforming(documents, clock)
        tails = LiveTails(clock)
        ingest.taps.append(tails)
        return cls(
            groups,
            ingest,
            reader,
            MetricFilters(state, clock),
            LogExplorer(telemetry, groups, reader),
            clock,
            policies,
            tails,
            ForwardingRoom.of(state, groups, ingest, clock, gate),
            ScheduledQueries(state, clock, gate),
            ExportTasks(state, clock),
            ResourcePolicies(state, clock),
            LookupTables(telemetry, state, clock),
            ContributorsRoom.of(telemetry, state, groups, reader, clock),
            VendedLogs(state, clock),
            documents,
        )
