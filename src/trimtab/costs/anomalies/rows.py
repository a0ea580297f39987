"""Rows of the state as monitors, subscriptions and anomalies, and what several stores do in a transaction."""

import json
from collections.abc import Mapping
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, delete, insert, select

from trimtab.access.scope import Scope, scope_of_text
from trimtab.base import typed
from trimtab.base.errors import InvalidInput
from trimtab.costs.anomalies.model import (
    Anomaly,
    Finding,
    Monitor,
    Subscription,
    UnknownMonitor,
    UnknownSubscription,
)
from trimtab.store.state.schema.cost_anomalies import cost_anomaly_subscriptions, cost_monitors
from trimtab.store.state.schema.inventory import tags

MOST_TAGS = 200
"""Tags of a resource, as the API documents them."""


def sees(scope: Scope, account: str, own: Scope) -> bool:
    """Whether a caller may see what `account` made over `own`: its account, and no rows beyond the caller's."""
    mine = scope.accounts is None or account in scope.accounts
    return mine and scope.sees_what_was_made_by(own)


def monitor_in(connection: Connection, scope: Scope, arn: str) -> Monitor:
    """A monitor. Raises UnknownMonitor, also for one that the caller may not see."""
    alive = (cost_monitors.c.arn == arn) & (cost_monitors.c.deleted_ms == 0)
    row = connection.execute(select(cost_monitors).where(alive)).first()
    found = None if row is None else monitor_of(row)
    if found is None or not sees(scope, found.account, found.scope):
        raise UnknownMonitor(f"Unable to find anomaly monitor: {arn}")
    return found


def monitor_of(row: Row[Any]) -> Monitor:
    """A row of `cost_monitors`."""
    return Monitor(
        row.arn,
        row.account,
        json.loads(row.form),
        row.created_ms,
        row.updated_ms,
        scope_of_text(row.scope),
        row.judged_ms,
        row.judged_mark,
        row.value_count,
        row.problem,
    )


def subscription_in(connection: Connection, scope: Scope, arn: str) -> Subscription:
    """A subscription. Raises UnknownSubscription, also for one that the caller may not see."""
    query = select(cost_anomaly_subscriptions).where(cost_anomaly_subscriptions.c.arn == arn)
    row = connection.execute(query).first()
    found = None if row is None else subscription_of(row)
    if found is None or not sees(scope, found.account, found.scope):
        raise UnknownSubscription(f"Unable to find anomaly subscription: {arn}")
    return found


def subscription_of(row: Row[Any]) -> Subscription:
    """A row of `cost_anomaly_subscriptions`."""
    scope = scope_of_text(row.scope)
    form = json.loads(row.form)
    return Subscription(row.arn, row.account, form, row.created_ms, row.updated_ms, scope, row.told_ms)


def anomaly_of(row: Row[Any]) -> Anomaly:
    """A row of `cost_anomalies`."""
    return Anomaly(
        row.id,
        row.monitor,
        row.account,
        typed.decode(row.body, type=Finding),
        row.found_ms,
        row.changed_ms,
        row.feedback,
        row.feedback_by,
        row.feedback_ms,
    )


def body_of(finding: Finding) -> str:
    """A finding as the text that `anomaly_of` reads."""
    return msgspec.json.encode(finding).decode()


def tags_in(connection: Connection, arn: str) -> dict[str, str]:
    """The tags of an ARN, by key."""
    rows = connection.execute(select(tags).where(tags.c.arn == arn).order_by(tags.c.key))
    return {row.key: row.value for row in rows}


def set_tags(connection: Connection, arn: str, put: Mapping[str, str], remove: tuple[str, ...] = ()) -> None:
    """Set and remove tags of an ARN that exists. Raises InvalidInput for too many."""
    connection.execute(delete(tags).where(tags.c.arn == arn, tags.c.key.in_([*remove, *put])))
    count = len(tags_in(connection, arn)) + len(put)
    if count > MOST_TAGS:
        raise InvalidInput(f"cannot tag {arn}: got {count} tags; expected {MOST_TAGS} at most", field="ResourceTags")
    for key, value in put.items():
        connection.execute(insert(tags).values(arn=arn, key=key, value=value))


def forget_tags(connection: Connection, arn: str) -> None:
    """Drop the tags of what is deleted."""
    connection.execute(delete(tags).where(tags.c.arn == arn))
