"""Operations on budgets, their notifications with subscribers, their actions and their tags."""

from typing import Any

from trimtab.access.principal import Role
from trimtab.base.errors import LimitExceeded
from trimtab.budgets import form as forms
from trimtab.budgets.actions import Happened, shown
from trimtab.budgets.model import Action, Execution
from trimtab.budgets.performance import Spent
from trimtab.doors.aws.budgets.rooms import (
    BudgetRooms,
    budget_shape,
    notification_shape,
    operations,
    page,
    scope_of,
    spend_shape,
    subscriber_shapes,
    summed,
)
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.doors.aws.tags import listed_tags, tags_of


@operations.add("CreateBudget", needs=Role.WRITE, bound=True)
async def create_budget(rooms: BudgetRooms, request: Request, context: CallContext) -> Answer:
    """Make a budget with its notifications; it is judged within seconds."""
    wanted = [
        (forms.read_notification(one["Notification"]), forms.read_subscribers(one["Subscribers"]))
        for one in request.get("NotificationsWithSubscribers") or ()
    ]
    scope = summed(rooms, request, context)
    await rooms.room.store.create(
        scope, request["AccountId"], request["Budget"], wanted, tags_of(request, "ResourceTags")
    )
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


@operations.add("CreateNotification", needs=Role.WRITE)
async def create_notification(rooms: BudgetRooms, request: Request, context: CallContext) -> Answer:
    """Add a notification with its subscribers."""
    wanted, whom = forms.read_notification(request["Notification"]), forms.read_subscribers(request["Subscribers"])
    await rooms.room.notifications.create(scope_of(context), request["AccountId"], request["BudgetName"], wanted, whom)
    return {}


@operations.add("UpdateNotification", needs=Role.WRITE)
async def update_notification(rooms: BudgetRooms, request: Request, context: CallContext) -> Answer:
    """Replace a notification, which keeps its subscribers."""
    old, new = (forms.read_notification(request[name]) for name in ("OldNotification", "NewNotification"))
    await rooms.room.notifications.update(scope_of(context), request["AccountId"], request["BudgetName"], old, new)
    return {}


@operations.add("DeleteNotification", needs=Role.WRITE)
async def delete_notification(rooms: BudgetRooms, request: Request, context: CallContext) -> Answer:
    """Remove a notification and its subscribers."""
    gone = forms.read_notification(request["Notification"])
    await rooms.room.notifications.delete(scope_of(context), request["AccountId"], request["BudgetName"], gone)
    return {}


@operations.add("DescribeNotificationsForBudget", bound=True)
async def describe_notifications_for_budget(rooms: BudgetRooms, request: Request, context: CallContext) -> Answer:
    """The notifications of a budget."""
    found = await rooms.room.notifications.listed(scope_of(context), request["AccountId"], request["BudgetName"])
    shown, more = page(found, request)
    return {"Notifications": [notification_shape(one) for one, _ in shown], **more}


@operations.add("DescribeBudgetNotificationsForAccount", bound=True)
async def describe_budget_notifications_for_account(
    rooms: BudgetRooms, request: Request, context: CallContext
) -> Answer:
    """The notifications of every budget of an account."""
    scope, account = scope_of(context), request["AccountId"]
    shown, more = page(await rooms.room.store.listed(scope, account), request)
    found = []
    for budget in shown:
        notifications = await rooms.room.notifications.listed(scope, account, budget.name)
        told = [notification_shape(one) for one, _ in notifications]
        found.append({"BudgetName": budget.name, "Notifications": told})
    return {"BudgetNotificationsForAccount": found, **more}


@operations.add("CreateSubscriber", needs=Role.WRITE)
async def create_subscriber(rooms: BudgetRooms, request: Request, context: CallContext) -> Answer:
    """Tell somebody else too."""
    of, new = forms.read_notification(request["Notification"]), forms.read_subscriber(request["Subscriber"])
    place = request["AccountId"], request["BudgetName"]
    await rooms.room.notifications.subscribe(scope_of(context), *place, of, new)
    return {}


@operations.add("UpdateSubscriber", needs=Role.WRITE)
async def update_subscriber(rooms: BudgetRooms, request: Request, context: CallContext) -> Answer:
    """Tell somebody instead of somebody."""
    of = forms.read_notification(request["Notification"])
    old, new = (forms.read_subscriber(request[name]) for name in ("OldSubscriber", "NewSubscriber"))
    place = request["AccountId"], request["BudgetName"]
    await rooms.room.notifications.resubscribe(scope_of(context), *place, of, old, new)
    return {}


@operations.add("DeleteSubscriber", needs=Role.WRITE)
async def delete_subscriber(rooms: BudgetRooms, request: Request, context: CallContext) -> Answer:
    """Stop telling somebody."""
    of, gone = forms.read_notification(request["Notification"]), forms.read_subscriber(request["Subscriber"])
    place = request["AccountId"], request["BudgetName"]
    await rooms.room.notifications.unsubscribe(scope_of(context), *place, of, gone)
    return {}


@operations.add("DescribeSubscribersForNotification", bound=True)
async def describe_subscribers_for_notification(rooms: BudgetRooms, request: Request, context: CallContext) -> Answer:
    """Who is told."""
    of = forms.read_notification(request["Notification"])
    place = request["AccountId"], request["BudgetName"]
    found = await rooms.room.notifications.subscribers(scope_of(context), *place, of)
    shown, more = page(found, request)
    return {"Subscribers": subscriber_shapes(shown), **more}


_FORM = ("NotificationType", "ActionType", "ActionThreshold", "Definition", "ExecutionRoleArn", "ApprovalModel")


@operations.add("CreateBudgetAction", needs=Role.WRITE)
async def create_budget_action(rooms: BudgetRooms, request: Request, context: CallContext) -> Answer:
    """Add an action."""
    form = {name: request[name] for name in _FORM}
    whom = forms.read_subscribers(request["Subscribers"])
    place = request["AccountId"], request["BudgetName"]
    made = await rooms.room.actions.create(scope_of(context), *place, form, whom, tags_of(request, "ResourceTags"))
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


@operations.add("TagResource", needs=Role.WRITE)
async def tag_resource(rooms: BudgetRooms, request: Request, context: CallContext) -> Answer:
    """Set tags."""
    try:
        await rooms.room.tags.change(scope_of(context), request["ResourceARN"], tags_of(request, "ResourceTags"))
    except LimitExceeded as problem:
        raise AwsError("ServiceQuotaExceededException", str(problem)) from None
    return {}


@operations.add("UntagResource", needs=Role.WRITE)
async def untag_resource(rooms: BudgetRooms, request: Request, context: CallContext) -> Answer:
    """Remove tags."""
    await rooms.room.tags.change(scope_of(context), request["ResourceARN"], {}, request["ResourceTagKeys"])
    return {}


@operations.add("ListTagsForResource", bound=True)
async def list_tags_for_resource(rooms: BudgetRooms, request: Request, context: CallContext) -> Answer:
    """The tags of a budget or an action."""
    found = await rooms.room.tags.of(scope_of(context), request["ResourceARN"])
    return {"ResourceTags": listed_tags(found)}
