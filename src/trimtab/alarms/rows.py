"""Alarms as they are stored: a definition in CloudWatch's form beside the state that it was last found in."""

import json
from collections.abc import Sequence
from typing import Any

from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, Row, Select, Table, and_, case, literal, select

from trimtab.access.scope import RowRule
from trimtab.alarms.hold import Held, read_held
from trimtab.alarms.model import Actions, AlarmKey, AlarmKind, State, StateValue
from trimtab.base.partitions import BY_REGION, partition_of
from trimtab.store.state.tables import alarms, tags

Form = dict[str, Any]

ALARM_TYPES = {AlarmKind.COMPOSITE: "CompositeAlarm", AlarmKind.LOG: "LogAlarm"}
"""CloudWatch's types by kind; all others are MetricAlarm."""
_NAMES_A_QUERY = 500  # SQLite takes 32,766 parameters in a statement; PostgreSQL plans long lists slowly


class Stored(Struct, frozen=True):
    """An alarm's row. `warm_from_ms` is when its warm-up began; `contributors` is JSON of alarms.contributors."""

    key: AlarmKey
    kind: AlarmKind
    form: Form
    version: int
    configured: int
    created_ms: int
    configured_ms: int
    warm_from_ms: int | None
    state: State
    evaluation_state: str | None
    contributors: str | None
    held: Held | None

    @property
    def alarm_type(self) -> str:
        """CloudWatch's type of alarm."""
        return ALARM_TYPES.get(self.kind, "MetricAlarm")

    @property
    def actions(self) -> Actions:
        """The actions of the definition, as they were checked when it was put."""
        form = self.form
        return Actions(
            form.get("ActionsEnabled", True),
            *(tuple(form.get(name, ())) for name in ("OKActions", "AlarmActions", "InsufficientDataActions")),
        )


def stored(row: Row[Any]) -> Stored:
    """The alarm in a row of `select(alarms)`."""
    return Stored(
        AlarmKey(row.account, row.region, row.name),
        AlarmKind(row.kind),
        json.loads(row.config),
        row.version,
        row.configured,
        row.created_ms,
        row.configured_ms,
        row.warm_from_ms,
        State(StateValue(row.state), row.reason, row.reason_data, row.updated_ms, row.transitioned_ms),
        row.evaluation_state,
        row.contributors,
        read_held(row.held),
    )


def at(key: AlarmKey) -> ColumnElement[bool]:
    """The condition that a row is that of `key`."""
    return and_(within(key.account, key.region), alarms.c.name == key.name)


def within(account: str, region: str) -> ColumnElement[bool]:
    """The condition that a row is of an account and region."""
    return and_(alarms.c.account == account, alarms.c.region == region)


def seen(table: Table, rows: Sequence[RowRule]) -> list[ColumnElement[bool]]:
    """The conditions that a row of `table` (it has account, region and name) is of an alarm whose tags pass `rows`."""
    columns = table.c
    partition = case(*((columns.region.startswith(begin), name) for begin, name in BY_REGION), else_=partition_of(""))
    of = literal("arn:") + partition + literal(":cloudwatch:") + columns.region + literal(":") + columns.account
    arn = of + literal(":alarm:") + columns.name
    return [
        arn.in_(select(tags.c.arn).where(tags.c.key == rule.key, tags.c.value.in_(sorted(rule.values))))
        for rule in rows
    ]


def all_rows() -> Select[Any]:
    """A select of whole rows, in the order of names."""
    return select(alarms).order_by(alarms.c.account, alarms.c.region, alarms.c.name)


def read_one(connection: Connection, key: AlarmKey) -> Stored | None:
    """The alarm of that name."""
    row = connection.execute(select(alarms).where(at(key))).first()
    return None if row is None else stored(row)


def read_named(
    connection: Connection, account: str, region: str, names: Sequence[str], rows: Sequence[RowRule] = ()
) -> dict[str, Stored]:
    """The alarms of those names that there are and whose tags pass `rows`, by name."""
    found: dict[str, Stored] = {}
    wanted, mine = list(dict.fromkeys(names)), [within(account, region), *seen(alarms, rows)]
    for first in range(0, len(wanted), _NAMES_A_QUERY):
        part = wanted[first : first + _NAMES_A_QUERY]
        read = connection.execute(select(alarms).where(*mine, alarms.c.name.in_(part)))
        found |= {row.name: stored(row) for row in read}
    return found


def name_of(text: str, account: str, region: str) -> str:
    """The name that a rule or suppressor means: what an ARN of this account and region names, else the text itself."""
    return text.removeprefix(AlarmKey(account, region, "").arn)
