"""Lambda as the gateway serves it: every operation, bound to the room."""

from trimtab.doors.aws.lambda_functions import aliases, concurrency, functions, tags
from trimtab.doors.aws.lambda_functions.rooms import LambdaRooms, operations
from trimtab.doors.aws.service import Service

OPERATION_FILES = (functions, aliases, concurrency, tags)
"""Importing a file adds its operations; naming the files here keeps the list in one place."""


def build(rooms: LambdaRooms) -> Service:
    """The service over `rooms`."""
    return operations.bind(rooms)
