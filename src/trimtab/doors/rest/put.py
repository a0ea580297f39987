"""`POST /rest/v1/metrics`: store measurements. A wrong one is refused by name; the others of its request are stored."""

import math
from typing import Any, Protocol

import numpy as np
from msgspec import UNSET, Struct

from trimtab.access.principal import Role
from trimtab.base.clock import Clock
from trimtab.base.errors import AccessDenied, InvalidInput, LimitExceeded
from trimtab.base.tags import make_tags
from trimtab.client import wire
from trimtab.doors.rest.spec import Call, Header, Operation
from trimtab.doors.rest.times import instant_ms
from trimtab.metrics.model import SET_ROW, VALUE_ROW, Identity, MetricBatch
from trimtab.store.telemetry.batch import Appended

EARLIEST_MS = 946_684_800_000
"""2000-01-01: before it a time is a mistake of unit (seconds sent as milliseconds), not history."""
AHEAD_MS = 2 * 3_600_000
"""How far ahead of the server's clock a measurement may be: CloudWatch's limit."""
IDEMPOTENCY_KEY = Header(
    "Idempotency-Key", "A request repeated with the same key is stored once.", max_length=200
)  # UUIDs have 36 characters, the agent's <agent>/<seq> below 100
_EXAMPLE_LENGTH = 200
_SHAPES = ("value", "values", "counted", "statistics")

ValueRow = tuple[int, int, float, float]
SetRow = tuple[int, int, float, float, float, float]
_Good = tuple[int, wire.Datum, int]
"""Index in the request, measurement, time (ms)."""


class Registry(Protocol):
    """What this door asks of `metrics.registry.SeriesRegistry` to write."""

    def add(self, identity: Identity) -> int:
        """The id of a series, made known."""
        ...


class Ingest(Protocol):
    """What this door asks of `metrics.ingest.MetricIngest`."""

    async def write(self, batch: MetricBatch, key: str | None = None) -> Appended:
        """Make a batch durable."""
        ...


class Ledger(Protocol):
    """What the doors ask of `inventory.sources.SourceLedger` as they write."""

    def accepted(self, door: str, name: str, account: str, region: str, rows: int, bytes_: int) -> None:
        """Rows arrived."""
        ...

    def rejected(self, door: str, name: str, account: str, region: str, reason: str, example: str, rows: int) -> None:
        """Rows were refused."""
        ...


class Writing(Struct, frozen=True):
    """What storing needs; `account` and `region` are the server's own."""

    registry: Registry
    ingest: Ingest
    ledger: Ledger
    clock: Clock
    account: str
    region: str


class _WrongDatum(Exception):
    """A measurement that cannot be stored; the others of its request can."""

    def __init__(self, got: str, expected: str) -> None:
        super().__init__(got)
        self.got = got
        self.expected = expected


class _Refused(Struct, frozen=True):
    index: int
    got: str
    expected: str

    @property
    def reason(self) -> str:
        return f"got {self.got}; expected {self.expected}"


def operations(writing: Writing) -> list[Operation]:
    """The operation that stores measurements."""

    async def put(call: Call[Any, wire.PutMetrics]) -> wire.PutAnswer:
        body = call.body
        account = _account(call, writing.account)
        region = writing.region if body.region is UNSET else body.region
        good, refused = _sort(body, writing.clock.now_ms())
        # From here to the log's queue nothing awaits, so that a series is logged before its points.
        batch, taken = _batch(good, refused, body.namespace, account, region, writing.registry)
        source = call.headers.get("user-agent", "").split(" ")[0][:100] or call.principal.name
        for row in refused:
            example = f"{body.namespace}/{body.metrics[row.index].name}: got {row.got}"[:_EXAMPLE_LENGTH]
            writing.ledger.rejected("rest", source, account, region, f"expected {row.expected}", example, 1)
        rejected = [wire.RejectedDatum(row.index, row.reason) for row in refused]
        if not taken:
            return wire.PutAnswer(0, rejected, duplicate=False)
        appended = await writing.ingest.write(batch, _key(call))
        if not appended.duplicate:
            writing.ledger.accepted("rest", source, account, region, len(batch), call.body_bytes)
        return wire.PutAnswer(taken, rejected, appended.duplicate)

    return [
        Operation(
            "POST",
            "/rest/v1/metrics",
            "put metrics",
            "Store measurements; the answer comes when they are durable.",
            put,
            wire.PutAnswer,
            body=wire.PutMetrics,
            errors=(429, 507),
            headers=(IDEMPOTENCY_KEY,),
            role=Role.WRITE,
        )
    ]


def _account(call: Call[Any, wire.PutMetrics], default: str) -> str:
    named, own = call.body.account, call.principal.account
    if named is UNSET:
        return own or default
    if own is not None and named != own:
        raise AccessDenied(f"cannot write to account {named}: {call.principal.name!r} is bound to {own}")
    return named


def _key(call: Call[Any, Any]) -> str | None:
    key = call.headers.get(IDEMPOTENCY_KEY.name, "")
    return f"rest/{call.principal.name}/{key}" if key else None


def _sort(body: wire.PutMetrics, now_ms: int) -> tuple[list[_Good], list[_Refused]]:
    good: list[_Good] = []
    refused: list[_Refused] = []
    for index, datum in enumerate(body.metrics):
        _check_shape(datum, f"metrics[{index}]")
        try:
            _check_numbers(datum)
            good.append((index, datum, _time(datum, now_ms)))
        except _WrongDatum as problem:
            refused.append(_Refused(index, problem.got, problem.expected))
    return good, refused


def _check_shape(datum: wire.Datum, where: str) -> None:
    given = [name for name in _SHAPES if getattr(datum, name) is not UNSET]
    if len(given) != 1:
        got, expected = " and ".join(given) or "no value", ", ".join(_SHAPES)
        raise InvalidInput(f"cannot read body: got {got} at {where!r}; expected one of {expected}", field=where)


def _check_numbers(datum: wire.Datum) -> None:
    if not all(math.isfinite(number) for number in _numbers(datum)):
        raise _WrongDatum("a number that is not finite", "finite numbers")
    if datum.statistics is not UNSET and datum.statistics.minimum > datum.statistics.maximum:
        raise _WrongDatum(f"minimum {datum.statistics.minimum:g} above maximum", "minimum at most maximum")


def _numbers(datum: wire.Datum) -> list[float]:
    if datum.statistics is not UNSET:
        return [datum.statistics.count, datum.statistics.sum, datum.statistics.minimum, datum.statistics.maximum]
    if datum.values is not UNSET:
        return datum.values
    if datum.counted is not UNSET:
        return [number for pair in datum.counted for number in pair]
    return [] if datum.value is UNSET else [datum.value]


def _time(datum: wire.Datum, now_ms: int) -> int:
    expected = "a time from 2000 to two hours from now, as epoch milliseconds or ISO 8601"
    if datum.time is UNSET:
        return now_ms
    try:
        at = datum.time if isinstance(datum.time, int) else instant_ms(datum.time, now_ms, "time")
    except InvalidInput:
        raise _WrongDatum(f"time {datum.time!r}", expected) from None
    if not EARLIEST_MS <= at <= now_ms + AHEAD_MS:
        raise _WrongDatum(f"time {datum.time!r}", expected)
    return at


def _batch(
    good: list[_Good], refused: list[_Refused], namespace: str, account: str, region: str, registry: Registry
) -> tuple[MetricBatch, int]:
    """The rows, and of how many measurements they are; a new series that passes a limit is refused."""
    taken = 0
    values: list[ValueRow] = []
    sets: list[SetRow] = []
    for index, datum, at in good:
        identity = Identity(account, region, namespace, datum.name, make_tags(datum.dimensions), datum.unit)
        try:
            series = registry.add(identity)
        except LimitExceeded as problem:
            refused.append(_Refused(index, f"a new series over a limit: {problem}", "a series within the limits"))
            continue
        taken += 1
        if datum.statistics is not UNSET:
            numbers = datum.statistics
            sets.append((series, at, numbers.count, numbers.sum, numbers.minimum, numbers.maximum))
        elif datum.values is not UNSET:
            values += [(series, at, value, 1.0) for value in datum.values]
        elif datum.counted is not UNSET:
            values += [(series, at, value, count) for value, count in datum.counted]
        elif datum.value is not UNSET:
            values.append((series, at, datum.value, 1.0))
    return MetricBatch(np.array(values, VALUE_ROW), np.array(sets, SET_ROW)), taken
