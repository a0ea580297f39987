"""Datasets over the rooms, and analyses over datasets. Wired by `report_rooms.py`."""

from trimtab.doors.rest.analyses import Analysing
from trimtab.jobs.lock import Lock
from trimtab.reports.analyses.room import AnalysisRoom
from trimtab.reports.analyses.watches import WatchStore
from trimtab.reports.analyses.watching import Watching
from trimtab.reports.datasets.outside import ReadOutside
from trimtab.reports.datasets.reading import DatasetReader
from trimtab.reports.datasets.room import DatasetRoom
from trimtab.reports.datasets.sources import every
from trimtab.timeseries.forecast.forecaster import Forecaster
from trimtab.wiring.rooms import Rooms


def datasets_of(rooms: Rooms, outside: ReadOutside) -> DatasetRoom:
    """The room of datasets, over every source, and over tables elsewhere."""
    runs = rooms.run_reports
    sources = every.every_source(
        every.Rooms(
            rooms.stores.telemetry,
            rooms.clock,
            rooms.economics,
            rooms.units,
            runs,
            rooms.alarms,
            rooms.logs,
            rooms.advice.findings,
            rooms.advice.ledger.store,
            rooms.inventory.resources,
            rooms.costs.reader,
            rooms.progress,
            rooms.tokens,
        )
    )
    reader = DatasetReader(rooms.stores.telemetry, sources, rooms.clock, outside)
    found = DatasetRoom.of(rooms.stores.state, reader, rooms.clock, rooms.settings.account_id)
    rooms.forget.append(found.forget)
    return found


def analysing_of(rooms: Rooms, datasets: DatasetRoom) -> Analysing:
    """Analyses with their alarms, as doors and pages are given them."""
    room = AnalysisRoom.of(rooms.stores.state, datasets, Forecaster(), rooms.clock)
    watching = Watching(
        room,
        WatchStore(rooms.stores.state, rooms.clock),
        rooms.alarms.store,
        rooms.ingest,
        rooms.registry,
        Lock(rooms.stores.state, rooms.clock, "watched visuals"),
        rooms.clock,
        rooms.settings.region,
    )
    return Analysing(room, watching, rooms.clock)
