"""Actions of budgets, their executions and histories."""

from typing import Any

from trimtab.access.principal import Role
from trimtab.budgets import form as forms
from trimtab.budgets.actions import Happened, shown
from trimtab.budgets.model import Action, Execution
from trimtab.doors.aws.budgets.rooms import BudgetRooms, operations, page, scope_of, tags_of
from trimtab.doors.aws.service import Answer, CallContext, Request

_FORM = ("NotificationType", "ActionType", "ActionThreshold", "Definition", "ExecutionRoleArn", "ApprovalModel")


@operations.add("CreateBudgetAction", needs=Role.WRITE)
async def create_budget_action(rooms: BudgetRooms, request: Request, context: CallContext) -> Answer:
    """Add an action."""
    form = {name: request[name] for name in _FORM}
    whom = forms.read_subscribers(request["Subscribers"])
    place = request["AccountId"], request["BudgetName"]
    made = await rooms.room.actions.create(scope_of(context), *place, form, whom, tags_of(request))
    return {**_place(request), "ActionId": made.id}


@operations.add("DescribeBudgetAction", bound=True)
async def describe_budget_action(rooms: BudgetRooms, request: Request, context: CallContext) -> Answer:
    """One action."""
    return {**_place(request), "Action": shown(await _named(rooms, request, context))}


@operations.add("DescribeBudgetActionsForBudget", bound=True)
async def describe_budget_actions_for_budget(rooms: BudgetRooms, request: Request, context: CallContext) -> Answer:
    """The actions of a budget."""
    found = await rooms.room.actions.listed(scope_of(context), request["AccountId"], request["BudgetName"])
    part, more = page(found, request)
    return {"Actions": [shown(one) for one in part], **more}


@operations.add("DescribeBudgetActionsForAccount", bound=True)
async def describe_budget_actions_for_account(rooms: BudgetRooms, request: Request, context: CallContext) -> Answer:
    """The actions of every budget of an account."""
    found = await rooms.room.actions.listed(scope_of(context), request["AccountId"])
    part, more = page(found, request)
    return {"Actions": [shown(one) for one in part], **more}


@operations.add("UpdateBudgetAction", needs=Role.WRITE)
async def update_budget_action(rooms: BudgetRooms, request: Request, context: CallContext) -> Answer:
    """Change what is given; the action waits for the next crossing again."""
    changes = {name: request[name] for name in _FORM if request.get(name) is not None}
    whom = forms.read_subscribers(request["Subscribers"]) if request.get("Subscribers") else None
    place = request["AccountId"], request["BudgetName"], request["ActionId"]
    old, new = await rooms.room.actions.update(scope_of(context), *place, changes, whom)
    return {**_place(request), "OldAction": shown(old), "NewAction": shown(new)}


@operations.add("DeleteBudgetAction", needs=Role.WRITE)
async def delete_budget_action(rooms: BudgetRooms, request: Request, context: CallContext) -> Answer:
    """Remove an action; what it did stays done."""
    place = request["AccountId"], request["BudgetName"], request["ActionId"]
    return {**_place(request), "Action": shown(await rooms.room.actions.delete(scope_of(context), *place))}


@operations.add("ExecuteBudgetAction", needs=Role.WRITE)
async def execute_budget_action(rooms: BudgetRooms, request: Request, context: CallContext) -> Answer:
    """Approve, retry, reverse or reset an action."""
    place = request["AccountId"], request["BudgetName"], request["ActionId"]
    asked = Execution(request["ExecutionType"])
    await rooms.room.actions.execute(scope_of(context), *place, asked, context.principal.name)
    return {**_place(request), "ActionId": request["ActionId"], "ExecutionType": asked.value}


@operations.add("DescribeBudgetActionHistories", bound=True)
async def describe_budget_action_histories(rooms: BudgetRooms, request: Request, context: CallContext) -> Answer:
    """What became of an action, the newest first."""
    place = request["AccountId"], request["BudgetName"], request["ActionId"]
    span = request.get("TimePeriod") or {}
    found = await rooms.room.actions.history(scope_of(context), *place, span.get("Start") or 0, span.get("End"))
    part, more = page(found, request)
    return {"ActionHistories": [_happened(one) for one in part], **more}


async def _named(rooms: BudgetRooms, request: Request, context: CallContext) -> Action:
    place = request["AccountId"], request["BudgetName"], request["ActionId"]
    return await rooms.room.actions.get(scope_of(context), *place)


def _place(request: Request) -> dict[str, str]:
    return {"AccountId": request["AccountId"], "BudgetName": request["BudgetName"]}


def _happened(one: Happened) -> dict[str, Any]:
    return {
        "Timestamp": one.at_ms,
        "Status": one.status,
        "EventType": one.event_type,
        "ActionHistoryDetails": {"Message": one.message, "Action": one.action},
    }
