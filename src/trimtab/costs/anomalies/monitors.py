"""The monitors: made, renamed, deleted with all they found. One of services exists by itself, until it is deleted."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from trimtab.access.scope import EVERYTHING, Scope, scope_text
from trimtab.base.clock import Clock
from trimtab.base.errors import LimitExceeded
from trimtab.base.ids import new_id
from trimtab.costs.anomalies import form as forms
from trimtab.costs.anomalies.model import DEFAULT_NAME, Monitor, monitor_arn
from trimtab.costs.anomalies.rows import (
    forget_tags,
    monitor_in,
    monitor_of,
    sees,
    set_tags,
    subscription_of,
)
from trimtab.store.state.database import State
from trimtab.store.state.schema.cost_anomalies import (
    cost_anomalies,
    cost_anomaly_subscriptions,
    cost_anomaly_told,
    cost_monitors,
)

_columns = cost_monitors.c
_DEFAULT_ID = "default-services"
_DEFAULT: Mapping[str, Any] = {
    "MonitorName": DEFAULT_NAME,
    "MonitorType": "DIMENSIONAL",
    "MonitorDimension": "SERVICE",
}


class MonitorStore:
    """The monitors of one state database. `home` is the account whose monitor of services exists by itself."""

    def __init__(self, state: State, clock: Clock, read: forms.ReadFilter, home: str) -> None:
        self._state = state
        self._clock = clock
        self._read = read
        self._home = home

    async def create(
        self, scope: Scope, account: str, given: Mapping[str, Any], tagged: Mapping[str, str] | None = None
    ) -> Monitor:
        """Make a monitor over what `scope` sees. Raises InvalidInput, LimitExceeded, and its filter's reader error."""
        now_ms = self._clock.now_ms()
        form = forms.monitor_form(given, self._read)
        made = Monitor(monitor_arn(account, new_id()), account, form, now_ms, now_ms, scope)

        def write(connection: Connection) -> Monitor:
            mine = (_columns.account == account) & (_columns.deleted_ms == 0)
            held = connection.execute(select(func.count()).select_from(cost_monitors).where(mine)).scalar_one()
            if held >= forms.MOST_MONITORS:
                raise LimitExceeded(f"Limit exceeded on monitor creation: {forms.MOST_MONITORS} monitors exist already")
            connection.execute(insert(cost_monitors).values(**_row(made)))
            if tagged:
                set_tags(connection, made.arn, tagged)
            return made

        return await self._state.change(write)

    async def ensure_default(self) -> None:
        """Make the monitor of services, unless it is there or somebody deleted it."""
        now_ms = self._clock.now_ms()
        arn = monitor_arn(self._home, _DEFAULT_ID)

        def write(connection: Connection) -> None:
            if connection.execute(select(_columns.arn).where(_columns.arn == arn)).first() is None:
                made = Monitor(arn, self._home, dict(_DEFAULT), now_ms, now_ms, EVERYTHING)
                connection.execute(insert(cost_monitors).values(**_row(made)))

        await self._state.change(write)

    async def get(self, scope: Scope, arn: str) -> Monitor:
        """A monitor. Raises UnknownMonitor."""
        return await self._state.read(lambda connection: monitor_in(connection, scope, arn))

    async def listed(self, scope: Scope, arns: Sequence[str] = ()) -> list[Monitor]:
        """The monitors that `scope` sees, by age, or those named. Raises UnknownMonitor for one that is not there."""

        def read(connection: Connection) -> list[Monitor]:
            if arns:
                return [monitor_in(connection, scope, arn) for arn in dict.fromkeys(arns)]
            query = select(cost_monitors).where(_columns.deleted_ms == 0).order_by(_columns.created_ms, _columns.arn)
            found = map(monitor_of, connection.execute(query))
            return [one for one in found if sees(scope, one.account, one.scope)]

        return await self._state.read(read)

    async def rename(self, scope: Scope, arn: str, name: str | None) -> Monitor:
        """Give a monitor another name, which is all that can change. Raises UnknownMonitor, InvalidInput."""
        now_ms = self._clock.now_ms()

        def write(connection: Connection) -> Monitor:
            known = monitor_in(connection, scope, arn)
            if name is None:
                return known
            form = {**known.form, "MonitorName": forms.name_of(name, "MonitorName")}
            values = {"form": json.dumps(form), "updated_ms": now_ms}
            connection.execute(update(cost_monitors).where(_columns.arn == arn).values(values))
            return monitor_in(connection, scope, arn)

        return await self._state.change(write)

    async def delete(self, scope: Scope, arn: str) -> None:
        """Delete a monitor with what it found; subscriptions keep their other monitors. Raises UnknownMonitor."""
        now_ms = self._clock.now_ms()

        def write(connection: Connection) -> None:
            monitor_in(connection, scope, arn)
            own = select(cost_anomalies.c.id).where(cost_anomalies.c.monitor == arn)
            connection.execute(delete(cost_anomaly_told).where(cost_anomaly_told.c.anomaly.in_(own)))
            connection.execute(delete(cost_anomalies).where(cost_anomalies.c.monitor == arn))
            forget_tags(connection, arn)
            _unsubscribe(connection, arn)
            if arn == monitor_arn(self._home, _DEFAULT_ID):
                values = {"deleted_ms": now_ms}
                connection.execute(update(cost_monitors).where(_columns.arn == arn).values(values))
            else:
                connection.execute(delete(cost_monitors).where(_columns.arn == arn))

        await self._state.change(write)


def _unsubscribe(connection: Connection, arn: str) -> None:
    table = cost_anomaly_subscriptions
    for one in map(subscription_of, connection.execute(select(table)).all()):
        if arn in one.monitors:
            form = {**one.form, "MonitorArnList": [other for other in one.monitors if other != arn]}
            connection.execute(update(table).where(table.c.arn == one.arn).values(form=json.dumps(form)))


def _row(monitor: Monitor) -> dict[str, Any]:
    return {
        "arn": monitor.arn,
        "account": monitor.account,
        "form": json.dumps(monitor.form),
        "scope": scope_text(monitor.scope),
        "created_ms": monitor.created_ms,
        "updated_ms": monitor.updated_ms,
        "deleted_ms": 0,
        "judged_ms": 0,
        "judged_mark": "",
        "value_count": 0,
        "problem": "",
    }
