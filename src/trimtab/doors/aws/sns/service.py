"""SNS as the gateway serves it: every operation, bound to the rooms."""

from trimtab.doors.aws.service import Service
from trimtab.doors.aws.sns import topics
from trimtab.doors.aws.sns.rooms import operations
from trimtab.notify.room import NotifyRoom

OPERATION_FILES = (topics,)
"""Importing a file adds its operations; naming the files here keeps the list in one place."""


def build(rooms: NotifyRoom) -> Service:
    """The service over `rooms`."""
    return operations.bind(rooms)
