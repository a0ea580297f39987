"""CloudTrail and CloudTrail Data as the gateway serves them: every operation, bound to the rooms."""

from trimtab.doors.aws import cloudtrail_data
from trimtab.doors.aws.cloudtrail import event_data_stores, lookup, trails
from trimtab.doors.aws.cloudtrail.rooms import CloudTrailRooms, operations
from trimtab.doors.aws.service import Service

OPERATION_FILES = (lookup, trails, event_data_stores)
"""Importing a file adds its operations; naming the files here keeps the list in one place."""


def build(rooms: CloudTrailRooms) -> tuple[Service, Service]:
    """The two services over `rooms`."""
    return operations.bind(rooms), cloudtrail_data.operations.bind(rooms)
