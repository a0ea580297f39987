"""What a parsed query is made of: expressions and commands. Places are characters from 0, half-open."""

from collections.abc import Iterator
from typing import TypeAlias

from msgspec import Struct


class Place(Struct, frozen=True):
    """Where in the query something stands."""

    start: int
    end: int


class Field(Struct, frozen=True):
    """A field by name."""

    name: str
    place: Place


class Number(Struct, frozen=True):
    """A number."""

    value: float
    place: Place


class Text(Struct, frozen=True):
    """A text in quotes."""

    value: str
    place: Place


class Flag(Struct, frozen=True):
    """`true` or `false`."""

    value: bool
    place: Place


class Duration(Struct, frozen=True):
    """5m, 1h: `count` of `unit` (ms s m h d w mo q y)."""

    count: int
    unit: str
    place: Place


class Star(Struct, frozen=True):
    """`*`, of count(*)."""

    place: Place


class Call(Struct, frozen=True):
    """A function; `name` in small letters, `text` as it was written."""

    name: str
    arguments: tuple["Expression", ...]
    text: str
    place: Place


class Unary(Struct, frozen=True):
    """`-x` or `not x`."""

    operator: str
    operand: "Expression"
    place: Place


class Binary(Struct, frozen=True):
    """Arithmetic, comparisons, and, or."""

    operator: str
    left: "Expression"
    right: "Expression"
    place: Place


class In(Struct, frozen=True):
    """`x in [1, "a"]`, or in what a query gives."""

    operand: "Expression"
    values: "tuple[Number | Text | Flag, ...] | Query"
    negated: bool
    place: Place


class Like(Struct, frozen=True):
    """`x like "part"` or `x like /expression/`; `regex` tells which."""

    operand: "Expression"
    pattern: str
    regex: bool
    negated: bool
    place: Place


Expression: TypeAlias = Field | Number | Text | Flag | Duration | Star | Call | Unary | Binary | In | Like


class Named(Struct, frozen=True):
    """An expression with its name: that of `as`, else its text."""

    expression: Expression
    name: str


class Fields(Struct, frozen=True):
    """`fields` adds to what is shown; `display` (`only`) says all that is shown."""

    items: tuple[Named, ...]
    only: bool
    place: Place


class Filter(Struct, frozen=True):
    """`filter` and `filterIndex`."""

    condition: Expression
    place: Place


class Stats(Struct, frozen=True):
    """`stats aggregates by keys`."""

    aggregates: tuple[Named, ...]
    by: tuple[Named, ...]
    place: Place


class SortKey(Struct, frozen=True):
    """A key of `sort`."""

    expression: Expression
    descending: bool


class Sort(Struct, frozen=True):
    """`sort`."""

    keys: tuple[SortKey, ...]
    place: Place


class Limit(Struct, frozen=True):
    """`limit` (`head`)."""

    count: int
    place: Place


class Parse(Struct, frozen=True):
    """`parse`: what each group of `pattern` matches becomes the field of that name (None: it is not kept).

    A glob is its `parts` between the `*`, and has no pattern.
    """

    operand: Expression
    pattern: str
    parts: tuple[str, ...]
    names: tuple[str | None, ...]
    place: Place


class Dedup(Struct, frozen=True):
    """`dedup`: the first event of each combination of values."""

    keys: tuple[Expression, ...]
    place: Place


class Unnest(Struct, frozen=True):
    """`unnest`: a row for each element of a JSON array."""

    operand: Expression
    into: str
    place: Place


class Unmask(Struct, frozen=True):
    """`unmask`: fields shown without masks."""

    items: tuple[Named, ...]
    place: Place


class Pattern(Struct, frozen=True):
    """`pattern`: templates of a field's values."""

    operand: Expression
    place: Place


class Diff(Struct, frozen=True):
    """`diff`: counts beside those of an earlier range: the one before, or a day, week or month ago."""

    against: str
    place: Place


class Anomaly(Struct, frozen=True):
    """`anomaly`: rows that are unusual for what came before."""

    place: Place


class Join(Struct, frozen=True):
    """`join`: rows of another query that agree in `on` (name here, name there); `kept`: those without stay.

    `alias` is what fields of the other query may be called by: r.duration.
    """

    right: "Query"
    alias: str
    on: tuple[tuple[str, str], ...]
    kept: bool
    place: Place


class Lookup(Struct, frozen=True):
    """`lookup`: values of a table that was put, by keys (name there, name here), under names of their own.

    `rows` says where the rows of the table are: account, region and version; it is known before the query is planned.
    """

    table: str
    on: tuple[tuple[str, str], ...]
    output: tuple[tuple[str, str], ...]
    place: Place
    rows: tuple[str, str, int] = ("", "", 0)


class Source(Struct, frozen=True):
    """`SOURCE`: which log groups, by name, by prefix, by class."""

    names: tuple[str, ...]
    prefixes: tuple[str, ...]
    classes: tuple[str, ...]
    accounts: tuple[str, ...]
    start: int | None  # seconds before now
    end: int | None
    place: Place


Command: TypeAlias = (
    Fields | Filter | Stats | Sort | Limit | Parse | Dedup | Unnest | Unmask | Pattern | Diff | Anomaly | Join | Lookup
)


class Query(Struct, frozen=True):
    """A whole query."""

    commands: tuple[Command, ...]
    source: Source | None = None
    text: str = ""


def walk(node: Command | Expression) -> Iterator[Expression]:
    """Every expression inside a command or an expression, itself included; not those of queries inside it."""
    match node:
        case Fields(items) | Unmask(items):
            inside: list[Expression] = [item.expression for item in items]
        case Stats(aggregates, by):
            inside = [item.expression for item in (*aggregates, *by)]
        case Sort(keys):
            inside = [key.expression for key in keys]
        case Filter(condition):
            inside = [condition]
        case Dedup(keys):
            inside = list(keys)
        case Parse(operand) | Unnest(operand) | Pattern(operand):
            inside = [operand]
        case Limit() | Diff() | Anomaly() | Join() | Lookup():
            inside = []
        case expression:
            yield expression
            inside = _parts(expression)
    for one in inside:
        yield from walk(one)


def _parts(expression: Expression) -> list[Expression]:
    match expression:
        case Call(_, arguments):
            return list(arguments)
        case Binary(_, left, right):
            return [left, right]
        case Unary(_, operand) | In(operand) | Like(operand):
            return [operand]
        case _:
            return []
