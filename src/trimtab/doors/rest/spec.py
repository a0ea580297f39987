"""How an endpoint is declared: once, for the router, the validation and the OpenAPI document.

An `Operation` names its method, path and handler, and types for its query, body and answer, all msgspec structs.
A query field of type `list[str]` may be repeated; any other may be given once.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Generic, TypeVar

from msgspec import Struct, field

from trimtab.access.principal import Principal, Role

Q = TypeVar("Q")
B = TypeVar("B")


class NoQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """No query parameters."""


class Call(Struct, Generic[Q, B], frozen=True):
    """One request, read and validated. `headers` are by lower-case name; `body_bytes` is the length as sent."""

    principal: Principal
    query: Q
    body: B
    path: Mapping[str, str]
    headers: Mapping[str, str]
    body_bytes: int = 0


class Header(Struct, frozen=True):
    """A request header that an operation reads."""

    name: str
    description: str
    max_length: int


class Text(Struct, frozen=True):
    """An answer that is not JSON."""

    body: str
    media_type: str


class WithStatus(Struct, frozen=True):
    """An answer with another status than the operation's own."""

    status: int
    answer: Any


Handler = Callable[[Call[Any, Any]], Awaitable[Any]]


class Operation(Struct, frozen=True):
    """One method of one path. `errors` are the statuses it may answer beside those that every operation may.

    `answer` None means text of `media_type`. `also` are further statuses that carry the same answer type.
    `audited` is what the audit keeps of a body that it may not keep as it is; of a failure the code alone.
    `bound`: callers who are bound to tags (a team) may call it: it keeps to what they see, or tells of nobody.
    """

    method: str
    path: str
    name: str
    summary: str
    handler: Handler
    answer: Any
    query: type[Struct] = NoQuery
    body: type[Struct] | None = None
    status: int = 200
    errors: tuple[int, ...] = ()
    also: tuple[int, ...] = ()
    headers: tuple[Header, ...] = ()
    path_parameters: Mapping[str, str] = field(default_factory=dict)
    media_type: str = "application/json"
    role: Role | None = Role.READ
    bound: bool = False
    audited: Callable[[Mapping[str, Any]], Mapping[str, Any]] | None = None
    tag: str = "metrics"
