"""QuickSight's resources over datasets and analyses, and the tables elsewhere that its data sources name."""

from trimtab.cloud.buckets import Buckets, read_buckets
from trimtab.cloud.s3_folders import S3Folders
from trimtab.doors.aws.quicksight import service
from trimtab.doors.aws.quicksight.rooms import QuickSightRooms
from trimtab.doors.aws.service import Service
from trimtab.reports.analyses.room import AnalysisRoom
from trimtab.reports.datasets.room import DatasetRoom
from trimtab.reports.quicksight.allowed import read_allowed
from trimtab.reports.quicksight.credentials import Credentials
from trimtab.reports.quicksight.files import Files
from trimtab.reports.quicksight.ingestions import Ingestions
from trimtab.reports.quicksight.outside import OutsideReader
from trimtab.reports.quicksight.people import People
from trimtab.reports.quicksight.room import QuickSightRoom
from trimtab.reports.quicksight.snapshots import Snapshots
from trimtab.reports.quicksight.store import ResourceStore
from trimtab.settings import public_url
from trimtab.wiring.rooms import Rooms


def outside_of(rooms: Rooms) -> OutsideReader:
    """What reads tables elsewhere, where the settings allow it."""
    own, state = rooms.settings, rooms.stores.state
    files = Files(Buckets(read_buckets(own.batch_buckets), S3Folders()), read_allowed(own.quicksight_sources))
    return OutsideReader(ResourceStore(state, rooms.clock), Credentials(state), files, public_url(own))


def ingestions_of(rooms: Rooms, outside: OutsideReader, datasets: DatasetRoom, analyses: AnalysisRoom) -> Ingestions:
    """Ingestions, with the room that they are of."""
    own_url = public_url(rooms.settings)
    room = QuickSightRoom(
        outside.store, datasets, analyses, rooms.clock, outside, own_url, auth_required=rooms.auth_required
    )
    return Ingestions(room)


def quicksight_of(rooms: Rooms, ingestions: Ingestions, snapshots: Snapshots) -> Service:
    """The service, over the rooms."""
    room = ingestions.room
    people = People(room.store, rooms.keys, room.datasets.teams)
    return service.build(QuickSightRooms(room, ingestions, people, snapshots))
