"""The registry that the operations of AWS Batch join, and what they are given."""

from collections.abc import Sequence

from msgspec import Struct

from trimtab.base.errors import InvalidInput, NotFound
from trimtab.batch.commands.jobs import CommandJobs
from trimtab.batch.commands.submission import Off
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.service import Operations
from trimtab.doors.aws.wire.constraints import Problem, coral


class BatchRooms(Struct, frozen=True):
    """What the operations ask."""

    commands: CommandJobs


def worded(problems: Sequence[Problem]) -> AwsError:
    """The common sentences under Batch's code."""
    return AwsError("ClientException", str(coral(problems)))


operations: Operations[BatchRooms] = Operations(
    "batch",
    worded,
    invalid_code="ClientException",
    codes=((Off, "ClientException"), (InvalidInput, "ClientException"), (NotFound, "ClientException")),
)
"""The operations; importing an operation's file adds it (`service.py` imports them all)."""
