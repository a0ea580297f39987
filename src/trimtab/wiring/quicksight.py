"""QuickSight's resources over datasets and analyses. Wired by `app.py`."""

from trimtab.doors.aws.quicksight import service
from trimtab.doors.aws.quicksight.rooms import QuickSightRooms
from trimtab.doors.aws.service import Service
from trimtab.reports.quicksight.people import People
from trimtab.reports.quicksight.room import QuickSightRoom
from trimtab.reports.quicksight.store import ResourceStore
from trimtab.settings import public_url
from trimtab.wiring.report_rooms import ReportRooms
from trimtab.wiring.rooms import Rooms


def quicksight_of(rooms: Rooms, reports: ReportRooms) -> Service:
    """The service, over the rooms."""
    datasets, analyses = reports.datasets, reports.analysing.room
    store = ResourceStore(rooms.stores.state, rooms.clock)
    room = QuickSightRoom(
        store, datasets, analyses, rooms.clock, public_url(rooms.settings), auth_required=rooms.auth_required
    )
    people = People(store, rooms.keys, datasets.teams)
    return service.build(QuickSightRooms(room, people, reports.snapshots))
