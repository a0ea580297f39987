"""The syntax tree of a query. Nodes are frozen; `start` is the offset of a node's first character in the text."""

from enum import StrEnum

from msgspec import Struct


class Type(StrEnum):
    """What an expression is, as Prometheus names it in messages."""

    SCALAR = "scalar"
    STRING = "string"
    VECTOR = "instant vector"
    MATRIX = "range vector"


class MatchOp(StrEnum):
    """How a matcher compares."""

    EQUAL = "="
    NOT_EQUAL = "!="
    REGEX = "=~"
    NOT_REGEX = "!~"


class Matcher(Struct, frozen=True):
    """One condition on a label."""

    name: str
    op: MatchOp
    value: str


class Edge(StrEnum):
    """`smoothed` and `anchored`: how a range's edges are treated."""

    PLAIN = ""
    ANCHORED = "anchored"
    SMOOTHED = "smoothed"


class Number(Struct, frozen=True):
    """A number; a duration literal is its seconds."""

    start: int
    value: float
    duration: bool = False


class Text(Struct, frozen=True):
    """A string."""

    start: int
    value: str


class DurationOperation(Struct, frozen=True):
    """An operation on durations: + - * / % ^, max_of, min_of, and step and range without operands."""

    start: int
    op: str
    left: "Duration | None" = None
    right: "Duration | None" = None


Duration = Number | DurationOperation


class At(Struct, frozen=True):
    """The @ modifier: a time in ms, or the query's `start` or `end`."""

    time_ms: int | None = None
    bound: str = ""


class Selector(Struct, frozen=True):
    """An instant-vector selector. `name` is the metric name outside the braces, which is among the matchers too."""

    start: int
    name: str
    matchers: tuple[Matcher, ...]
    offset: Duration | None = None
    at: At | None = None
    edge: Edge = Edge.PLAIN


class Range(Struct, frozen=True):
    """A range-vector selector."""

    start: int
    selector: Selector
    range: Duration


class Subquery(Struct, frozen=True):
    """`expression[range:step]`."""

    start: int
    body: "Expression"
    range: Duration
    step: Duration | None
    offset: Duration | None = None
    at: At | None = None


class Paren(Struct, frozen=True):
    """An expression in parentheses."""

    start: int
    body: "Expression"


class Unary(Struct, frozen=True):
    """A signed expression."""

    start: int
    op: str
    body: "Expression"


class Call(Struct, frozen=True):
    """A function call."""

    start: int
    function: str
    arguments: tuple["Expression", ...]


class Aggregate(Struct, frozen=True):
    """An aggregation, by or without labels."""

    start: int
    op: str
    body: "Expression"
    parameter: "Expression | None" = None
    labels: tuple[str, ...] = ()
    without: bool = False
    grouped: bool = False


class Card(StrEnum):
    """How many series of one side may match one of the other."""

    ONE_TO_ONE = "one-to-one"
    MANY_TO_ONE = "many-to-one"
    ONE_TO_MANY = "one-to-many"
    MANY_TO_MANY = "many-to-many"


class Matching(Struct, frozen=True):
    """How the series of both sides are matched: on or ignoring labels, what is included, what fills a gap."""

    card: Card = Card.ONE_TO_ONE
    on: bool = False
    labels: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    fill_left: float | None = None
    fill_right: float | None = None


class Binary(Struct, frozen=True):
    """A binary operation. `op_start` is where the operator stands."""

    start: int
    op: str
    left: "Expression"
    right: "Expression"
    matching: Matching
    bool_: bool = False
    op_start: int = 0


Expression = Number | Text | Selector | Range | Subquery | Paren | Unary | Call | Aggregate | Binary


def bare(node: Expression) -> Expression:
    """The expression without parentheses around it."""
    while isinstance(node, Paren):
        node = node.body
    return node


def children(node: Expression) -> tuple[Expression, ...]:
    """The expressions directly below."""
    match node:
        case Paren() | Unary() | Subquery():
            return (node.body,)
        case Call():
            return node.arguments
        case Aggregate():
            return (node.body,) if node.parameter is None else (node.parameter, node.body)
        case Binary():
            return (node.left, node.right)
        case Range():
            return (node.selector,)
        case _:
            return ()
