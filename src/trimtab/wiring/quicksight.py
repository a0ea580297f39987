"""QuickSight's resources over datasets and analyses. Wired by `app.py`."""

from trimtab.cloud.s3_writing import put_object
from trimtab.doors.aws.quicksight import service
from trimtab.doors.aws.quicksight.rooms import QuickSightRooms
from trimtab.doors.aws.service import Service
from trimtab.reports.analyses.room import AnalysisRoom
from trimtab.reports.quicksight.people import People
from trimtab.reports.quicksight.room import QuickSightRoom
from trimtab.reports.quicksight.snapshots import Snapshots
from trimtab.reports.quicksight.store import ResourceStore
from trimtab.settings import public_url
from trimtab.wiring.analysis_rooms import analysing_of, datasets_of
from trimtab.wiring.rooms import Rooms


def snapshots_of(rooms: Rooms, analyses: AnalysisRoom) -> Snapshots:
    """The files of dashboards' snapshots."""
    return Snapshots(analyses, rooms.settings.data_dir / "snapshots", rooms.clock, put_object)


def quicksight_of(rooms: Rooms) -> Service:
    """The service, over the rooms."""
    datasets = datasets_of(rooms)
    analyses = analysing_of(rooms, datasets).room
    store = ResourceStore(rooms.stores.state, rooms.clock)
    room = QuickSightRoom(
        store, datasets, analyses, rooms.clock, public_url(rooms.settings), auth_required=rooms.auth_required
    )
    people = People(store, rooms.keys, datasets.teams)
    return service.build(QuickSightRooms(room, people, snapshots_of(rooms, analyses)))
