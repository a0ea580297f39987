"""What filter expressions are made of. `at` is the place of a part in the expression, for messages."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

from msgspec import Struct


class Context(StrEnum):
    """What an expression is about: a trace, the nodes or edges of its service map, or the parts of a root cause."""

    TRACE = "trace"
    SERVICE = "service"
    EDGE = "edge"
    CAUSE = "root cause"


class Flag(Struct, frozen=True):
    """A boolean keyword, true."""

    name: str
    at: int


class Compare(Struct, frozen=True):
    """A number or text keyword against a value. `operator` is one of = != < <= > >= CONTAINS BEGINSWITH ENDSWITH."""

    name: str
    operator: str
    value: float | str
    at: int


class Annotation(Struct, frozen=True):
    """An annotation (an attribute) of any span; without an operator: that there is one of this key."""

    key: str
    operator: str
    value: float | str | bool
    at: int


class Node(Struct, frozen=True):
    """A node of the service map: by name, type and account, each "" for any."""

    name: str = ""
    type: str = ""
    account: str = ""


class Service(Struct, frozen=True):
    """A service with something that `inner` holds for."""

    node: Node
    inner: "Expression | None"
    at: int


class Edge(Struct, frozen=True):
    """A call from one node to another that `inner` holds for."""

    source: Node
    destination: Node
    inner: "Expression | None"
    at: int


class Group(Struct, frozen=True):
    """The filter expression of a group; `by` is name or arn."""

    by: str
    value: str
    at: int


class Cause(Struct, frozen=True):
    """A root cause of `kind` (fault, error, responsetime) with a `part` (service, entity, exception) like `inner`."""

    kind: str
    part: str
    inner: "Expression | None"
    at: int


class CauseJson(Struct, frozen=True):
    """A root cause, of any kind where `kind` is "", whose services and entities begin with those of `wanted`."""

    kind: str
    wanted: Any
    at: int


class Not(Struct, frozen=True):
    """Whatever `inner` is not true for."""

    inner: "Expression"


class All(Struct, frozen=True):
    """Every one of `parts` holds."""

    parts: Sequence["Expression"]


class AnyOf(Struct, frozen=True):
    """One of `parts` holds."""

    parts: Sequence["Expression"]


Expression = Flag | Compare | Annotation | Service | Edge | Group | Cause | CauseJson | Not | All | AnyOf
