"""CloudTrail and CloudTrail Data as the gateway serves them: every operation, bound to the rooms."""

from trimtab.doors.aws.cloudtrail import (
    event_data_stores,
    lookup,
    public_keys,
    put_audit_events,
    queries,
    selectors,
    tags,
    trails,
)
from trimtab.doors.aws.cloudtrail.rooms import CloudTrailRooms, data_operations, operations
from trimtab.doors.aws.service import Service

OPERATION_FILES = (lookup, trails, selectors, tags, public_keys, event_data_stores, queries, put_audit_events)
"""Importing a file adds its operations; naming the files here keeps the list in one place."""


def build(rooms: CloudTrailRooms) -> tuple[Service, Service]:
    """The two services over `rooms`."""
    return operations.bind(rooms), data_operations.bind(rooms)
