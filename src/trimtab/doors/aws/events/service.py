"""EventBridge as the gateway serves it: every operation, bound to the room."""

from trimtab.doors.aws.events import archives, connections, rules
from trimtab.doors.aws.events.rooms import EventRooms, operations
from trimtab.doors.aws.service import Service
from trimtab.triggers.room import TriggersRoom

OPERATION_FILES = (rules, archives, connections)
"""Importing a file adds its operations; naming the files here keeps the list in one place."""


def build(room: TriggersRoom) -> Service:
    """The service over the room."""
    return operations.bind(EventRooms(room))
