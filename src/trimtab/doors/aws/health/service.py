"""AWS Health as the gateway serves it: every operation, bound to the rooms."""

from trimtab.doors.aws.health import events
from trimtab.doors.aws.health.rooms import HealthRooms, operations
from trimtab.doors.aws.service import Service

OPERATION_FILES = (events,)
"""Importing a file adds its operations; naming the files here keeps the list in one place."""


def build(rooms: HealthRooms) -> Service:
    """The service over the rooms."""
    return operations.bind(rooms)
