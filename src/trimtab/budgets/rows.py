"""Rows of the state as budgets, notifications and actions, and what several stores do in a transaction."""

import json
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select

from trimtab.access.scope import Scope, scope_of_text
from trimtab.base import typed
from trimtab.base.errors import NotFound
from trimtab.budgets.model import (
    Action,
    ActionStatus,
    Budget,
    Notification,
    NotificationState,
    NotificationType,
    Standing,
    Subscriber,
)
from trimtab.store.state.schema.budgets import budget_actions, budget_subscribers, budgets

_columns = budgets.c
_subscribed = budget_subscribers.c


def sees(scope: Scope, budget: Budget) -> bool:
    """Whether a caller may see a budget: its account, and no rows of the bill beyond the caller's own."""
    mine = scope.accounts is None or budget.account in scope.accounts
    return mine and scope.sees_what_was_made_by(budget.scope)


def budget_in(connection: Connection, scope: Scope, account: str, name: str, refusal: str = "") -> Budget:
    """A budget. Raises NotFound, also for one that the caller may not see, with what AWS says of an operation."""
    row = connection.execute(select(budgets).where(_columns.account == account, _columns.name == name)).first()
    found = None if row is None else budget_of(row)
    if found is None or not sees(scope, found):
        raise NotFound(refusal or f"Unable to get budget: {name} - the budget doesn't exist.")
    return found


def budget_of(row: Row[Any]) -> Budget:
    """A row of `budgets`."""
    return Budget(
        row.account,
        row.name,
        json.loads(row.form),
        row.created_ms,
        row.updated_ms,
        scope_of_text(row.scope),
        typed.decode(row.standing, type=Standing) if row.standing else None,
    )


def notification_of(row: Row[Any]) -> Notification:
    """A row of `budget_notifications`."""
    return Notification(
        NotificationType(row.type),
        row.comparison,
        Decimal(row.threshold),
        row.threshold_type,
        NotificationState(row.state),
    )


def subscribers_in(connection: Connection, account: str, budget: str, owner: str) -> list[Subscriber]:
    """The subscribers of a notification or an action, in the order in which they came."""
    mine = (_subscribed.account == account) & (_subscribed.budget == budget) & (_subscribed.owner == owner)
    rows = connection.execute(
        select(budget_subscribers).where(mine).order_by(_subscribed.created_ms, _subscribed.type, _subscribed.address)
    )
    return [Subscriber(row.type, row.address) for row in rows]


def put_subscribers(
    connection: Connection, budget: tuple[str, str], owner: str, wanted: list[Subscriber], now_ms: int
) -> None:
    """Replace the subscribers of `owner`; `budget` is (account, name)."""
    mine = (_subscribed.account == budget[0]) & (_subscribed.budget == budget[1]) & (_subscribed.owner == owner)
    connection.execute(delete(budget_subscribers).where(mine))
    for one in wanted:
        connection.execute(
            insert(budget_subscribers).values(
                account=budget[0],
                budget=budget[1],
                owner=owner,
                type=one.type,
                address=one.address,
                created_ms=now_ms,
            )
        )


def action_in(connection: Connection, account: str, budget: str, id_: str) -> Action:
    """An action. Raises NotFound."""
    mine = (budget_actions.c.id == id_) & (budget_actions.c.account == account) & (budget_actions.c.budget == budget)
    row = connection.execute(select(budget_actions).where(mine)).first()
    if row is None:
        raise NotFound(f"Unable to get action: {id_} - the action doesn't exist.")
    return action_of(connection, row)


def action_of(connection: Connection, row: Row[Any]) -> Action:
    """A row of `budget_actions`, with its subscribers."""
    return Action(
        row.id,
        row.account,
        row.budget,
        json.loads(row.form),
        ActionStatus(row.status),
        row.changed_ms,
        row.period_ms,
        row.attempt,
        tuple(subscribers_in(connection, row.account, row.budget, row.id)),
    )
