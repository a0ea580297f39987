"""The contract of a service: its operations as plain async functions, by name.

    operations = Operations[Rooms]("cloudwatch", plain)

    @operations.add("ListMetrics")
    async def list_metrics(rooms: Rooms, request: Request, context: CallContext) -> Answer: ...

    service = operations.bind(rooms)

`Rooms` is the service's own frozen dataclass of what it needs. Adding an operation is adding one such function.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from msgspec import Struct, field

from trimtab.access.principal import Principal, Role
from trimtab.access.scope import Scope
from trimtab.base.errors import TrimtabError
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.wire.constraints import Dialect, Problem, coral
from trimtab.doors.aws.wire.model import ServiceModel, load_model

Request = dict[str, Any]
"""A parsed request: members as in the service model; timestamps are integer milliseconds, blobs bytes."""
Answer = Mapping[str, Any]
"""An answer in the same form; a list of numbers or timestamps may be a numpy array."""


class CallContext(Struct):
    """One call: who, for which account and region, and under which id.

    `invocation_id` is `amz-sdk-invocation-id`, the same over a client's retries; None when not sent.
    `size` is the body's length as sent, in bytes. `answer_headers` are further headers of the answer.
    """

    principal: Principal
    account: str
    region: str
    scope: Scope
    request_id: str
    invocation_id: str | None = None
    size: int = 0
    answer_headers: dict[str, str] = field(default_factory=dict)
    access_key_id: str = ""


Rooms = TypeVar("Rooms")
Function = Callable[[Rooms, Request, CallContext], Awaitable[Answer]]
RawFunction = Callable[[Rooms, bytes, CallContext], Awaitable[Answer | None]]
Call = Callable[[Request, CallContext], Awaitable[Answer]]
RawCall = Callable[[bytes, CallContext], Awaitable[Answer | None]]


def coral_as(code: str) -> Callable[[Sequence[Problem]], AwsError]:
    """What most services say of requests that break their models: the common sentences under the service's own code."""
    return lambda problems: AwsError(code, str(coral(problems)))


class Operation(Struct, frozen=True):
    """One operation, bound to what it needs.

    `dialect` words the model's constraints; None means that the operation checks everything itself. `raw` may answer
    a JSON body directly, or return None to have it parsed the general way. `bound`: callers who are bound to tags
    (a team) may call it, as it keeps to what they see.
    """

    name: str
    call: Call
    needs: Role
    dialect: Dialect | None
    raw: RawCall | None
    bound: bool = False


class Service(Struct, frozen=True):
    """A service as the gateway serves it. `body_limit` is in bytes, after decompression."""

    model: ServiceModel
    operations: Mapping[str, Operation]
    body_limit: int
    invalid_code: str = "ValidationError"


class Added(Struct, Generic[Rooms], frozen=True):
    """An operation that is not bound yet."""

    call: Function[Rooms]
    needs: Role
    dialect: Dialect | None
    raw: RawFunction[Rooms] | None
    codes: "Codes"
    bound: bool


Codes = Sequence[tuple[type[TrimtabError], str]]
"""A service's own codes of errors of the rooms; the first kind that fits counts."""


class Operations(Generic[Rooms]):
    """The operations of one service, before they are bound.

    `needs` is the role of operations that name none, `codes` what the rooms' errors are called here, `members` what
    such an error carries beside its message.
    """

    def __init__(
        self,
        model: str,
        dialect: Dialect = coral,
        *,
        body_limit: int = 1 << 20,
        invalid_code: str = "ValidationError",
        needs: Role = Role.READ,
        codes: Codes = (),
        members: Mapping[str, Any] | None = None,
    ) -> None:
        self._model = model
        self._dialect = dialect
        self._body_limit = body_limit
        self._invalid_code = invalid_code
        self._needs = needs
        self._codes = codes
        self._members = members
        self._added: dict[str, Added[Rooms]] = {}

    @property
    def added(self) -> Mapping[str, Added[Rooms]]:
        """The operations by name; the docstring of an operation's function says what it does."""
        return self._added

    def add(
        self,
        name: str,
        *,
        needs: Role | None = None,
        dialect: Dialect | None = None,
        checks_itself: bool = False,
        raw: RawFunction[Rooms] | None = None,
        codes: Codes = (),
        bound: bool = False,
    ) -> Callable[[Function[Rooms]], Function[Rooms]]:
        """Decorate the function of operation `name`; `Operation` tells what the rest means.

        `codes` are its own, and come before those of the service.
        """

        def register(call: Function[Rooms]) -> Function[Rooms]:
            own = None if checks_itself else dialect or self._dialect
            self._added[name] = Added(call, needs or self._needs, own, raw, (*codes, *self._codes), bound)
            return call

        return register

    def bind(self, rooms: Rooms) -> Service:
        """The service, its functions given `rooms`."""
        model = load_model(self._model)
        operations = {name: _bound(name, added, rooms, self._members) for name, added in self._added.items()}
        return Service(model, operations, self._body_limit, self._invalid_code)


def _bound(name: str, added: Added[Rooms], rooms: Rooms, members: Mapping[str, Any] | None) -> Operation:
    codes = added.codes
    kinds = tuple(kind for kind, _ in codes)

    async def call(request: Request, context: CallContext) -> Answer:
        try:
            return await added.call(rooms, request, context)
        except kinds as problem:
            code = next(code for kind, code in codes if isinstance(problem, kind))
            raise AwsError(code, str(problem), members=members) from None

    raw = added.raw
    if raw is None:
        return Operation(name, call, added.needs, added.dialect, None, added.bound)

    async def raw_call(body: bytes, context: CallContext) -> Answer | None:
        return await raw(rooms, body, context)

    return Operation(name, call, added.needs, added.dialect, raw_call, added.bound)
