"""Budgets as the gateway serves it: every operation, bound to the room."""

from trimtab.budgets.room import BudgetsRoom
from trimtab.doors.aws.budgets import budgets
from trimtab.doors.aws.budgets.rooms import BudgetRooms, operations
from trimtab.doors.aws.service import Service

OPERATION_FILES = (budgets,)
"""Importing a file adds its operations; naming the files here keeps the list in one place."""


def build(room: BudgetsRoom, home: str) -> Service:
    """The service over the room; `home` is the account whose budgets sum every bill."""
    return operations.bind(BudgetRooms(room, home))
