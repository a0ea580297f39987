"""The Resource Groups Tagging API as the gateway serves it: every operation, bound to the inventory."""

from trimtab.doors.aws.service import Service
from trimtab.doors.aws.tagging import resources, summary
from trimtab.doors.aws.tagging.rooms import TaggingRooms, operations

OPERATION_FILES = (resources, summary)
"""Importing a file adds its operations; naming the files here keeps the list in one place."""


def build(rooms: TaggingRooms) -> Service:
    """The service over its rooms."""
    return operations.bind(rooms)
