"""Alarms as callers put, list and delete them. Every change is one transaction, with its history."""

import json
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

from msgspec import Struct
from sqlalchemy import Connection, delete, insert, select, update

from trimtab.access.scope import RowRule
from trimtab.alarms import composite
from trimtab.alarms.check import check_alarm
from trimtab.alarms.form import read_alarm
from trimtab.alarms.history import Item, Wanted, configured, listed, record
from trimtab.alarms.model import AlarmKey, AlarmKind, State, StateValue, Transition, initial
from trimtab.alarms.rows import ALARM_TYPES, Stored, all_rows, at, name_of, read_named, read_one, seen, stored, within
from trimtab.alarms.settle import Change, Settlement
from trimtab.base.clock import Clock
from trimtab.base.errors import InvalidInput, NotFound
from trimtab.store.state.database import State as Database
from trimtab.store.state.tables import alarms
from trimtab.store.state.tables import tags as tags_table

T = TypeVar("T")


class Filter(Struct, frozen=True):
    """Which alarms to list, by name; every part that is given must hold. `after` is the last name of the page before.

    `children_of` and `parents_of` name an alarm whose children, or whose parents among composite alarms, are asked for.
    `rows` are the rules that an alarm's tags must pass.
    """

    kinds: frozenset[AlarmKind] = frozenset(AlarmKind)
    names: tuple[str, ...] | None = None
    prefix: str = ""
    state: StateValue | None = None
    action_prefix: str = ""
    children_of: str | None = None
    parents_of: str | None = None
    after: str = ""
    rows: tuple[RowRule, ...] = ()


class AlarmStore:
    """Every alarm, over the state database."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def put(self, kind: AlarmKind, key: AlarmKey, form: Mapping[str, Any], tags: Mapping[str, str]) -> bool:
        """Create an alarm or replace its definition (its state stays); whether it is new. Raises InvalidInput.

        Tags count for new alarms only, as on AWS.
        """
        check_alarm(read_alarm(kind, key, form))
        return await self._database.change(partial(self._put, kind=kind, key=key, form=form, tags=tags))

    async def listed(self, account: str, region: str, wanted: Filter, limit: int) -> list[Stored]:
        """At most `limit` alarms, by name."""
        return await self._database.read(partial(_listed, account=account, region=region, wanted=wanted, limit=limit))

    async def named(
        self, account: str, region: str, names: Sequence[str], rows: Sequence[RowRule] = ()
    ) -> dict[str, Stored]:
        """The alarms of those names that there are and whose tags pass `rows`."""
        return await self._database.read(partial(read_named, account=account, region=region, names=names, rows=rows))

    async def delete(self, account: str, region: str, names: Sequence[str]) -> list[str]:
        """Delete alarms; returns the names that there were none of. Raises InvalidInput for one that others need."""
        return await self._database.change(partial(self._delete, account=account, region=region, names=names))

    async def set_state(self, key: AlarmKey, value: StateValue, reason: str, data: str | None) -> None:
        """Set a state until the next evaluation. Raises NotFound."""
        await self._database.change(partial(self._set_state, key=key, value=value, reason=reason, data=data))

    async def enable_actions(self, account: str, region: str, names: Sequence[str], *, enabled: bool) -> None:
        """Enable or disable the actions of alarms; names that there are none of are passed over, as on AWS."""
        await self._database.change(partial(self._enable, account=account, region=region, names=names, enabled=enabled))

    async def history(self, wanted: Wanted, limit: int) -> list[Item]:
        """What happened to alarms."""
        return await self._database.read(partial(listed, wanted=wanted, limit=limit))

    def _put(
        self, connection: Connection, kind: AlarmKind, key: AlarmKey, form: Mapping[str, Any], tags: Mapping[str, str]
    ) -> bool:
        now_ms = self._clock.now_ms()
        if kind is AlarmKind.COMPOSITE:
            _check_children(connection, key, form)
        before = read_one(connection, key)
        if before is not None and (before.kind is AlarmKind.COMPOSITE) != (kind is AlarmKind.COMPOSITE):
            raise InvalidInput(f"An alarm with the name {key.name} exists already and is of another type.")
        if before is None:
            _insert(connection, kind, key, form, now_ms)
            if tags:
                rows = [{"arn": key.arn, "key": name, "value": value} for name, value in tags.items()]
                connection.execute(delete(tags_table).where(tags_table.c.arn == key.arn))
                connection.execute(insert(tags_table), rows)
        else:
            _replace(connection, before, kind, form, now_ms)
        verb = "Created" if before is None else "Updated"
        record(connection, [configured(key, _type(kind), verb, {"alarmName": key.name, **form}, now_ms)])
        if kind is AlarmKind.COMPOSITE:
            settlement = Settlement(connection, self._clock, now_ms)
            settlement.cascade(key.account, key.region, {key.name: verb.lower()})
        return before is None

    def _delete(self, connection: Connection, account: str, region: str, names: Sequence[str]) -> list[str]:
        found = read_named(connection, account, region, names)
        going = [one.name for one in (found[name].key for name in found)]
        _check_parents(connection, account, region, set(going))
        now_ms = self._clock.now_ms()
        for alarm in found.values():
            connection.execute(delete(alarms).where(at(alarm.key)))
            connection.execute(delete(tags_table).where(tags_table.c.arn == alarm.key.arn))
            told = {"alarmName": alarm.key.name, **alarm.form}
            record(connection, [configured(alarm.key, alarm.alarm_type, "Deleted", told, now_ms)])
        return [name for name in names if name not in found]

    def _set_state(
        self, connection: Connection, key: AlarmKey, value: StateValue, reason: str, data: str | None
    ) -> None:
        alarm = read_one(connection, key)
        if alarm is None:
            raise NotFound(f"The alarm {key.name} does not exist.")
        now_ms = self._clock.now_ms()
        if alarm.state.value is value:
            values = {"reason": reason, "reason_data": data, "updated_ms": now_ms, "version": alarm.version + 1}
            connection.execute(update(alarms).where(at(key)).values(values))
            return
        settlement = Settlement(connection, self._clock, now_ms)
        new = State(value, reason, data, now_ms, now_ms)
        settlement.change(Change(alarm, Transition(alarm.state.value, new), alarm.contributors))
        settlement.cascade(key.account, key.region)

    def _enable(
        self, connection: Connection, account: str, region: str, names: Sequence[str], *, enabled: bool
    ) -> None:
        now_ms = self._clock.now_ms()
        for alarm in read_named(connection, account, region, names).values():
            if alarm.actions.enabled is not enabled:
                _replace(connection, alarm, alarm.kind, {**alarm.form, "ActionsEnabled": enabled}, now_ms)
                told = {"alarmName": alarm.key.name, **alarm.form, "ActionsEnabled": enabled}
                record(connection, [configured(alarm.key, alarm.alarm_type, "Updated", told, now_ms)])


def _insert(connection: Connection, kind: AlarmKind, key: AlarmKey, form: Mapping[str, Any], now_ms: int) -> None:
    # PromQL alarms begin OK (API reference, PutMetricAlarm): a query that returns nothing is the normal case.
    state = initial(now_ms, StateValue.OK if kind is AlarmKind.PROMQL else StateValue.INSUFFICIENT_DATA)
    connection.execute(
        insert(alarms).values(
            account=key.account,
            region=key.region,
            name=key.name,
            kind=kind.value,
            config=json.dumps(form),
            version=1,
            configured=1,
            created_ms=now_ms,
            configured_ms=now_ms,
            warm_from_ms=now_ms if "WarmUpConfiguration" in form else None,
            state=state.value.value,
            reason=state.reason,
            updated_ms=now_ms,
            transitioned_ms=now_ms,
        )
    )


def _replace(connection: Connection, before: Stored, kind: AlarmKind, form: Mapping[str, Any], now_ms: int) -> None:
    """A new definition. A warm-up begins where there was none before; a longer one does not begin anew."""
    warm_from_ms = (before.warm_from_ms or now_ms) if "WarmUpConfiguration" in form else None
    values = {
        "kind": kind.value,
        "config": json.dumps(form),
        "version": before.version + 1,
        "configured": before.version + 1,
        "configured_ms": now_ms,
        "warm_from_ms": warm_from_ms,
        "evaluation_state": None,
        "contributors": before.contributors if before.form == form else None,
    }
    connection.execute(update(alarms).where(at(before.key)).values(values))


def _type(kind: AlarmKind) -> str:
    return ALARM_TYPES.get(kind, "MetricAlarm")


def _names_in(alarm: Stored) -> list[str]:
    """The names of the alarms that a composite alarm depends on: its children and its suppressor."""
    words = list(composite.children(composite.rule_of(alarm.form["AlarmRule"])))
    words += [alarm.form["ActionsSuppressor"]] if "ActionsSuppressor" in alarm.form else []
    return [name_of(word, alarm.key.account, alarm.key.region) for word in words]


def _check_children(connection: Connection, key: AlarmKey, form: Mapping[str, Any]) -> None:
    words = composite.children(composite.rule_of(form["AlarmRule"]))
    names = {word: name_of(word, key.account, key.region) for word in words}
    known = read_named(connection, key.account, key.region, list(names.values()))
    absent = [word for word, name in names.items() if name not in known and name != key.name]
    if absent:
        raise InvalidInput(
            f"Could not save the composite alarm as alarms [{', '.join(absent)}] in the alarm rule do not exist"
        )
    suppressor = form.get("ActionsSuppressor")
    if suppressor is not None:
        name = name_of(suppressor, key.account, key.region)
        if not read_named(connection, key.account, key.region, [name]):
            raise InvalidInput(
                f"Could not save the composite alarm as its suppressor alarm {suppressor} does not exist"
            )


def _check_parents(connection: Connection, account: str, region: str, going: set[str]) -> None:
    rows = connection.execute(all_rows().where(within(account, region), alarms.c.kind == AlarmKind.COMPOSITE.value))
    for parent in map(stored, rows):
        used = going.intersection(_names_in(parent))
        cyclic = parent.key.name in used
        if used and (parent.key.name not in going or cyclic):
            name = sorted(used)[0]
            raise InvalidInput(f"Cannot delete {name} as there are composite alarm(s) depending on it.")


def _listed(connection: Connection, account: str, region: str, wanted: Filter, limit: int) -> list[Stored]:
    columns = alarms.c
    mine = within(account, region)
    query = select(alarms).where(mine, columns.kind.in_([kind.value for kind in wanted.kinds]))
    query = query.where(*seen(alarms, wanted.rows))
    names = None if wanted.names is None else set(wanted.names)
    for related in _related(connection, account, region, wanted):
        names = related if names is None else names & related
    if names is not None:
        query = query.where(columns.name.in_(sorted(names)))
    if wanted.prefix:
        query = query.where(columns.name.startswith(wanted.prefix, autoescape=True))
    if wanted.state is not None:
        query = query.where(columns.state == wanted.state.value)
    if wanted.after:
        query = query.where(columns.name > wanted.after)
    query = query.order_by(columns.name)
    if not wanted.action_prefix:
        return [stored(row) for row in connection.execute(query.limit(limit))]
    found: list[Stored] = []
    for alarm in map(stored, connection.execute(query)):
        actions = (*alarm.actions.ok, *alarm.actions.alarm, *alarm.actions.insufficient)
        if any(arn.startswith(wanted.action_prefix) for arn in actions):
            found.append(alarm)
        if len(found) == limit:
            break
    return found


def _related(connection: Connection, account: str, region: str, wanted: Filter) -> list[set[str]]:
    """The names that `children_of` and `parents_of` allow."""
    found = []
    if wanted.children_of is not None:
        parent = read_one(connection, AlarmKey(account, region, name_of(wanted.children_of, account, region)))
        of = parent is not None and parent.kind is AlarmKind.COMPOSITE
        found.append(set(_names_in(parent)) if of and parent is not None else set())
    if wanted.parents_of is not None:
        rows = connection.execute(all_rows().where(within(account, region), alarms.c.kind == AlarmKind.COMPOSITE.value))
        child = name_of(wanted.parents_of, account, region)
        found.append({parent.key.name for parent in map(stored, rows) if child in _names_in(parent)})
    return found
