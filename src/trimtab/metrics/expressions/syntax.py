"""The tree of a metric math expression. `at` is the character (from 1) where a node begins in the text."""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Number:
    """A number as written."""

    value: float
    at: int


@dataclass(frozen=True, slots=True)
class Text:
    """A string as written, without its quotes."""

    value: str
    at: int


@dataclass(frozen=True, slots=True)
class Word:
    """A bare word in capitals: AVG or DESC of SORT, REPEAT or LINEAR of FILL."""

    name: str
    at: int


@dataclass(frozen=True, slots=True)
class Reference:
    """The id of another query."""

    id: str
    at: int


@dataclass(frozen=True, slots=True)
class Array:
    """`[a, b, …]`."""

    items: tuple["Node", ...]
    at: int


@dataclass(frozen=True, slots=True)
class Negation:
    """`-a`."""

    of: "Node"
    at: int


@dataclass(frozen=True, slots=True)
class Step:
    """An operator, where it stands, and what is to its right."""

    operator: str
    operand: "Node"
    at: int


@dataclass(frozen=True, slots=True)
class Chain:
    """`first op operand op operand …` of operators that bind equally, from left to right.

    A chain is one node, so that a sum of five hundred metrics is not five hundred levels deep.
    """

    first: "Node"
    steps: tuple[Step, ...]
    at: int


@dataclass(frozen=True, slots=True)
class Call:
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
