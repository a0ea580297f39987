"""CloudWatch Logs as the gateway serves it: every operation, bound to the rooms."""

from trimtab.doors.aws.logs import (
    destinations,
    filters,
    groups,
    live_tail,
    protection,
    put_events,
    queries,
    query_definitions,
    read_events,
    streams,
    subscriptions,
    tags,
)
from trimtab.doors.aws.logs.rooms import LogRooms, operations
from trimtab.doors.aws.service import Service

OPERATION_FILES = (
    groups,
    streams,
    put_events,
    read_events,
    tags,
    queries,
    query_definitions,
    filters,
    live_tail,
    protection,
    subscriptions,
    destinations,
)
"""Importing a file adds its operations; naming the files here keeps the list in one place."""


def build(rooms: LogRooms) -> Service:
    """The service over `rooms`."""
    return operations.bind(rooms)
