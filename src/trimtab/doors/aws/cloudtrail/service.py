"""CloudTrail and CloudTrail Data as the gateway serves them: every operation, bound to the rooms."""

from trimtab.doors.aws.cloudtrail import lookup, put_audit_events
from trimtab.doors.aws.cloudtrail.rooms import CloudTrailRooms, data_operations, operations
from trimtab.doors.aws.service import Service

OPERATION_FILES = (lookup, put_audit_events)
"""Importing a file adds its operations; naming the files here keeps the list in one place."""


def build(rooms: CloudTrailRooms) -> tuple[Service, Service]:
    """The two services over `rooms`."""
    return operations.bind(rooms), data_operations.bind(rooms)
