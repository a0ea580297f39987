"""Application Signals as the gateway serves it: every operation, bound to the rooms."""

from trimtab.doors.aws.application_signals import found_services, objectives
from trimtab.doors.aws.application_signals.rooms import SignalsRooms, operations
from trimtab.doors.aws.service import Service

OPERATION_FILES = (objectives, found_services)
"""Importing a file adds its operations; naming the files here keeps the list in one place."""


def build(rooms: SignalsRooms) -> Service:
    """The service over the rooms."""
    return operations.bind(rooms)
