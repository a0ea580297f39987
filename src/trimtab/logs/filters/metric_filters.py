"""Metric filters: what is counted, or measured, of the events of a group."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct, field
from sqlalchemy import Connection, RowMapping, Select, delete, func, insert, select

from trimtab.base.clock import Clock
from trimtab.base.errors import InvalidInput, LimitExceeded, NotFound
from trimtab.base.records import replace
from trimtab.logs.filters.parser import parse
from trimtab.logs.filters.syntax import FieldsPattern, JsonPattern, Pattern, Selector
from trimtab.logs.filters.values import number_of
from trimtab.logs.model import Group
from trimtab.store.state.database import State
from trimtab.store.state.schema.log_filters import metric_filters
from trimtab.store.state.schema.logs import log_groups

MOST_FILTERS = 100
"""Of a group, as AWS documents it."""
MOST_DIMENSIONS = 3
"""Of a filter, as AWS documents it."""
_columns, _groups = metric_filters.c, log_groups.c


class MetricFilter(Struct, frozen=True):
    """A filter. `value` is a number, a name of the pattern or a selector; so are the values of `dimensions`.

    `default` is reported for a minute in which events came and none matched.
    """

    name: str
    pattern: str
    namespace: str
    metric: str
    value: str
    default: float | None = None
    dimensions: Mapping[str, str] = field(default_factory=dict)
    unit: str = "None"
    transformed: bool = False
    created_ms: int = 0
    group: int = 0
    log_group: str = ""


def check(filter_: MetricFilter) -> None:
    """Raises InvalidInput for a filter that could not emit, naming what is wrong."""
    names = names_of(measured_pattern(filter_))
    if len(filter_.dimensions) > MOST_DIMENSIONS:
        raise InvalidInput(
            f"cannot put the metric filter: got {len(filter_.dimensions)} dimensions; expected {MOST_DIMENSIONS}"
        )
    if filter_.dimensions and filter_.default is not None:
        raise InvalidInput("cannot put the metric filter: one with dimensions has no default value")
    if filter_.dimensions and names is None:
        raise InvalidInput("cannot put the metric filter: only patterns of JSON and of fields have dimensions")
    for value in (filter_.value, *filter_.dimensions.values()):
        is_name = value in (names or ())
        if not is_name and (value in filter_.dimensions.values() or number_of(value) is None):
            known = f"one of {', '.join(sorted(names))}" if names else "a number"
            raise InvalidInput(f"cannot put the metric filter: got {value!r}; expected {known}")


def measured_pattern(filter_: MetricFilter) -> Pattern:
    """The pattern of a filter with the selectors of its value and dimensions, which the pattern itself may lack."""
    pattern = parse(filter_.pattern)
    if not isinstance(pattern, JsonPattern):
        return pattern
    further = [one for text in (filter_.value, *filter_.dimensions.values()) for one in _selectors(text)]
    return replace(pattern, selectors=tuple(dict.fromkeys((*pattern.selectors, *further))))


def _selectors(text: str) -> tuple[Selector, ...]:
    """The selector that a text is, if it is one."""
    try:
        found = parse(f"{{ {text} = * }}") if text.startswith("$") else None
    except InvalidInput:
        return ()
    return found.selectors if isinstance(found, JsonPattern) and found.selectors[0].text == text else ()


def names_of(pattern: Pattern) -> set[str] | None:
    """What a pattern names, as `$.a` or `$field`; None for terms, which name nothing."""
    if isinstance(pattern, JsonPattern):
        return {selector.text for selector in pattern.selectors}
    if isinstance(pattern, FieldsPattern):
        return {f"${slot.name}" for slot in (*pattern.head, *(pattern.tail or ())) if slot.name}
    return None


class MetricFilters:
    """The metric filters of every group. `changes` counts what this process changed."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self._clock = clock
        self.changes = 0

    async def put(self, group: Group, filter_: MetricFilter) -> None:
        """Add a filter to a group, or replace that of the same name. Raises InvalidInput, LimitExceeded."""
        check(filter_)
        where = (_columns.group == group.id, _columns.name == filter_.name)

        def write(connection: Connection) -> None:
            created = connection.execute(select(_columns.created_ms).where(*where)).scalar()
            connection.execute(delete(metric_filters).where(*where))
            counted = select(func.count()).select_from(metric_filters).where(_columns.group == group.id)
            if connection.execute(counted).scalar_one() >= MOST_FILTERS:
                raise LimitExceeded(f"cannot put the metric filter: {group.name} has {MOST_FILTERS}, as many as it may")
            connection.execute(insert(metric_filters).values(_row(group, filter_, created or self._clock.now_ms())))

        await self._state.change(write)
        self.changes += 1

    async def delete(self, group: Group, name: str) -> None:
        """Remove a filter. Raises NotFound."""

        def write(connection: Connection) -> None:
            gone = connection.execute(
                delete(metric_filters).where(_columns.group == group.id, _columns.name == name)
            ).rowcount
            if not gone:
                raise NotFound("The specified metric filter does not exist.")

        await self._state.change(write)
        self.changes += 1

    async def listed(
        self,
        account: str,
        region: str,
        *,
        group: int | None = None,
        prefix: str = "",
        metric: tuple[str, str] | None = None,
    ) -> list[MetricFilter]:
        """Filters by group and name; `metric` is (namespace, name)."""
        wanted = _joined().where(_groups.account == account, _groups.region == region)
        if group is not None:
            wanted = wanted.where(_columns.group == group)
        if prefix:
            wanted = wanted.where(_columns.name.startswith(prefix, autoescape=True))
        if metric is not None:
            wanted = wanted.where(_columns.namespace == metric[0], _columns.metric == metric[1])
        return await self._read(wanted.order_by(_groups.name, _columns.name))

    async def every(self) -> list[MetricFilter]:
        """All filters of all groups that there are."""
        return await self._read(_joined())

    async def counts(self, groups: Sequence[int]) -> dict[int, int]:
        """How many filters each of these groups has; those without any are absent."""
        wanted = select(_columns.group, func.count()).where(_columns.group.in_(groups)).group_by(_columns.group)
        rows = await self._state.read(lambda connection: connection.execute(wanted).all())
        return {row[0]: row[1] for row in rows}

    async def _read(self, wanted: Select[Any]) -> list[MetricFilter]:
        return await self._state.read(lambda connection: [_read(row) for row in connection.execute(wanted).mappings()])


def _joined() -> Select[Any]:
    return select(metric_filters, _groups.name.label("log_group")).join(log_groups, _groups.id == _columns.group)


def _row(group: Group, filter_: MetricFilter, created_ms: int) -> dict[str, Any]:
    return {
        "group": group.id, "name": filter_.name, "pattern": filter_.pattern, "namespace": filter_.namespace,
        "metric": filter_.metric, "value": filter_.value, "default_value": filter_.default,
        "dimensions": json.dumps(dict(filter_.dimensions)), "unit": filter_.unit,
        "transformed": int(filter_.transformed), "created_ms": created_ms,
    }  # fmt: skip


def _read(row: RowMapping) -> MetricFilter:
    return MetricFilter(
        row["name"], row["pattern"], row["namespace"], row["metric"], row["value"], row["default_value"],
        json.loads(row["dimensions"]), row["unit"], bool(row["transformed"]), row["created_ms"], row["group"],
        row["log_group"],
    )  # fmt: skip
