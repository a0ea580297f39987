"""CloudWatch Logs as the gateway serves it: every operation, bound to the rooms."""

from trimtab.doors.aws.logs import (
    account_policies,
    anomaly_detectors,
    deliveries,
    exports,
    field_indexes,
    groups,
    lookup_tables,
    protection,
    put_events,
    queries,
    read_events,
    scheduled_queries,
    subscriptions,
    tags,
    transformers,
)
from trimtab.doors.aws.logs.rooms import LogRooms, operations
from trimtab.doors.aws.service import Service

OPERATION_FILES = (
    groups,
    put_events,
    read_events,
    tags,
    queries,
    subscriptions,
    protection,
    account_policies,
    scheduled_queries,
    exports,
    lookup_tables,
    anomaly_detectors,
    deliveries,
    transformers,
    field_indexes,
)
"""Importing a file adds its operations; naming the files here keeps the list in one place."""


def build(rooms: LogRooms) -> Service:
    """The service over `rooms`."""
    return operations.bind(rooms)
