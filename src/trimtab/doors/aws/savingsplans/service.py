"""Savings Plans as the gateway serves it: every operation, bound to the room."""

from trimtab.advice.purchases.room import PurchasesRoom
from trimtab.doors.aws.savingsplans import offered, plans
from trimtab.doors.aws.savingsplans.rooms import SavingsPlansRooms, operations
from trimtab.doors.aws.service import Service

OPERATION_FILES = (plans, offered)
"""Importing a file adds its operations; naming the files here keeps the list in one place."""


def build(room: PurchasesRoom) -> Service:
    """The service over the room."""
    return operations.bind(SavingsPlansRooms(room))
