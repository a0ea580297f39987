"""When somebody is told, and who: the notifications of budgets and their subscribers."""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, func, insert, select, update

from trimtab.access.scope import Scope
from trimtab.base.clock import Clock
from trimtab.base.errors import Conflict, InvalidInput, LimitExceeded, NotFound
from trimtab.budgets import form as forms
from trimtab.budgets.model import Budget, Notification, Subscriber
from trimtab.budgets.rows import budget_in, notification_of, put_subscribers, subscribers_in
from trimtab.store.state.database import State
from trimtab.store.state.schema.budgets import budget_notifications, budget_subscribers
from trimtab.store.state.schema.budgets import budgets as _budgets

_columns = budget_notifications.c
_REFUSED = "Unable to {} notification - the budget doesn't exist."


class NotificationStore:
    """The notifications. Every method raises NotFound where the budget or the notification is not there."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self._clock = clock

    async def listed(self, scope: Scope, account: str, name: str) -> list[tuple[Notification, list[Subscriber]]]:
        """The notifications of a budget with their subscribers, in the order in which they were made."""

        def read(connection: Connection) -> list[tuple[Notification, list[Subscriber]]]:
            return notifications_in(connection, budget_in(connection, scope, account, name))

        return await self._state.read(read)

    async def create(
        self, scope: Scope, account: str, name: str, wanted: Notification, subscribers: list[Subscriber]
    ) -> None:
        """Add one. Raises Conflict, LimitExceeded, InvalidInput."""

        def write(connection: Connection) -> None:
            budget = budget_in(connection, scope, account, name, _REFUSED.format("create"))
            add_notification(connection, budget, wanted, subscribers, self._clock.now_ms())
            _judge_again(connection, budget)

        await self._state.change(write)

    async def update(self, scope: Scope, account: str, name: str, old: Notification, new: Notification) -> None:
        """Replace one, which keeps its subscribers. Raises Conflict, InvalidInput."""

        def write(connection: Connection) -> None:
            budget = budget_in(connection, scope, account, name)
            _need(connection, budget, old)
            forms.check_notification(budget.form, new)
            if new.key != old.key and _known(connection, budget, new):
                raise Conflict("Notification already exists.")
            values = {**_row(budget, new), "period_ms": 0, "changed_ms": self._clock.now_ms()}
            connection.execute(update(budget_notifications).where(_is(budget, old)).values(values))
            of = budget_subscribers.c
            mine = (of.account == account) & (of.budget == name) & (of.owner == old.key)
            connection.execute(update(budget_subscribers).where(mine).values(owner=new.key))
            _judge_again(connection, budget)

        await self._state.change(write)

    async def delete(self, scope: Scope, account: str, name: str, wanted: Notification) -> None:
        """Remove one with its subscribers."""

        def write(connection: Connection) -> None:
            budget = budget_in(connection, scope, account, name, _REFUSED.format("delete"))
            _need(connection, budget, wanted)
            connection.execute(delete(budget_notifications).where(_is(budget, wanted)))
            put_subscribers(connection, (account, name), wanted.key, [], 0)

        await self._state.change(write)

    async def subscribers(self, scope: Scope, account: str, name: str, of: Notification) -> list[Subscriber]:
        """Who is told."""

        def read(connection: Connection) -> list[Subscriber]:
            _need(connection, budget_in(connection, scope, account, name), of)
            return subscribers_in(connection, account, name, of.key)

        return await self._state.read(read)

    async def subscribe(self, scope: Scope, account: str, name: str, of: Notification, new: Subscriber) -> None:
        """Tell somebody else too. Raises Conflict, LimitExceeded."""

        def change(held: list[Subscriber]) -> list[Subscriber]:
            if new in held:
                raise Conflict(f"Subscriber {new.address} already exists.")
            return [*held, new]

        await self._change(scope, account, name, of, change)

    async def resubscribe(
        self, scope: Scope, account: str, name: str, of: Notification, old: Subscriber, new: Subscriber
    ) -> None:
        """Tell `new` instead of `old`. Raises Conflict, LimitExceeded."""

        def change(held: list[Subscriber]) -> list[Subscriber]:
            _need_subscriber(held, old)
            if new != old and new in held:
                raise Conflict(f"Subscriber {new.address} already exists.")
            return [new if one == old else one for one in held]

        await self._change(scope, account, name, of, change)

    async def unsubscribe(self, scope: Scope, account: str, name: str, of: Notification, gone: Subscriber) -> None:
        """Stop telling somebody; the last one stays, since a notification has one at least. Raises InvalidInput."""

        def change(held: list[Subscriber]) -> list[Subscriber]:
            _need_subscriber(held, gone)
            if len(held) == 1:
                raise InvalidInput("A notification must have at least one subscriber: delete the notification instead.")
            return [one for one in held if one != gone]

        await self._change(scope, account, name, of, change)

    async def _change(
        self,
        scope: Scope,
        account: str,
        name: str,
        of: Notification,
        change: Callable[[list[Subscriber]], list[Subscriber]],
    ) -> None:
        def write(connection: Connection) -> None:
            _need(connection, budget_in(connection, scope, account, name), of)
            wanted = change(subscribers_in(connection, account, name, of.key))
            forms.check_count(wanted)
            put_subscribers(connection, (account, name), of.key, wanted, self._clock.now_ms())

        await self._state.change(write)


def notifications_in(connection: Connection, budget: Budget) -> list[tuple[Notification, list[Subscriber]]]:
    """The notifications of a budget with their subscribers."""
    mine = (_columns.account == budget.account) & (_columns.budget == budget.name)
    rows = connection.execute(
        select(budget_notifications).where(mine).order_by(_columns.created_ms, _columns.key)
    ).all()
    return [(notification_of(row), subscribers_in(connection, budget.account, budget.name, row.key)) for row in rows]


def add_notification(
    connection: Connection, budget: Budget, wanted: Notification, subscribers: list[Subscriber], now_ms: int
) -> None:
    """Add a notification in the caller's transaction. Raises Conflict, LimitExceeded, InvalidInput."""
    forms.check_notification(budget.form, wanted)
    if _known(connection, budget, wanted):
        raise Conflict("Notification already exists.")
    mine = (_columns.account == budget.account) & (_columns.budget == budget.name)
    held = connection.execute(select(func.count()).select_from(budget_notifications).where(mine)).scalar_one()
    if held >= forms.MOST_NOTIFICATIONS:
        raise LimitExceeded(f"Notification limit exceeded: a budget can have {forms.MOST_NOTIFICATIONS}.")
    row = {**_row(budget, wanted), "period_ms": 0, "changed_ms": now_ms, "created_ms": now_ms}
    connection.execute(insert(budget_notifications).values(row))
    put_subscribers(connection, (budget.account, budget.name), wanted.key, subscribers, now_ms)


def replace_notifications(
    connection: Connection, budget: Budget, wanted: Sequence[tuple[Notification, list[Subscriber]]], now_ms: int
) -> None:
    """Have a budget have just these, in the caller's transaction. Raises as `add_notification`."""
    keys = {one.key for one, _ in wanted}
    for held, _ in notifications_in(connection, budget):
        if held.key not in keys:
            connection.execute(delete(budget_notifications).where(_is(budget, held)))
            put_subscribers(connection, (budget.account, budget.name), held.key, [], 0)
    for one, whom in wanted:
        if _known(connection, budget, one):
            forms.check_notification(budget.form, one)
            put_subscribers(connection, (budget.account, budget.name), one.key, whom, now_ms)
        else:
            add_notification(connection, budget, one, whom, now_ms)


def _row(budget: Budget, one: Notification) -> dict[str, Any]:
    return {
        "account": budget.account,
        "budget": budget.name,
        "key": one.key,
        "type": one.type.value,
        "comparison": one.comparison,
        "threshold": f"{one.threshold:f}",
        "threshold_type": one.threshold_type,
        "state": "OK",
    }


def _is(budget: Budget, one: Notification) -> ColumnElement[bool]:
    return (_columns.account == budget.account) & (_columns.budget == budget.name) & (_columns.key == one.key)


def _known(connection: Connection, budget: Budget, one: Notification) -> bool:
    return connection.execute(select(_columns.key).where(_is(budget, one))).first() is not None


def _need(connection: Connection, budget: Budget, one: Notification) -> None:
    if not _known(connection, budget, one):
        raise NotFound("Unable to get notification: the notification doesn't exist.")


def _need_subscriber(held: list[Subscriber], one: Subscriber) -> None:
    if one not in held:
        raise NotFound(f"Unable to get subscriber: {one.address} - the subscriber doesn't exist.")


def _judge_again(connection: Connection, budget: Budget) -> None:
    from_scratch = update(_budgets).where(_budgets.c.account == budget.account, _budgets.c.name == budget.name)
    connection.execute(from_scratch.values(judged_ms=0))
