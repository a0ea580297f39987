"""SageMaker, its runtime and its metrics as the gateway serves them: every operation, bound to the rooms."""

from trimtab.doors.aws.sagemaker import (
    automl,
    clusters,
    definitions,
    experiments,
    jobs,
    models,
    monitoring,
    packages,
    pipelines,
    recommendations,
    runtime,
    training_metrics,
    training_plans,
    tuning,
)
from trimtab.doors.aws.sagemaker.rooms import SageMakerRooms, operations
from trimtab.doors.aws.service import Service

OPERATION_FILES = (
    models,
    recommendations,
    monitoring,
    definitions,
    experiments,
    jobs,
    packages,
    pipelines,
    clusters,
    training_plans,
    tuning,
    automl,
)
"""Importing a file adds its operations; naming the files here keeps the list in one place."""


def build(rooms: SageMakerRooms) -> tuple[Service, ...]:
    """The services: SageMaker, its runtime, and the metrics of training."""
    return operations.bind(rooms), runtime.operations.bind(rooms), training_metrics.operations.bind(rooms)
