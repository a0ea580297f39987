"""EC2 Auto Scaling as the gateway serves it: every operation, bound to the room."""

from trimtab.doors.aws.autoscaling import groups, hooks, instances, launch, policies, refreshing, tags
from trimtab.doors.aws.autoscaling.rooms import operations
from trimtab.doors.aws.service import Service
from trimtab.scaling.groups.room import GroupsRoom

OPERATION_FILES = (groups, instances, launch, policies, hooks, refreshing, tags)
"""Importing a file adds its operations; naming the files here keeps the list in one place."""


def build(room: GroupsRoom) -> Service:
    """The service over `room`."""
    return operations.bind(room)
