"""Notifications of budgets."""

from trimtab.access.principal import Role
from trimtab.budgets import form as forms
from trimtab.doors.aws.budgets.rooms import BudgetRooms, operations, page, scope_of
from trimtab.doors.aws.budgets.shapes import notification_shape
from trimtab.doors.aws.service import Answer, CallContext, Request


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
