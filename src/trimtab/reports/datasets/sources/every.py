"""Every source over the rooms. A new source is one file here and one line below."""

from collections.abc import Mapping

from msgspec import Struct

from trimtab.advice.ledger.store import LedgerStore
from trimtab.advice.store import FindingStore
from trimtab.alarms.room import AlarmRoom
from trimtab.base.clock import Clock
from trimtab.costs.read import CostReader
from trimtab.economics.room import EconomicsRoom
from trimtab.economics.tokens.room import TokensRoom
from trimtab.economics.unit.room import UnitCosts
from trimtab.inventory.resources import ResourceStore
from trimtab.kpis.runs.reader import RunReports
from trimtab.logs.room import LogsRoom
from trimtab.progress.room import ProgressRoom
from trimtab.reports.datasets.source import Source
from trimtab.reports.datasets.sources.advice import advice
from trimtab.reports.datasets.sources.alarm_history import alarm_history
from trimtab.reports.datasets.sources.allocated_costs import allocated_costs
from trimtab.reports.datasets.sources.audit import audit
from trimtab.reports.datasets.sources.commitments import commitments
from trimtab.reports.datasets.sources.costs import costs
from trimtab.reports.datasets.sources.gpu_costs import gpu_costs
from trimtab.reports.datasets.sources.gpu_hours import gpu_hours
from trimtab.reports.datasets.sources.kpis import kpis
from trimtab.reports.datasets.sources.logs import logs
from trimtab.reports.datasets.sources.metrics import metrics
from trimtab.reports.datasets.sources.resources import resources
from trimtab.reports.datasets.sources.run_phases import run_phases
from trimtab.reports.datasets.sources.runs import runs
from trimtab.reports.datasets.sources.savings import savings
from trimtab.reports.datasets.sources.spans import spans
from trimtab.reports.datasets.sources.tokens import tokens
from trimtab.reports.datasets.sources.unit_costs import unit_costs
from trimtab.store.telemetry.client import Telemetry


class Rooms(Struct, frozen=True):
    """What sources read."""

    telemetry: Telemetry
    clock: Clock
    economics: EconomicsRoom
    units: UnitCosts
    runs: RunReports
    alarms: AlarmRoom
    logs: LogsRoom
    findings: FindingStore
    savings: LedgerStore
    resources: ResourceStore
    bills: CostReader
    progress: ProgressRoom | None = None
    tokens: TokensRoom | None = None


def every_source(rooms: Rooms) -> Mapping[str, Source]:
    """The sources by name."""
    found = (
        costs(rooms.telemetry),
        commitments(rooms.bills),
        allocated_costs(rooms.economics),
        gpu_costs(rooms.units),
        unit_costs(rooms.units),
        *((tokens(rooms.tokens, rooms.clock),) if rooms.tokens else ()),
        gpu_hours(rooms.runs),
        kpis(rooms.runs),
        metrics(rooms.telemetry, rooms.clock),
        logs(rooms.logs),
        spans(),
        audit(),
        runs(rooms.runs, rooms.progress),
        run_phases(rooms.runs),
        resources(rooms.resources),
        alarm_history(rooms.alarms),
        advice(rooms.findings, rooms.clock),
        savings(rooms.savings),
    )
    return {one.name: one for one in found}
