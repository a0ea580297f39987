"""What a parsed query is made of: expressions and commands. Places are characters from 0, half-open."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the query something stands."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Field:
    """A field by name."""

    name: str
    place: Place


@dataclass(frozen=True, slots=True)
class Number:
    """A number."""

    value: float
    place: Place


@dataclass(frozen=True, slots=True)
class Text:
    """A text in quotes."""

    value: str
    place: Place


@dataclass(frozen=True, slots=True)
class Flag:
    """`true` or `false`."""

    value: bool
    place: Place


@dataclass(frozen=True, slots=True)
class Duration:
    """5m, 1h: `count` of `unit` (ms s m h d w mo q y)."""

    count: int
    unit: str
    place: Place


@dataclass(frozen=True, slots=True)
class Star:
    """`*`, of count(*)."""

    place: Place


@dataclass(frozen=True, slots=True)
class Call:
    """A function; `name` in small letters, `text` as it was written."""

    name: str
    arguments: tuple["Expression", ...]
    text: str
    place: Place


@dataclass(frozen=True, slots=True)
class Unary:
    """`-x` or `not x`."""

    operator: str
    operand: "Expression"
    place: Place


@dataclass(frozen=True, slots=True)
class Binary:
    """Arithmetic, comparisons, and, or."""

    operator: str
    left: "Expression"
    right: "Expression"
    place: Place


@dataclass(frozen=True, slots=True)
class In:
    """`x in [1, "a"]`, or in what a query gives."""

    operand: "Expression"
    values: "tuple[Number | Text | Flag, ...] | Query"
    negated: bool
    place: Place


@dataclass(frozen=True, slots=True)
class Like:
    """`x like "part"` or `x like /expression/`; `regex` tells which."""

    operand: "Expression"
    pattern: str
    regex: bool
    negated: bool
    place: Place


Expression: TypeAlias = Field | Number | Text | Flag | Duration | Star | Call | Unary | Binary | In | Like


@dataclass(frozen=True, slots=True)
class Named:
    """An expression with its name: that of `as`, else its text."""

    expression: Expression
    name: str


@dataclass(frozen=True, slots=True)
class Fields:
    """`fields` adds to what is shown; `display` (`only`) says all that is shown."""

    items: tuple[Named, ...]
    only: bool
    place: Place


@dataclass(frozen=True, slots=True)
class Filter:
    """`filter` and `filterIndex`."""

    condition: Expression
    place: Place


@dataclass(frozen=True, slots=True)
class Stats:
    """`stats aggregates by keys`."""

    aggregates: tuple[Named, ...]
    by: tuple[Named, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class SortKey:
    """A key of `sort`."""

    expression: Expression
    descending: bool


@dataclass(frozen=True, slots=True)
class Sort:
    """`sort`."""

    keys: tuple[SortKey, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Limit:
    """`limit` (`head`)."""

    count: int
    place: Place


@dataclass(frozen=True, slots=True)
class Parse:
    """`parse`: what each group of `pattern` matches becomes the field of that name (None: it is not kept).

    A glob is its `parts` between the `*`, and has no pattern.
    """

    operand: Expression
    pattern: str
    parts: tuple[str, ...]
    names: tuple[str | None, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Dedup:
    """`dedup`: the first event of each combination of values."""

    keys: tuple[Expression, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Unnest:
    """`unnest`: a row for each element of a JSON array."""

    operand: Expression
    into: str
    place: Place


@dataclass(frozen=True, slots=True)
class Unmask:
    """`unmask`: fields shown without masks."""

    items: tuple[Named, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Pattern:
    """`pattern`: templates of a field's values."""

    operand: Expression
    place: Place


@dataclass(frozen=True, slots=True)
class Diff:
    """`diff`: counts beside those of an earlier range: the one before, or a day, week or month ago."""

    against: str
    place: Place


@dataclass(frozen=True, slots=True)
class Anomaly:
    """`anomaly`: rows that are unusual for what came before."""

    place: Place


@dataclass(frozen=True, slots=True)
class Join:
    """`join`: rows of another query that agree in `on` (name here, name there); `kept`: those without stay.

    `alias` is what fields of the other query may be called by: r.duration.
    """

    right: "Query"
    alias: str
    on: tuple[tuple[str, str], ...]
    kept: bool
    place: Place


@dataclass(frozen=True, slots=True)
class Lookup:
    """`lookup`: values of a table that was put, by keys (name there, name here), under names of their own.

    `rows` says where the rows of the table are: account, region and version; it is known before the query is planned.
    """

    table: str
    on: tuple[tuple[str, str], ...]
    output: tuple[tuple[str, str], ...]
    place: Place
    rows: tuple[str, str, int] = ("", "", 0)


@dataclass(frozen=True, slots=True)
class Source:
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


@dataclass(frozen=True, slots=True)
class Query:
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
