"""Application Auto Scaling as the gateway serves it: every operation, bound to the engine."""

from trimtab.doors.aws.application_autoscaling import targets
from trimtab.doors.aws.application_autoscaling.rooms import operations
from trimtab.doors.aws.service import Service
from trimtab.scaling.engine.room import ScalingRoom

OPERATION_FILES = (targets,)
"""Importing a file adds its operations; naming the files here keeps the list in one place."""


def build(room: ScalingRoom) -> Service:
    """The service over the engine."""
    return operations.bind(room)
