"""Compute Optimizer as the gateway serves it: every operation, bound to the room."""

from trimtab.advice.rightsizing.room import RightsizingRoom
from trimtab.doors.aws.compute_optimizer import instances, others, preferences
from trimtab.doors.aws.compute_optimizer.rooms import OptimizerRooms, operations
from trimtab.doors.aws.service import Service

OPERATION_FILES = (instances, others, preferences)
"""Importing a file adds its operations; naming the files here keeps the list in one place."""


def build(room: RightsizingRoom) -> Service:
    """The service over the room."""
    return operations.bind(OptimizerRooms(room))
