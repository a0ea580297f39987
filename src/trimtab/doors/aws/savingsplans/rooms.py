"""The registry that the operations of Savings Plans join, what they are given, and what they share."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from msgspec import Struct

from trimtab.access.principal import Role
from trimtab.access.scope import Scope
from trimtab.advice.purchases.model import YEAR_HOURS, Payment, PlanKind
from trimtab.advice.purchases.room import PurchasesRoom
from trimtab.base.errors import Conflict, InvalidInput, LimitExceeded, NotFound
from trimtab.doors.aws.pages import Pages
from trimtab.doors.aws.service import CallContext, Operations, coral_as

T = TypeVar("T")
CURRENCY = "USD"
TYPES: Mapping[PlanKind, str] = {
    PlanKind.COMPUTE: "Compute",
    PlanKind.EC2_INSTANCE: "EC2Instance",
    PlanKind.SAGEMAKER: "SageMaker",
    PlanKind.DATABASE: "Database",
}
PAYMENTS: Mapping[Payment, str] = {
    Payment.NO_UPFRONT: "No Upfront",
    Payment.PARTIAL_UPFRONT: "Partial Upfront",
    Payment.ALL_UPFRONT: "All Upfront",
}
PRODUCTS: Mapping[PlanKind, tuple[str, ...]] = {
    PlanKind.COMPUTE: ("EC2", "Fargate", "Lambda"),
    PlanKind.EC2_INSTANCE: ("EC2",),
    PlanKind.SAGEMAKER: ("SageMaker",),
    PlanKind.DATABASE: ("RDS", "DynamoDB", "ElastiCache", "DocDB", "Neptune", "Keyspaces"),
}


class SavingsPlansRooms(Struct, frozen=True):
    """What the operations ask."""

    room: PurchasesRoom


worded = coral_as("ValidationException")


operations: Operations[SavingsPlansRooms] = Operations(
    "savingsplans",
    worded,
    invalid_code="ValidationException",
    needs=Role.FINANCE,
    codes=(
        (NotFound, "ResourceNotFoundException"),
        (LimitExceeded, "ServiceQuotaExceededException"),
        (Conflict, "ValidationException"),
        (InvalidInput, "ValidationException"),
    ),
)
"""The operations; importing an operation's file adds it (`service.py` imports them all)."""


def scope_of(context: CallContext) -> Scope:
    """What a caller may see: Savings Plans have no region."""
    return context.principal.scope


page = Pages(100, lambda: InvalidInput("The specified nextToken is invalid."), "nextToken", "nextToken", "maxResults")


def duration(years: int) -> int:
    """Seconds of a term."""
    return years * YEAR_HOURS * 3600


def picked(wanted: Sequence[Any] | None, value: Any) -> bool:
    """Whether a list of a request (absent or empty: everything) holds a value."""
    return not wanted or value in wanted


def filtered(filters: Sequence[Mapping[str, Any]] | None, facts: Mapping[str, str]) -> bool:
    """Whether every filter of a request has one of the values of its fact; unknown ones match nothing."""
    return all(facts.get(one.get("name", "")) in (one.get("values") or ()) for one in filters or ())
