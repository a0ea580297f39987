"""A filter expression as conditions of SQL, with every value bound.

What is said of one span alone becomes `where`: any trace that has such a span is found. All else is said of whole
traces: `having`, over the spans of a trace in the window, after `where` has narrowed which traces are looked at.
Root causes are not told by SQL: a plan that asks for them is not `exact`, and `evaluate` has the last word.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from msgspec import Struct

from trimtab.base.errors import InvalidInput
from trimtab.traces.filters.columns import CALL, FLAGS, NUMBERS, TEXTS, TIMES, annotation_column
from trimtab.traces.filters.keywords import KEYWORDS
from trimtab.traces.filters.operators import order_sql, text_sql
from trimtab.traces.filters.syntax import (
    All,
    Annotation,
    AnyOf,
    Cause,
    CauseJson,
    Compare,
    Edge,
    Expression,
    Flag,
    Group,
    Node,
    Not,
    Service,
)
from trimtab.traces.model import NS_A_S
from trimtab.traces.window import Window

ENTRY = "(NOT segment, parent_id != '', start_ns, partial)"
"""The least of these is the entry of a trace: as it is now, where it was in progress before."""
_CAUSES = {"fault": "fault", "error": "(error OR throttle)"}
# The more often a trace has such a span, the less it narrows.
_RANKS: Mapping[type[Any], int] = {Annotation: 0, Edge: 2, Service: 3, Compare: 4, Flag: 5}
_ENTRY_RANK = 1


class Plan(Struct, frozen=True):
    """`where` is a condition over spans ("" for none), `having` one over those of a trace ("": `where` says it all).

    `settled`: it has to see spans as they are now, since it asks for what is in progress.
    """

    where: str
    having: str
    params: Mapping[str, Any]
    exact: bool
    settled: bool = False


@dataclass
class _Planner:
    window: Window
    params: dict[str, Any] = field(default_factory=dict)

    def bound(self, value: Any) -> str:
        name = f"p{len(self.params)}"
        self.params[name] = value
        return f"{{{name}:{'Float64' if isinstance(value, float) else 'String'}}}"

    # -- of one span ------------------------------------------------------------------------------------------

    def row(self, part: Expression) -> str:
        """The condition over a span within the braces of a service or an edge, or of a keyword by itself."""
        if isinstance(part, All | AnyOf):
            return _joined(" AND " if isinstance(part, All) else " OR ", [self.row(one) for one in part.parts])
        if isinstance(part, Not):
            return f"(NOT {self.row(part.inner)})"
        if isinstance(part, Flag):
            return f"({FLAGS[part.name][0]})"
        if isinstance(part, Compare):
            return self._compare(part)
        if isinstance(part, Annotation):
            return self._annotation(part)
        if isinstance(part, Service):
            return self._with_inner(self._node(part.node), part.inner)
        if isinstance(part, Edge):
            return self._with_inner(self._edge(part), part.inner)
        raise AssertionError(f"the parser lets no {type(part).__name__} be said of one span")

    def _with_inner(self, condition: str, inner: Expression | None) -> str:
        return condition if inner is None else f"({condition} AND {self.row(inner)})"

    def _compare(self, part: Compare) -> str:
        if isinstance(part.value, str):
            texts = TEXTS[part.name][0]
            return f"arrayExists(v -> {text_sql(part.operator, 'v', self.bound(part.value))}, {texts})"
        if part.name in TIMES:  # on the column itself, which has an index
            return f"(NOT partial AND duration_ns {part.operator} {self.bound(part.value * NS_A_S)})"
        return order_sql(part.operator, NUMBERS[part.name][0], self.bound(part.value))

    def _annotation(self, part: Annotation) -> str:
        column, name = annotation_column(part.key)
        key = self.bound(name)
        value, held = f"{column}[{key}]", f"mapContains({column}, {key})"
        if not part.operator:
            return held
        if isinstance(part.value, bool):
            wanted = "true" if part.value else "false"
            return f"({held} AND {text_sql(part.operator, f'lower({value})', self.bound(wanted))})"
        if isinstance(part.value, str):
            # The index of values is used where the value itself is compared.
            return f"({held} AND {text_sql(part.operator, value, self.bound(part.value))})"
        return order_sql(part.operator, f"toFloat64OrNull({value})", self.bound(part.value))

    def _node(self, node: Node) -> str:
        """Segments of a service, and calls of what sends no segments itself."""
        own, called = ["segment"], [CALL, "peer != ''"]
        if node.name:
            name = self.bound(node.name)
            own.append(f"service = {name}")
            called.append(f"peer = {name}")
        rest = []
        if node.type:
            rest.append(f"origin = {self.bound(node.type)}")
        if node.account:
            rest.append(f"account = {self.bound(node.account)}")
        either = f"(({' AND '.join(own)}) OR ({' AND '.join(called)}))"
        return _joined(" AND ", [either, *rest])

    def _edge(self, part: Edge) -> str:
        source = [f"service = {self.bound(part.source.name)}"] if part.source.name else []
        if part.source.account:
            source.append(f"account = {self.bound(part.source.account)}")
        called = [CALL, *source]
        own = ["segment"]
        if part.destination.name:
            name = self.bound(part.destination.name)
            called.append(f"peer = {name}")
            own.append(f"service = {name}")
        if part.destination.type:
            type_ = self.bound(part.destination.type)
            called.append(f"origin = {type_}")
            own.append(f"origin = {type_}")
        above = " AND ".join([self.window.where, *source])
        parents = f"SELECT trace_id, span_id FROM spans WHERE {above}"  # noqa: S608 - conditions with bound values
        own.append(f"(trace_id, parent_id) IN ({parents})")
        return f"(({' AND '.join(called)}) OR ({' AND '.join(own)}))"

    # -- of a trace -------------------------------------------------------------------------------------------

    def trace(self, part: Expression) -> str:
        """The condition over the spans of a trace."""
        if isinstance(part, All | AnyOf):
            return _joined(" AND " if isinstance(part, All) else " OR ", [self.trace(one) for one in part.parts])
        if isinstance(part, Not):
            return "1" if _has_cause(part) else f"(NOT {self.trace(part.inner)})"
        if isinstance(part, Cause | CauseJson):
            found = _CAUSES.get(part.kind)
            return f"(countIf({found}) > 0)" if found else "1"
        if isinstance(part, Compare) and part.name == "duration":
            whole = "(max(start_ns + duration_ns) - min(start_ns)) / 1e9"
            return order_sql(part.operator, whole, self.bound(part.value))
        if of_root(part):
            return f"argMin({self.row(part)}, {ENTRY})"
        return f"(countIf({self.row(part)}) > 0)"

    def narrowing(self, part: Expression) -> tuple[int, Expression] | None:
        """A part that holds for a span of every trace that the whole holds for, with its rank; None without one."""
        if isinstance(part, All):
            entry = tuple(one for one in part.parts if of_root(one))  # they all speak of one span
            found = [one for one in map(self.narrowing, part.parts) if one is not None]
            if len(entry) > 1:
                found.append((_ENTRY_RANK, All(entry)))
            return min(found, key=lambda one: one[0]) if found else None
        if isinstance(part, AnyOf):
            every = [self.narrowing(one) for one in part.parts]
            sure = [one for one in every if one is not None]
            if len(sure) < len(every):
                return None
            return max(rank for rank, _ in sure), AnyOf(tuple(one for _, one in sure))
        if type(part) not in _RANKS or (isinstance(part, Compare) and part.name == "duration"):
            return None
        return _RANKS[type(part)], part


def plan(expression: Expression | None, window: Window) -> Plan:
    """The plan of an expression over a window. Raises InvalidInput for groups: `groups.expand` comes before."""
    if expression is None:
        return Plan("", "", {}, exact=True)
    _refuse_groups(expression)
    planner = _Planner(window)
    if _of_one_span(expression):
        return Plan(planner.row(expression), "", planner.params, exact=True, settled=_asks_for_partial(expression))
    found = planner.narrowing(expression)
    where = planner.row(found[1]) if found else ""
    having = planner.trace(expression)
    settled = _asks_for_partial(expression)
    return Plan(where, having, planner.params, exact=not _has_cause(expression), settled=settled)


def of_root(part: Expression) -> bool:
    """Whether a keyword speaks of the entry of a trace."""
    return isinstance(part, Flag | Compare) and KEYWORDS[part.name].of_root


def _of_one_span(part: Expression) -> bool:
    """Whether any trace with one span of a kind is meant."""
    if isinstance(part, AnyOf):
        return all(_of_one_span(one) for one in part.parts)
    if isinstance(part, Compare) and part.name == "duration":
        return False
    return isinstance(part, Service | Edge | Annotation | Flag | Compare) and not of_root(part)


def _has_cause(part: Expression) -> bool:
    if isinstance(part, All | AnyOf):
        return any(_has_cause(one) for one in part.parts)
    if isinstance(part, Not):
        return _has_cause(part.inner)
    return isinstance(part, Cause | CauseJson)


def _refuse_groups(part: Expression) -> None:
    for one in part.parts if isinstance(part, All | AnyOf) else [part.inner] if isinstance(part, Not) else []:
        _refuse_groups(one)
    if isinstance(part, Group):
        raise InvalidInput(
            f"Invalid filter expression: got group.{part.by} at character {part.at + 1}; groups cannot be named here"
        )


def _asks_for_partial(part: Expression) -> bool:
    if isinstance(part, All | AnyOf):
        return any(_asks_for_partial(one) for one in part.parts)
    inner = part.inner if isinstance(part, Not | Service | Edge) else None
    return (isinstance(part, Flag) and part.name == "partial") or (inner is not None and _asks_for_partial(inner))


def _joined(word: str, parts: list[str]) -> str:
    if not parts:
        return "1"
    return parts[0] if len(parts) == 1 else f"({word.join(parts)})"
