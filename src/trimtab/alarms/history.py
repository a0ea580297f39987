"""What happened to alarms, kept for 14 days: definitions that changed, states that changed, actions that were run."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, delete, func, insert, select, tuple_

from trimtab.access.scope import RowRule
from trimtab.alarms.contributors import ContributorChange
from trimtab.alarms.model import AlarmKey, State, StateValue
from trimtab.alarms.reasons import compact
from trimtab.alarms.rows import seen
from trimtab.base.records import replace
from trimtab.store.state.tables import alarm_history

KEPT_MS = 14 * 86_400_000
"""History is kept as long as CloudWatch's was when the behaviour was documented (observability reference)."""
CONFIGURATION, STATE, ACTION = "ConfigurationUpdate", "StateUpdate", "Action"
CONTRIBUTOR_STATE, CONTRIBUTOR_ACTION = "AlarmContributorStateUpdate", "AlarmContributorAction"
MAX_SUMMARY = 255
MAX_DATA = 4095


class Item(Struct, frozen=True):
    """One thing that happened to an alarm, at `at_ms`; `data` is JSON, `position` its place in the listing."""

    key: AlarmKey
    alarm_type: str
    item_type: str
    at_ms: int
    summary: str
    data: str
    contributor: str | None = None
    attributes: Mapping[str, str] | None = None
    position: int = 0


class Wanted(Struct, frozen=True):
    """Which items to list: those of an alarm, of types, in `[start_ms, end_ms)`; `after` is (at_ms, position).

    `rows` are the rules that the alarm's tags must pass: what is told of one that was deleted passes none.
    """

    account: str
    region: str
    name: str | None = None
    alarm_types: Sequence[str] = ()
    item_type: str | None = None
    contributor: str | None = None
    start_ms: int | None = None
    end_ms: int | None = None
    ascending: bool = False
    after: tuple[int, int] | None = None
    rows: tuple[RowRule, ...] = ()


def record(connection: Connection, items: Sequence[Item]) -> None:
    """Write items in the caller's transaction."""
    if items:
        connection.execute(
            insert(alarm_history),
            [
                {
                    "account": item.key.account,
                    "region": item.key.region,
                    "name": item.key.name,
                    "alarm_type": item.alarm_type,
                    "item_type": item.item_type,
                    "contributor": item.contributor,
                    "attributes": json.dumps(dict(item.attributes)) if item.attributes else None,
                    "at_ms": item.at_ms,
                    "summary": item.summary[:MAX_SUMMARY],
                    "data": item.data,
                }
                for item in items
            ],
        )


def listed(connection: Connection, wanted: Wanted, limit: int) -> list[Item]:
    """At most `limit` items, newest first unless `ascending`."""
    columns = alarm_history.c
    query = select(alarm_history).where(columns.account == wanted.account, columns.region == wanted.region)
    query = query.where(*seen(alarm_history, wanted.rows))
    equal = {columns.name: wanted.name, columns.item_type: wanted.item_type, columns.contributor: wanted.contributor}
    for column, value in equal.items():
        if value is not None:
            query = query.where(column == value)
    if wanted.alarm_types:
        query = query.where(columns.alarm_type.in_(wanted.alarm_types))
    if wanted.start_ms is not None:
        query = query.where(columns.at_ms >= wanted.start_ms)
    if wanted.end_ms is not None:
        query = query.where(columns.at_ms < wanted.end_ms)
    place = tuple_(columns.at_ms, columns.id)
    if wanted.after is not None:
        after = tuple_(*wanted.after)
        query = query.where(place > after if wanted.ascending else place < after)
    order = (columns.at_ms, columns.id) if wanted.ascending else (columns.at_ms.desc(), columns.id.desc())
    return [_item(row) for row in connection.execute(query.order_by(*order).limit(limit))]


def left_alarm_ms(connection: Connection, key: AlarmKey) -> int | None:
    """When an alarm last went out of ALARM, as far as history is kept."""
    columns = alarm_history.c
    newest = select(func.max(columns.at_ms)).where(
        columns.account == key.account,
        columns.region == key.region,
        columns.name == key.name,
        columns.item_type == STATE,
        columns.summary.startswith(f"Alarm updated from {StateValue.ALARM} to "),
    )
    return connection.execute(newest).scalar_one_or_none()


def trim(connection: Connection, before_ms: int) -> int:
    """Forget what happened before a time; returns how many items."""
    return connection.execute(delete(alarm_history).where(alarm_history.c.at_ms < before_ms)).rowcount


def state_update(key: AlarmKey, alarm_type: str, old: State, new: State) -> Item:
    """The item of a change of state."""
    data = compact({"version": "1.0", "oldState": _state(old), "newState": _state(new)})
    if len(data) > MAX_DATA:  # the older state's data are the lesser loss
        data = compact({"version": "1.0", "oldState": _state(old, data=False), "newState": _state(new)})
    return Item(key, alarm_type, STATE, new.updated_ms, f"Alarm updated from {old.value} to {new.value}", data)


def action_update(key: AlarmKey, alarm_type: str, state: StateValue, arn: str, at_ms: int) -> Item:
    """The item of an action that was handed on."""
    data = compact({"actionState": "Succeeded", "stateUpdate": state.value, "notificationResource": arn})
    return Item(key, alarm_type, ACTION, at_ms, f"Successfully executed action {arn}", data)


def contributor_update(key: AlarmKey, change: ContributorChange) -> Item:
    """The item of a contributor that changed its state."""
    told = {"stateValue": change.new.value, **({"stateReason": change.reason} if change.reason else {})}
    data = compact({"version": "1.0", "oldState": {"stateValue": change.old.value}, "newState": told})
    summary = f"Alarm contributor updated from {change.old.value} to {change.new.value}"
    return Item(
        key, "MetricAlarm", CONTRIBUTOR_STATE, change.at_ms, summary, data[:MAX_DATA], change.id, change.attributes
    )


def contributor_action(key: AlarmKey, change: ContributorChange, arn: str) -> Item:
    """The item of an action that was handed on for a contributor."""
    item = action_update(key, "MetricAlarm", change.new, arn, change.at_ms)
    return replace(item, item_type=CONTRIBUTOR_ACTION, contributor=change.id, attributes=change.attributes)


def configured(key: AlarmKey, alarm_type: str, verb: str, told: Mapping[str, Any], at_ms: int) -> Item:
    """The item of an alarm that was `Created`, `Updated` or `Deleted`."""

    def data(definition: Mapping[str, Any]) -> str:
        return compact({"version": "1.0", "type": verb.removesuffix("d"), f"{verb.lower()}Alarm": definition})

    whole = data(told)
    if len(whole) > MAX_DATA:  # a definition that does not fit is left out: half of its JSON would help no one
        whole = data({"alarmName": key.name, "truncated": True})
    return Item(key, alarm_type, CONFIGURATION, at_ms, f'Alarm "{key.name}" {verb.lower()}', whole)


def _state(state: State, *, data: bool = True) -> dict[str, Any]:
    told: dict[str, Any] = {"stateValue": state.value.value, "stateReason": state.reason}
    if data and state.data is not None:
        told["stateReasonData"] = json.loads(state.data)
    return told


def _item(row: Any) -> Item:
    return Item(
        AlarmKey(row.account, row.region, row.name),
        row.alarm_type,
        row.item_type,
        row.at_ms,
        row.summary,
        row.data,
        row.contributor,
        json.loads(row.attributes) if row.attributes else None,
        row.id,
    )
