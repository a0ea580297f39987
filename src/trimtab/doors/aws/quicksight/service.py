"""QuickSight as the gateway serves it: every operation, bound to the rooms."""

from trimtab.doors.aws.quicksight import analyses, data_sets, data_sources, ingestions, people, snapshots
from trimtab.doors.aws.quicksight.rooms import QuickSightRooms, operations
from trimtab.doors.aws.service import Service

OPERATION_FILES = (data_sources, data_sets, ingestions, analyses, people, snapshots)  # fmt: skip
"""Importing a file adds its operations; naming the files here keeps the list in one place."""


def build(rooms: QuickSightRooms) -> Service:
    """The service."""
    return operations.bind(rooms)
