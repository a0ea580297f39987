"""Data Exports and Cost and Usage Reports as the gateway serves them, bound to the exports of bills."""

from trimtab.costs.delivery.room import BillExports
from trimtab.doors.aws.data_exports import exports, reports
from trimtab.doors.aws.data_exports.rooms import ExportRooms
from trimtab.doors.aws.service import Service


def build(room: BillExports) -> tuple[Service, ...]:
    """The two services over the room."""
    rooms = ExportRooms(room)
    return tuple(one.operations.bind(rooms) for one in (exports, reports))
