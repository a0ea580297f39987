"""What stands above all rooms, made once: reports in words, datasets over the rooms, analyses over datasets."""

from msgspec import Struct

from trimtab.cloud.s3_writing import put_object
from trimtab.doors.rest.analyses import Analysing
from trimtab.doors.rest.reports import Reporting
from trimtab.jobs.periodic import Job
from trimtab.kpis.runs.watch import HangWatch
from trimtab.notify.mailing import mail_channels
from trimtab.reports.datasets.room import DatasetRoom
from trimtab.reports.quicksight.snapshots import Snapshots
from trimtab.reports.written.facts import Facts
from trimtab.reports.written.room import WrittenReports
from trimtab.settings import public_url
from trimtab.wiring.analysis_rooms import analysing_of, datasets_of
from trimtab.wiring.rooms import Rooms


class ReportRooms(Struct, frozen=True):
    """The rooms; doors, pages and jobs are given the same ones, and share what these remember."""

    reporting: Reporting
    datasets: DatasetRoom
    analysing: Analysing
    snapshots: Snapshots
    hangs: HangWatch

    def jobs(self) -> list[Job]:
        """What they do by themselves."""
        own = [*self.reporting.room.jobs(), *self.analysing.watching.jobs(), *self.datasets.jobs()]
        return [*own, *self.hangs.jobs()]


def report_rooms(rooms: Rooms) -> ReportRooms:
    """The rooms over all others."""
    datasets = datasets_of(rooms)
    analysing = analysing_of(rooms, datasets)
    snapshots = Snapshots(analysing.room, rooms.settings.data_dir / "snapshots", rooms.clock, put_object)
    hangs = HangWatch.of(rooms.run_reports, rooms.stores.state, rooms.clock)
    return ReportRooms(Reporting(_written(rooms), rooms.settings.account_id), datasets, analysing, snapshots, hangs)


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
