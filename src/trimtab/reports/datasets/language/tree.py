"""What an expression is once it is read: five kinds of node, each with its place in the text."""

from collections.abc import Iterator
from decimal import Decimal

from msgspec import Struct


class FieldName(Struct, frozen=True):
    """A field by its name."""

    name: str
    start: int
    end: int


class ParameterName(Struct, frozen=True):
    """A parameter by its name."""

    name: str
    start: int
    end: int


class Literal(Struct, frozen=True):
    """A text, a number (exact), a truth, or None for null."""

    value: str | Decimal | bool | None
    start: int
    end: int


class Items(Struct, frozen=True):
    """A list in brackets: partition fields, members of `in`."""

    items: tuple["Node", ...]
    start: int
    end: int


class CallOf(Struct, frozen=True):
    """A function, or an operator by its sign, with its arguments."""

    name: str
    arguments: tuple["Node", ...]
    start: int
    end: int


Node = FieldName | ParameterName | Literal | Items | CallOf


def walk(node: Node) -> Iterator[Node]:
    """A node and all below it."""
    yield node
    below = node.arguments if isinstance(node, CallOf) else node.items if isinstance(node, Items) else ()
    for one in below:
        yield from walk(one)


def fields_in(node: Node) -> set[str]:
    """The names of the fields that an expression reads."""
    return {one.name for one in walk(node) if isinstance(one, FieldName)}
