"""Service Quotas as the gateway serves it: every operation, bound to the rooms."""

from trimtab.doors.aws.service import Service
from trimtab.doors.aws.service_quotas import quotas, requests
from trimtab.doors.aws.service_quotas.rooms import QuotaRooms, operations

OPERATION_FILES = (quotas, requests)
"""Importing a file adds its operations; naming the files here keeps the list in one place."""


def build(rooms: QuotaRooms) -> Service:
    """The service over the rooms."""
    return operations.bind(rooms)
