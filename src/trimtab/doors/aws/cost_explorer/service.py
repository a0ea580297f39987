"""Cost Explorer as the gateway serves it: every operation, bound to the rooms."""

from trimtab.doors.aws.cost_explorer import (
    allocation_tags,
    anomalies,
    categories,
    comparisons,
    forecasts,
    get_cost,
    plan_advice,
    reservation_advice,
    reservations,
    rightsizing,
    savings_plans,
    tags,
    values,
)
from trimtab.doors.aws.cost_explorer.rooms import CostExplorerRooms, operations
from trimtab.doors.aws.service import Service

OPERATION_FILES = (
    get_cost,
    values,
    comparisons,
    forecasts,
    reservations,
    savings_plans,
    categories,
    anomalies,
    plan_advice,
    reservation_advice,
    rightsizing,
    allocation_tags,
    tags,
)
"""Importing a file adds its operations; naming the files here keeps the list in one place."""


def build(rooms: CostExplorerRooms) -> Service:
    """The service over `rooms`."""
    return operations.bind(rooms)
