"""Subscribers of notifications."""

from trimtab.access.principal import Role
from trimtab.budgets import form as forms
from trimtab.doors.aws.budgets.rooms import BudgetRooms, operations, page, scope_of
from trimtab.doors.aws.budgets.shapes import subscriber_shapes
from trimtab.doors.aws.service import Answer, CallContext, Request


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
