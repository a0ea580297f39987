"""AWS Batch as the gateway serves it: every operation, bound to the room."""

from trimtab.batch.commands.jobs import CommandJobs
from trimtab.doors.aws.batch import jobs
from trimtab.doors.aws.batch.rooms import BatchRooms, operations
from trimtab.doors.aws.service import Service

OPERATION_FILES = (jobs,)
"""Importing a file adds its operations; naming the files here keeps the list in one place."""


def build(commands: CommandJobs) -> Service:
    """The service over the jobs of commands."""
    return operations.bind(BatchRooms(commands))
