"""The registry that the operations of Budgets join, what they are given and share, and budgets as the API has them."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import wraps
from typing import Any, TypeVar

from msgspec import Struct

from trimtab.access.principal import Role
from trimtab.access.scope import Scope
from trimtab.base.errors import Conflict, LimitExceeded, NotFound
from trimtab.budgets import limits
from trimtab.budgets.actions import Locked
from trimtab.budgets.filters import cost_types, expression_of
from trimtab.budgets.model import Budget, Notification, Spend, Subscriber
from trimtab.budgets.room import BudgetsRoom
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.pages import Pages
from trimtab.doors.aws.service import Answer, CallContext, Function, Operations, Request, coral_as

T = TypeVar("T")
_PAGE = 100


class BudgetRooms(Struct, frozen=True):
    """What the operations ask. `home` is the account whose budgets sum every bill; others sum their own."""

    room: BudgetsRoom
    home: str


worded = coral_as("InvalidParameterException")


Operation = Function[BudgetRooms]


class _Operations(Operations[BudgetRooms]):
    """Operations for accounts of the caller."""

    def add(self, name: str, **options: Any) -> Callable[[Operation], Operation]:
        """Decorate the function of operation `name`, as `Operations` does."""
        register = super().add(name, **options)

        def checked(call: Operation) -> Operation:
            @wraps(call)
            async def asked(rooms: BudgetRooms, request: Request, context: CallContext) -> Answer:
                _check_account(request, context)
                try:
                    return await call(rooms, request, context)
                except AwsError as problem:  # a filter's, whose reader is Cost Explorer's
                    if problem.code != "ValidationError":
                        raise
                    raise AwsError("InvalidParameterException", str(problem)) from None

            register(asked)
            return call

        return checked


operations: Operations[BudgetRooms] = _Operations(
    "budgets",
    worded,
    invalid_code="InvalidParameterException",
    needs=Role.FINANCE,
    codes=(
        (LimitExceeded, "CreationLimitExceededException"),
        (NotFound, "NotFoundException"),
        (Locked, "ResourceLockedException"),
        (Conflict, "DuplicateRecordException"),
    ),
)
"""The operations; importing an operation's file adds it (`service.py` imports them all)."""


def scope_of(context: CallContext) -> Scope:
    """What a caller may see: Budgets has no region."""
    return context.principal.scope


def summed(rooms: BudgetRooms, request: Request, context: CallContext) -> Scope:
    """What of the bill a budget that the caller makes sums."""
    scope = scope_of(context)
    if scope.accounts is None and request["AccountId"] != rooms.home:
        return Scope(frozenset((request["AccountId"],)), scope.regions, scope.rows)
    return scope


page = Pages(_PAGE, lambda: AwsError("InvalidNextTokenException", "The specified NextToken is invalid."))


def _check_account(request: Request, context: CallContext) -> None:
    account, allowed = request.get("AccountId"), scope_of(context).accounts
    if account is not None and not account.isdecimal():
        raise AwsError("InvalidParameterException", f"AccountId must be 12 digits, got {account!r}.")
    if account is not None and allowed is not None and account not in allowed:
        raise AwsError("AccessDenied", f"The key is not allowed to use the budgets of account {account}.")


def budget_shape(budget: Budget, *, expression: bool = False) -> dict[str, Any]:
    """A `Budget`; `expression` says whether its FilterExpression is wanted."""
    form, standing = dict(budget.form), budget.standing
    own = form.pop("FilterExpression", None)
    if expression:
        wanted = own or expression_of(form.get("CostFilters") or {})
        if wanted:
            form["FilterExpression"] = wanted
    if not form.get("Metrics"):
        form.setdefault("CostFilters", {})
        if budget.form["BudgetType"] == "COST":
            form["CostTypes"] = cost_types(form)
    form["LastUpdatedTime"] = budget.updated_ms
    form["HealthStatus"] = {"Status": "HEALTHY", "LastUpdatedTime": standing.at_ms if standing else budget.updated_ms}
    if limits.adjusts(budget):
        at = standing.start_ms if standing else budget.created_ms
        form["AutoAdjustData"] = {**form["AutoAdjustData"], "LastAutoAdjustTime": at}
    if standing is not None and standing.limit is not None:
        form["BudgetLimit"] = spend_shape(standing.limit)
    limit = form.get("BudgetLimit") or {"Unit": "USD"}
    nothing = {"Amount": "0.0", "Unit": limit["Unit"]}  # clients count on an amount; REST says that it is not known
    calculated = {"ActualSpend": spend_shape(standing.actual) if standing and standing.actual else nothing}
    if standing is not None and standing.forecast is not None:
        calculated["ForecastedSpend"] = spend_shape(standing.forecast)
    form["CalculatedSpend"] = calculated
    return form


def spend_shape(spend: Spend) -> dict[str, str]:
    """A `Spend`: plain digits without trailing zeros."""
    return {"Amount": plain(spend.amount), "Unit": spend.unit}


def plain(amount: Decimal) -> str:
    """An amount in plain digits; whole amounts as `100.0`, as the API writes them."""
    text = f"{amount:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return text if "." in text else f"{text}.0"


def notification_shape(one: Notification) -> dict[str, Any]:
    """A `Notification`."""
    return {
        "NotificationType": one.type.value,
        "ComparisonOperator": one.comparison,
        "Threshold": float(one.threshold),
        "ThresholdType": one.threshold_type,
        "NotificationState": one.state.value,
    }


def subscriber_shapes(found: Sequence[Subscriber]) -> list[dict[str, str]]:
    """`Subscribers`."""
    return [{"SubscriptionType": one.type, "Address": one.address} for one in found]
