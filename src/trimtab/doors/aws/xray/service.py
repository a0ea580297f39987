"""X-Ray as the gateway serves it: every operation, bound to the rooms."""

from trimtab.doors.aws.service import Service
from trimtab.doors.aws.xray import graphs, groups, insights, sampling, summaries, traces
from trimtab.doors.aws.xray.rooms import XRayRooms, operations

OPERATION_FILES = (groups, sampling, summaries, traces, graphs, insights)
"""Importing a file adds its operations; naming the files here keeps the list in one place."""


def build(rooms: XRayRooms) -> Service:
    """The service over `rooms`."""
    return operations.bind(rooms)
