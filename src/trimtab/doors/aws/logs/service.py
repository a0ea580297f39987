"""CloudWatch Logs as the gateway serves it: every operation, bound to the rooms."""

from trimtab.doors.aws.logs import (
    anomaly_detectors,
    destinations,
    exports,
    filters,
    groups,
    live_tail,
    lookup_tables,
    protection,
    put_events,
    queries,
    query_definitions,
    read_events,
    resource_policies,
    scheduled_queries,
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
    scheduled_queries,
    exports,
    resource_policies,
    lookup_tables,
    anomaly_detectors,
)
"""Importing a file adds its operations; naming the files here keeps the list in one place."""


def build(rooms: LogRooms) -> Service:
    """The service over `rooms`."""
    return operations.bind(rooms)
