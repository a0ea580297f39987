"""Writes a tree as SQL of known types: fields are looked up, texts are bound, functions come from a table.

What has no rule here cannot be said, so no expression reads another table, calls a function of the engine by its name,
or leaves the reader's scope.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal

from msgspec import Struct, field

from trimtab.reports.datasets.field import NUMERIC, Type
from trimtab.reports.datasets.language.lexer import ExpressionProblem
from trimtab.reports.datasets.language.tree import CallOf, FieldName, Items, Literal, Node, ParameterName
from trimtab.reports.datasets.language.typed import NULL, Bindings, Stage, Typed

_WHOLE_DIGITS = 18  # of a literal that surely fits an Int64


class Writer(Struct):
    """Writes expressions over `fields`; `parameters` are values by name; `now_ms` is what `now()` says.

    `lists` are parameters that are lists of texts, for `in`; `outputs` are columns of the answer so far, by which
    functions over rows may divide and sort.
    """

    fields: Mapping[str, Typed]
    parameters: Mapping[str, Typed]
    now_ms: int
    functions: Mapping[str, "Function"]
    bindings: Bindings = field(default_factory=Bindings)
    lists: Mapping[str, Collection[str]] = field(default_factory=dict)
    outputs: Mapping[str, Typed] = field(default_factory=dict)

    def write(self, node: Node) -> Typed:
        """The SQL of a tree. Raises ExpressionProblem."""
        match node:
            case FieldName(name):
                return self._field(node, name)
            case ParameterName(name):
                found = self.parameters.get(name)
                if found is None:
                    raise problem(node, f"there is no parameter {name!r}{_like(name, self.parameters)}")
                return found
            case Literal(value):
                return literal(value, self.bindings)
            case Items():
                raise problem(node, "a list is expected only after `in` or as fields to divide or sort by")
            case CallOf(name):
                function = self.functions.get(name)
                if function is None:
                    raise problem(node, f"there is no function {name!r}{_like(name, self.functions)}")
                return function.write(self, node)

    def key(self, node: Node) -> Typed:
        """What a function over rows divides or sorts by: a column of the answer before a field of that name."""
        found = self.outputs.get(node.name) if isinstance(node, FieldName) else None
        return found or self.write(node)

    def truth(self, node: Node) -> Typed:
        """A condition. Raises ExpressionProblem for what is none."""
        found = self.write(node)
        if found.type is not Type.BOOL and not found.is_null:
            raise problem(node, f"expected a condition, got {found.type}")
        return found

    def numeric(self, node: Node) -> Typed:
        """A number. Raises ExpressionProblem for what is none."""
        found = self.write(node)
        if found.type not in NUMERIC and not found.is_null:
            raise problem(node, f"expected a number, got {found.type}")
        return found

    def text(self, node: Node) -> Typed:
        """A text. Raises ExpressionProblem for what is none."""
        return self._typed(node, Type.TEXT)

    def time(self, node: Node) -> Typed:
        """A time; a text that is written out is read as one. Raises ExpressionProblem for what is none."""
        found = self.write(node)
        if found.type is Type.TEXT and isinstance(found.constant, str):
            return self.moment(node, found.constant)
        return self._check(node, found, Type.TIME)

    def moment(self, node: Node, written: str) -> Typed:
        """A time that is written out, such as 2026-11-01 or 2026-11-01T06:00Z. Raises ExpressionProblem."""
        try:
            when = datetime.fromisoformat(written)
            at = when.replace(tzinfo=UTC) if when.tzinfo is None else when
            return moment_of(int(at.timestamp() * 1000), self.bindings)
        except (ValueError, OverflowError):
            raise problem(node, f"{written!r} is no time; expected e.g. 2026-11-01 or 2026-11-01T06:00:00Z") from None

    def constant_text(self, node: Node, wanted: Sequence[str] = ()) -> str:
        """A text that is written out, one of `wanted` where they are given. Raises ExpressionProblem."""
        found = node.value if isinstance(node, Literal) else None
        if not isinstance(found, str) or (wanted and found not in wanted):
            among = f"one of {', '.join(wanted)}" if wanted else "a text in quotes"
            raise problem(node, f"expected {among}")
        return found

    def constant_number(self, node: Node) -> Decimal:
        """A number that is written out. Raises ExpressionProblem."""
        if isinstance(node, Literal) and isinstance(node.value, Decimal):
            return node.value
        raise problem(node, "expected a number that is written out")

    def items(self, node: Node) -> tuple[Node, ...]:
        """What is in a list. Raises ExpressionProblem for what is none."""
        if isinstance(node, Items):
            return node.items
        raise problem(node, "expected a list in brackets")

    def _field(self, node: Node, name: str) -> Typed:
        found = self.fields.get(name)
        if found is None:
            raise problem(node, f"there is no field {name!r}{_like(name, self.fields)}")
        return found

    def _typed(self, node: Node, wanted: Type) -> Typed:
        return self._check(node, self.write(node), wanted)

    def _check(self, node: Node, found: Typed, wanted: Type) -> Typed:
        if found.type is not wanted and not found.is_null:
            raise problem(node, f"expected a {wanted}, got {found.type}")
        return found


class Function(Struct, frozen=True):
    """A function of the language: how it is called, one sentence of what it does, and how it is written."""

    usage: str
    says: str
    write: Callable[[Writer, CallOf], Typed]
    group: str = ""


def problem(node: Node, why: str) -> ExpressionProblem:
    """What is wrong, at the place of a node."""
    return ExpressionProblem(why, node.start, node.end)


def literal(value: str | Decimal | bool | None, bindings: Bindings) -> Typed:
    """A value that is written out."""
    if value is None:
        return NULL
    if isinstance(value, bool):
        return Typed("true" if value else "false", Type.BOOL, Stage.ROW, value, is_constant=True)
    if isinstance(value, str):
        return Typed(bindings.bind(value), Type.TEXT, Stage.ROW, value, is_constant=True)
    whole = value == value.to_integral_value() and "." not in str(value) and len(str(abs(value))) <= _WHOLE_DIGITS
    sql = f"toInt64({value:f})" if whole else f"toFloat64('{value:f}')"
    return Typed(sql, Type.INTEGER if whole else Type.NUMBER, Stage.ROW, value, is_constant=True)


def moment_of(at_ms: int, bindings: Bindings) -> Typed:
    """A time."""
    bounded = min(max(at_ms, 0), 9_000_000_000_000)  # what DateTime64(3) surely holds
    return Typed(f"fromUnixTimestamp64Milli({bindings.bind(bounded, 'Int64')}, 'UTC')", Type.TIME)


def _like(name: str, known: Mapping[str, object]) -> str:
    wanted = name.lower()
    close = sorted(one for one in known if one.isidentifier() and (wanted in one.lower() or one.lower() in wanted))
    return f"; is it {', '.join(close[:3])}?" if close else ""
