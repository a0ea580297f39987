"""Synthetics as the gateway serves it: every operation, bound to the rooms."""

from trimtab.doors.aws.service import Service
from trimtab.doors.aws.synthetics import canaries
from trimtab.doors.aws.synthetics.rooms import SyntheticsRooms, operations

OPERATION_FILES = (canaries,)
"""Importing a file adds its operations; naming the files here keeps the list in one place."""


def build(rooms: SyntheticsRooms) -> Service:
    """The service over the rooms."""
    return operations.bind(rooms)
