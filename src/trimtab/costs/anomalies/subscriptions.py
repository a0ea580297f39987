"""The subscriptions: who is told of which monitors' anomalies; and the tags of both, by ARN."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from trimtab.access.scope import Scope, scope_text
from trimtab.base.clock import Clock
from trimtab.base.errors import LimitExceeded, NotFound
from trimtab.base.ids import new_id
from trimtab.costs.anomalies import form as forms
from trimtab.costs.anomalies.model import Subscription, subscription_arn
from trimtab.costs.anomalies.rows import (
    forget_tags,
    monitor_in,
    sees,
    set_tags,
    subscription_in,
    subscription_of,
    tags_in,
)
from trimtab.store.state.database import State
from trimtab.store.state.schema.cost_anomalies import cost_anomaly_subscriptions, cost_anomaly_told

_columns = cost_anomaly_subscriptions.c
_EITHER = {"Threshold": "ThresholdExpression", "ThresholdExpression": "Threshold"}


class SubscriptionStore:
    """The subscriptions of one state database."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self._clock = clock

    async def create(
        self, scope: Scope, account: str, given: Mapping[str, Any], tagged: Mapping[str, str] | None = None
    ) -> Subscription:
        """Subscribe to monitors that `scope` sees. Raises InvalidInput, LimitExceeded, UnknownMonitor."""
        now_ms = self._clock.now_ms()
        form = forms.subscription_form(given)
        made = Subscription(subscription_arn(account, new_id()), account, form, now_ms, now_ms, scope, now_ms)

        def write(connection: Connection) -> Subscription:
            _need(connection, scope, made.monitors)
            counted = select(func.count()).select_from(cost_anomaly_subscriptions).where(_columns.account == account)
            if connection.execute(counted).scalar_one() >= forms.MOST_SUBSCRIPTIONS:
                raise LimitExceeded(f"Limit exceeded: {forms.MOST_SUBSCRIPTIONS} subscriptions exist already")
            connection.execute(insert(cost_anomaly_subscriptions).values(**_row(made)))
            if tagged:
                set_tags(connection, made.arn, tagged)
            return made

        return await self._state.change(write)

    async def listed(self, scope: Scope, arns: Sequence[str] = (), monitor: str = "") -> list[Subscription]:
        """The subscriptions that `scope` sees, by age; those named, or of a monitor. Raises UnknownSubscription."""

        def read(connection: Connection) -> list[Subscription]:
            if arns:
                found = [subscription_in(connection, scope, arn) for arn in dict.fromkeys(arns)]
            else:
                query = select(cost_anomaly_subscriptions).order_by(_columns.created_ms, _columns.arn)
                every = map(subscription_of, connection.execute(query))
                found = [one for one in every if sees(scope, one.account, one.scope)]
            return [one for one in found if not monitor or monitor in one.monitors]

        return await self._state.read(read)

    async def update(self, scope: Scope, arn: str, changes: Mapping[str, Any]) -> Subscription:
        """Change parts of a subscription. Raises UnknownSubscription, UnknownMonitor, InvalidInput, LimitExceeded."""
        now_ms = self._clock.now_ms()
        given = {name: value for name, value in changes.items() if value is not None}

        def write(connection: Connection) -> Subscription:
            known = subscription_in(connection, scope, arn)
            gone = {_EITHER[name] for name in given if name in _EITHER} - set(given)
            form = forms.subscription_form({k: v for k, v in {**known.form, **given}.items() if k not in gone})
            _need(connection, scope, form["MonitorArnList"])
            values = {"form": json.dumps(form), "updated_ms": now_ms}
            connection.execute(update(cost_anomaly_subscriptions).where(_columns.arn == arn).values(values))
            return subscription_in(connection, scope, arn)

        return await self._state.change(write)

    async def delete(self, scope: Scope, arn: str) -> None:
        """Tell nobody any more. Raises UnknownSubscription."""

        def write(connection: Connection) -> None:
            subscription_in(connection, scope, arn)
            connection.execute(delete(cost_anomaly_told).where(cost_anomaly_told.c.subscription == arn))
            connection.execute(delete(cost_anomaly_subscriptions).where(_columns.arn == arn))
            forget_tags(connection, arn)

        await self._state.change(write)

    async def tags(self, scope: Scope, arn: str, *, known: bool = False) -> dict[str, str]:
        """The tags of a monitor or a subscription; of anything that is `known` to exist. Raises NotFound."""

        def read(connection: Connection) -> dict[str, str]:
            if not known:
                _there(connection, scope, arn)
            return tags_in(connection, arn)

        return await self._state.read(read)

    async def tag(
        self, scope: Scope, arn: str, put: Mapping[str, str], remove: Sequence[str] = (), *, known: bool = False
    ) -> None:
        """Set and remove tags of a monitor or a subscription; of anything `known` to exist. Raises NotFound,
        InvalidInput."""

        def write(connection: Connection) -> None:
            if not known:
                _there(connection, scope, arn)
            set_tags(connection, arn, put, tuple(remove))

        await self._state.change(write)

    async def forget_tags(self, arn: str) -> None:
        """Drop the tags of what is gone."""
        await self._state.change(lambda connection: forget_tags(connection, arn))


def _need(connection: Connection, scope: Scope, monitors: Sequence[str]) -> None:
    for arn in monitors:
        monitor_in(connection, scope, arn)


def _there(connection: Connection, scope: Scope, arn: str) -> None:
    if ":anomalymonitor/" in arn:
        monitor_in(connection, scope, arn)
    elif ":anomalysubscription/" in arn:
        subscription_in(connection, scope, arn)
    else:
        raise NotFound(f"Unable to find resource: {arn}; anomaly monitors and subscriptions carry tags")


def _row(one: Subscription) -> dict[str, Any]:
    return {
        "arn": one.arn,
        "account": one.account,
        "form": json.dumps(one.form),
        "scope": scope_text(one.scope),
        "created_ms": one.created_ms,
        "updated_ms": one.updated_ms,
        "told_ms": one.told_ms,
    }
