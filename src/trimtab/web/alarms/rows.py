"""The rows of the list of alarms: those that fire first, composite alarms with their children below them."""

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from trimtab.alarms import composite
from trimtab.alarms.condition import condition
from trimtab.alarms.form import read_alarm
from trimtab.alarms.model import AlarmKind, CompositeAlarm, StateValue
from trimtab.alarms.mute import MuteRule
from trimtab.alarms.rows import Stored, name_of
from trimtab.base.errors import InvalidInput
from trimtab.base.records import replace

_RANK = {StateValue.ALARM: 0, StateValue.INSUFFICIENT_DATA: 1, StateValue.OK: 2}
_DEEPEST = 5
_Place = tuple[str, str, str]


class Row(Struct, frozen=True):
    """One alarm. `depth` is how far below a composite alarm it stands; `muted` names the rules that silence it now."""

    name: str
    kind: str
    state: StateValue
    since_ms: int
    reason: str
    watches: str
    description: str
    enabled: bool
    actions: int
    muted: tuple[str, ...]
    trouble: str
    account: str = ""
    region: str = ""
    children: tuple[str, ...] = ()
    depth: int = 0
    url: str = ""


def row_of(alarm: Stored, rules: Iterable[MuteRule], now_ms: int) -> Row:
    """An alarm as a row."""
    key = alarm.key
    children: tuple[str, ...] = ()
    try:
        read = read_alarm(alarm.kind, key, alarm.form)
        told = condition(read)
        if isinstance(read, CompositeAlarm):
            words = composite.children(composite.rule_of(read.rule))
            children = tuple(dict.fromkeys(name_of(word, key.account, key.region) for word in words))
    except InvalidInput as problem:
        told = str(problem)
    actions = alarm.actions
    return Row(
        key.name,
        alarm.kind.value.replace("_", " "),
        alarm.state.value,
        alarm.state.transitioned_ms,
        alarm.state.reason,
        told,
        alarm.form.get("AlarmDescription") or "",
        actions.enabled,
        len({*actions.ok, *actions.alarm, *actions.insufficient}),
        tuple(rule.name for rule in rules if key.name in rule.alarms and rule.active(now_ms)),
        "" if alarm.evaluation_state is None or alarm.kind is AlarmKind.COMPOSITE else alarm.evaluation_state,
        key.account,
        key.region,
        children,
    )


def ranked(rows: Iterable[Row]) -> list[Row]:
    """ALARM first, then what has no data, each by how long."""
    return sorted(
        rows, key=lambda row: (_RANK[row.state], -row.since_ms if row.state is StateValue.ALARM else 0, row.name)
    )


def tree(rows: Sequence[Row]) -> list[Row]:
    """The rows, with those that composite alarms name below them; an alarm that none names stands by itself."""
    known = {_place(row, row.name): row for row in rows}
    below = {_place(row, child) for row in rows for child in row.children if child != row.name}
    found: list[Row] = []
    for row in ranked(row for row in rows if _place(row, row.name) not in below):
        _grow(row, 0, known, found, (row.name,))
    shown = {_place(row, row.name) for row in found}
    return found + ranked(row for row in rows if _place(row, row.name) not in shown)  # those of a cycle


def _grow(row: Row, depth: int, known: Mapping[_Place, Row], found: list[Row], path: tuple[str, ...]) -> None:
    found.append(replace(row, depth=depth))
    if depth < _DEEPEST:
        children = [known.get(_place(row, name)) for name in row.children if name not in path]
        for child in ranked(one for one in children if one is not None):
            _grow(child, depth + 1, known, found, (*path, child.name))


def _place(row: Row, name: str) -> _Place:
    return row.account, row.region, name
