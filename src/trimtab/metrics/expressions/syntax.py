"""The tree of a metric math expression. `at` is the character (from 1) where a node begins in the text."""

from collections.abc import Iterator

from msgspec import Struct


class Number(Struct, frozen=True):
    """A number as written."""

    value: float
    at: int


class Text(Struct, frozen=True):
    """A string as written, without its quotes."""

    value: str
    at: int


class Word(Struct, frozen=True):
    """A bare word in capitals: AVG or DESC of SORT, REPEAT or LINEAR of FILL."""

    name: str
    at: int


class Reference(Struct, frozen=True):
    """The id of another query."""

    id: str
    at: int


class Array(Struct, frozen=True):
    """`[a, b, …]`."""

    items: tuple["Node", ...]
    at: int


class Negation(Struct, frozen=True):
    """`-a`."""

    of: "Node"
    at: int


class Step(Struct, frozen=True):
    """An operator, where it stands, and what is to its right."""

    operator: str
    operand: "Node"
    at: int


class Chain(Struct, frozen=True):
    """`first op operand op operand …` of operators that bind equally, from left to right.

    A chain is one node, so that a sum of five hundred metrics is not five hundred levels deep.
    """

    first: "Node"
    steps: tuple[Step, ...]
    at: int


class Call(Struct, frozen=True):
    """A function with its arguments."""

    name: str
    arguments: tuple["Node", ...]
    at: int


Node = Number | Text | Word | Reference | Array | Negation | Chain | Call


def walk(node: Node) -> Iterator[Node]:
    """`node` and every node below it."""
    waiting = [node]
    while waiting:
        found = waiting.pop()
        yield found
        waiting += reversed(children(found))


def children(node: Node) -> tuple[Node, ...]:
    """The nodes directly below `node`, from left to right."""
    match node:
        case Array(items=items):
            return items
        case Call(arguments=arguments):
            return arguments
        case Negation(of=of):
            return (of,)
        case Chain(first=first, steps=steps):
            return (first, *(step.operand for step in steps))
        case _:
            return ()
