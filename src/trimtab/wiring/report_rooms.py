"""What stands above all rooms, made once: reports in words, datasets over the rooms, analyses over datasets."""

from msgspec import Struct

from trimtab.anomalies.log_patterns import LogPatternAnomalies
from trimtab.cloud.s3_writing import put_object
from trimtab.doors.rest.analyses import Analysing
from trimtab.doors.rest.reports import Reporting
from trimtab.jobs.periodic import Job
from trimtab.kpis.runs.watch import HangWatch
from trimtab.notify.mailing import mail_channels
from trimtab.reports.datasets.room import DatasetRoom
from trimtab.reports.investigations.room import InvestigationRoom
from trimtab.reports.investigations.source import Readers
from trimtab.reports.quicksight.ingestions import Ingestions
from trimtab.reports.quicksight.snapshots import Snapshots
from trimtab.reports.written.facts import Facts
from trimtab.reports.written.room import WrittenReports
from trimtab.settings import public_url
from trimtab.wiring.analysis_rooms import analysing_of, datasets_of
from trimtab.wiring.quicksight import ingestions_of, outside_of
from trimtab.wiring.rooms import Rooms


class ReportRooms(Struct, frozen=True):
    """The rooms; doors, pages and jobs are given the same ones, and share what these remember."""

    reporting: Reporting
    datasets: DatasetRoom
    analysing: Analysing
    snapshots: Snapshots
    ingestions: Ingestions
    hangs: HangWatch
    investigating: InvestigationRoom

    def jobs(self) -> list[Job]:
        """What they do by themselves."""
        own = [*self.reporting.room.jobs(), *self.analysing.watching.jobs(), *self.datasets.jobs()]
        return [*own, *self.ingestions.jobs(), *self.hangs.jobs()]


def report_rooms(rooms: Rooms) -> ReportRooms:
    """The rooms over all others."""
    outside = outside_of(rooms)
    datasets = datasets_of(rooms, outside.rows)
    analysing = analysing_of(rooms, datasets)
    snapshots = Snapshots(analysing.room, rooms.settings.data_dir / "snapshots", rooms.clock, put_object)
    hangs = HangWatch.of(rooms.run_reports, rooms.stores.state, rooms.clock)
    return ReportRooms(
        Reporting(_written(rooms), rooms.settings.account_id),
        datasets,
        analysing,
        snapshots,
        ingestions_of(rooms, outside, datasets, analysing.room),
        hangs,
        _investigating(rooms),
    )


def _written(rooms: Rooms) -> WrittenReports:
    """Reports in words; what reads is shared with every other room."""
    facts = Facts(
        costs=rooms.costs,
        economics=rooms.economics,
        reader=rooms.reader,
        registry=rooms.registry,
        runs=rooms.run_reports,
        alarms=rooms.alarms,
        anomalies=rooms.cost_anomalies.found,
        advice=rooms.advice.findings,
        sources=rooms.ledger,
        clock=rooms.clock,
        account=rooms.settings.account_id,
    )
    own = rooms.settings
    mail = mail_channels(rooms.notify.channels, own.region)
    return WrittenReports.of(rooms.stores.state, facts, mail, own.data_dir, public_url(own))


def _investigating(rooms: Rooms) -> InvestigationRoom:
    """Time lines; the readers are those of every other room."""
    engine = rooms.scaling.room
    readers = Readers(
        audit=rooms.audit,
        targets=engine.targets,
        activities=engine.activities,
        alarms=rooms.alarms,
        anomalies=rooms.anomalies,
        patterns=log_pattern_anomalies(rooms),
        bottlenecks=rooms.bottlenecks,
        runs=rooms.inventory.runs,
        health=rooms.gpu_health,
        costs=rooms.costs.reader,
        cost_anomalies=rooms.cost_anomalies.found,
        clock=rooms.clock,
    )
    own = rooms.settings
    return InvestigationRoom.of(rooms.stores.state, readers, own.account_id, public_url(own))


def log_pattern_anomalies(rooms: Rooms) -> LogPatternAnomalies:
    """What is unusual about log patterns, over the rooms of logs and of anomalies."""
    logs, found = rooms.logs, rooms.anomalies.found
    return LogPatternAnomalies(rooms.log_anomalies.store, logs.groups, logs.reader, rooms.registry, found)
