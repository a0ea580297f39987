"""The registry that the operations of AWS Batch join, and what they are given."""

from msgspec import Struct

from trimtab.base.errors import InvalidInput, NotFound
from trimtab.batch.commands.jobs import CommandJobs
from trimtab.batch.commands.submission import Off
from trimtab.doors.aws.service import Operations, coral_as


class BatchRooms(Struct, frozen=True):
    """What the operations ask."""

    commands: CommandJobs


worded = coral_as("ClientException")


operations: Operations[BatchRooms] = Operations(
    "batch",
    worded,
    invalid_code="ClientException",
    codes=((Off, "ClientException"), (InvalidInput, "ClientException"), (NotFound, "ClientException")),
)
"""The operations; importing an operation's file adds it (`service.py` imports them all)."""
