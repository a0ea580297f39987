"""What filter expressions are made of. `at` is the place of a part in the expression, for messages."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Context(StrEnum):
    """What an expression is about: a trace, the nodes or edges of its service map, or the parts of a root cause."""

    TRACE = "trace"
    SERVICE = "service"
    EDGE = "edge"
    CAUSE = "root cause"


@dataclass(frozen=True, slots=True)
class Flag:
    """A boolean keyword, true."""

    name: str
    at: int


@dataclass(frozen=True, slots=True)
class Compare:
    """A number or text keyword against a value. `operator` is one of = != < <= > >= CONTAINS BEGINSWITH ENDSWITH."""

    name: str
    operator: str
    value: float | str
    at: int


@dataclass(frozen=True, slots=True)
class Annotation:
    """An annotation (an attribute) of any span; without an operator: that there is one of this key."""

    key: str
    operator: str
    value: float | str | bool
    at: int


@dataclass(frozen=True, slots=True)
class Node:
    """A node of the service map: by name, type and account, each "" for any."""

    name: str = ""
    type: str = ""
    account: str = ""


@dataclass(frozen=True, slots=True)
class Service:
    """A service with something that `inner` holds for."""

    node: Node
    inner: "Expression | None"
    at: int


@dataclass(frozen=True, slots=True)
class Edge:
    """A call from one node to another that `inner` holds for."""

    source: Node
    destination: Node
    inner: "Expression | None"
    at: int


@dataclass(frozen=True, slots=True)
class Group:
    """The filter expression of a group; `by` is name or arn."""

    by: str
    value: str
    at: int


@dataclass(frozen=True, slots=True)
class Cause:
    """A root cause of `kind` (fault, error, responsetime) with a `part` (service, entity, exception) like `inner`."""

    kind: str
    part: str
    inner: "Expression | None"
    at: int


@dataclass(frozen=True, slots=True)
class CauseJson:
    """A root cause, of any kind where `kind` is "", whose services and entities begin with those of `wanted`."""

    kind: str
    wanted: Any
    at: int


@dataclass(frozen=True, slots=True)
class Not:
    """Whatever `inner` is not true for."""

    inner: "Expression"


@dataclass(frozen=True, slots=True)
class All:
    """Every one of `parts` holds."""

    parts: Sequence["Expression"]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """One of `parts` holds."""

    parts: Sequence["Expression"]


Expression = Flag | Compare | Annotation | Service | Edge | Group | Cause | CauseJson | Not | All | AnyOf
