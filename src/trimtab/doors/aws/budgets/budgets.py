"""Budgets: made, described, changed, deleted, and what was spent of them."""

from typing import Any

from trimtab.access.principal import Role
from trimtab.budgets import form as forms
from trimtab.budgets.performance import Spent
from trimtab.doors.aws.budgets.rooms import BudgetRooms, operations, page, scope_of, summed, tags_of
from trimtab.doors.aws.budgets.shapes import budget_shape, spend_shape
from trimtab.doors.aws.service import Answer, CallContext, Request


@operations.add("CreateBudget", needs=Role.WRITE, bound=True)
async def create_budget(rooms: BudgetRooms, request: Request, context: CallContext) -> Answer:
    """Make a budget with its notifications; it is judged within seconds."""
    wanted = [
        (forms.read_notification(one["Notification"]), forms.read_subscribers(one["Subscribers"]))
        for one in request.get("NotificationsWithSubscribers") or ()
    ]
    scope = summed(rooms, request, context)
    await rooms.room.store.create(scope, request["AccountId"], request["Budget"], wanted, tags_of(request))
    return {}


@operations.add("DescribeBudget", bound=True)
async def describe_budget(rooms: BudgetRooms, request: Request, context: CallContext) -> Answer:
    """One budget."""
    found = await rooms.room.store.get(scope_of(context), request["AccountId"], request["BudgetName"])
    return {"Budget": budget_shape(found, expression=bool(request.get("ShowFilterExpression")))}


@operations.add("DescribeBudgets", bound=True)
async def describe_budgets(rooms: BudgetRooms, request: Request, context: CallContext) -> Answer:
    """The budgets of an account, by name."""
    found = await rooms.room.store.listed(scope_of(context), request["AccountId"])
    shown, more = page(found, request)
    wanted = bool(request.get("ShowFilterExpression"))
    return {"Budgets": [budget_shape(one, expression=wanted) for one in shown], **more}


@operations.add("UpdateBudget", needs=Role.WRITE, bound=True)
async def update_budget(rooms: BudgetRooms, request: Request, context: CallContext) -> Answer:
    """Replace a definition; notifications stay."""
    await rooms.room.store.update(scope_of(context), request["AccountId"], request["NewBudget"])
    return {}


@operations.add("DeleteBudget", needs=Role.WRITE, bound=True)
async def delete_budget(rooms: BudgetRooms, request: Request, context: CallContext) -> Answer:
    """Delete a budget and all it has."""
    await rooms.room.store.delete(scope_of(context), request["AccountId"], request["BudgetName"])
    return {}


@operations.add("DescribeBudgetPerformanceHistory", bound=True)
async def describe_budget_performance_history(rooms: BudgetRooms, request: Request, context: CallContext) -> Answer:
    """What was budgeted and spent by period, the newest first."""
    budget = await rooms.room.store.get(scope_of(context), request["AccountId"], request["BudgetName"])
    span = request.get("TimePeriod") or {}
    periods = await rooms.room.performance.of(budget, span.get("Start"), span.get("End"))
    shown, more = page(periods, request)
    shape = budget_shape(budget, expression=True)
    kept = ("BudgetName", "BudgetType", "CostFilters", "CostTypes", "TimeUnit", "FilterExpression", "Metrics")
    history = {name: shape[name] for name in kept if name in shape}
    history["BudgetedAndActualAmountsList"] = [_amounts(one) for one in shown]
    return {"BudgetPerformanceHistory": history, **more}


def _amounts(one: Spent) -> dict[str, Any]:
    found: dict[str, Any] = {"TimePeriod": {"Start": one.start_ms, "End": one.end_ms}}
    if one.budgeted is not None:
        found["BudgetedAmount"] = spend_shape(one.budgeted)
    if one.actual is not None:
        found["ActualAmount"] = spend_shape(one.actual)
    return found
