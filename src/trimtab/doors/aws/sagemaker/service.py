"""SageMaker and its runtime as the gateway serves them: every operation, bound to the rooms."""

from trimtab.doors.aws.sagemaker import endpoints, models, recommendations, runtime, tags, transforms
from trimtab.doors.aws.sagemaker.rooms import SageMakerRooms, operations
from trimtab.doors.aws.service import Service

OPERATION_FILES = (models, endpoints, recommendations, transforms, tags)
"""Importing a file adds its operations; naming the files here keeps the list in one place."""


def build(rooms: SageMakerRooms) -> tuple[Service, Service]:
    """Both services."""
    return operations.bind(rooms), runtime.operations.bind(rooms)
