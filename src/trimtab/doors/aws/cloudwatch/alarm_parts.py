"""What the operations on alarms share."""

from trimtab.alarms.room import AlarmRoom
from trimtab.alarms.store import AlarmStore
from trimtab.base.errors import InvalidInput
from trimtab.base.paging import decode_token
from trimtab.doors.aws.cloudwatch.rooms import CloudWatchRooms
from trimtab.doors.aws.faults import AwsError


def room_of(rooms: CloudWatchRooms) -> AlarmRoom:
    """The room of alarms. Raises AwsError where a server has none."""
    if rooms.alarms is None:
        raise AwsError("ServiceUnavailable", "cannot serve alarms: this server was built without them")
    return rooms.alarms


def alarms_of(rooms: CloudWatchRooms) -> AlarmStore:
    """Every alarm."""
    return room_of(rooms).store


def position(token: str | None) -> str:
    """The last name of the page before; "" without one. Raises AwsError (InvalidNextToken)."""
    if not token:
        return ""
    try:
        found = decode_token(token)
    except InvalidInput:
        found = None
    if not isinstance(found, str):
        raise AwsError("InvalidNextToken", "The value for parameter NextToken is invalid.")
    return found
