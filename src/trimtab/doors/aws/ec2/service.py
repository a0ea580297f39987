"""EC2 as the gateway serves it: capacity of the fleet that is set aside, and nothing else of it."""

from trimtab.doors.aws.ec2 import blocks, reservations
from trimtab.doors.aws.ec2.rooms import Ec2Rooms, operations
from trimtab.doors.aws.service import Service

OPERATION_FILES = (blocks, reservations)
"""Importing a file adds its operations; naming the files here keeps the list in one place."""


def build(rooms: Ec2Rooms) -> Service:
    """The service over the rooms."""
    return operations.bind(rooms)
