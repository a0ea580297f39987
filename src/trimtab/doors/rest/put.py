"""`POST /rest/v1/metrics`: store measurements. A wrong one is refused by name; the others of its request are stored."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from msgspec import UNSET

from trimtab.access.principal import Role
from trimtab.base.clock import Clock, iso
from trimtab.base.errors import AccessDenied, InvalidInput
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

ValueRow = tuple[int, int, float, float]
SetRow = tuple[int, int, float, float, float, float]


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


@dataclass(frozen=True, slots=True)
class Writing:
    """What storing needs; `account` and `region` are the server's own."""

    registry: Registry
    ingest: Ingest
    ledger: Ledger
    clock: Clock
    account: str
    region: str


def operations(writing: Writing) -> list[Operation]:
    """The operation that stores measurements."""

    async def put(call: Call[Any, wire.PutMetrics]) -> wire.PutAnswer:
        body = call.body
        account = _account(call, writing.account)
        region = writing.region if body.region is UNSET else body.region
        good, rejected = _sort(body, writing.clock.now_ms())
        source = call.headers.get("user-agent", "").split(" ")[0][:100] or call.principal.name
        for index, reason in rejected:
            example = f"{body.namespace}/{body.metrics[index].name}"[:_EXAMPLE_LENGTH]
            writing.ledger.rejected("rest", source, account, region, reason, example, 1)
        if not good:
            raise InvalidInput(
                f"cannot store metrics[{rejected[0][0]}]: {rejected[0][1]}", field=f"metrics[{rejected[0][0]}]"
            )
        # From here to the log's queue nothing awaits, so that a series is logged before its points.
        batch = _batch(good, body.namespace, account, region, writing.registry)
        appended = await writing.ingest.write(batch, _key(call))
        writing.ledger.accepted("rest", source, account, region, len(batch), call.body_bytes)
        refused = [wire.RejectedDatum(index, reason) for index, reason in rejected]
        return wire.PutAnswer(len(good), refused, appended.duplicate)

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


def _sort(body: wire.PutMetrics, now_ms: int) -> tuple[list[tuple[wire.Datum, int]], list[tuple[int, str]]]:
    good: list[tuple[wire.Datum, int]] = []
    rejected: list[tuple[int, str]] = []
    for index, datum in enumerate(body.metrics):
        try:
            _check_shape(datum)
            good.append((datum, _time(datum, now_ms)))
        except InvalidInput as problem:
            rejected.append((index, str(problem)))
    return good, rejected


def _check_shape(datum: wire.Datum) -> None:
    given = [name for name in ("value", "values", "statistics") if getattr(datum, name) is not UNSET]
    if len(given) != 1:
        raise InvalidInput(f"got {' and '.join(given) or 'no value'}; expected one of value, values and statistics")
    if datum.counts is not UNSET:
        if datum.values is UNSET or len(datum.counts) != len(datum.values):
            raise InvalidInput("got counts that do not go with values; expected one count for each of values")
        if not all(count > 0 and math.isfinite(count) for count in datum.counts):
            raise InvalidInput("got a count that is not above 0")
    if datum.statistics is not UNSET:
        numbers = datum.statistics
        if numbers.minimum > numbers.maximum:
            raise InvalidInput(f"got minimum {numbers.minimum:g} above maximum {numbers.maximum:g}")
        checked = [numbers.count, numbers.sum, numbers.minimum, numbers.maximum]
    else:
        checked = datum.values if datum.values is not UNSET else [datum.value]  # type: ignore[list-item]  # one is given
    if not all(math.isfinite(number) for number in checked):
        raise InvalidInput("got a number that is not finite")


def _time(datum: wire.Datum, now_ms: int) -> int:
    if datum.time is UNSET:
        return now_ms
    at = datum.time if isinstance(datum.time, int) else instant_ms(datum.time, now_ms, "time")
    if not EARLIEST_MS <= at <= now_ms + AHEAD_MS:
        when = iso(at) if 0 <= at < 253_402_300_800_000 else str(at)
        raise InvalidInput(
            f"got time {when}; expected 2000-01-01 to two hours from now, as epoch milliseconds or ISO 8601"
        )
    return at


def _batch(
    good: list[tuple[wire.Datum, int]], namespace: str, account: str, region: str, registry: Registry
) -> MetricBatch:
    values: list[ValueRow] = []
    sets: list[SetRow] = []
    for datum, at in good:
        dimensions: Mapping[str, str] = datum.dimensions
        series = registry.add(Identity(account, region, namespace, datum.name, make_tags(dimensions), datum.unit))
        if datum.statistics is not UNSET:
            numbers = datum.statistics
            sets.append((series, at, numbers.count, numbers.sum, numbers.minimum, numbers.maximum))
        elif datum.values is not UNSET:
            counts = datum.counts if datum.counts is not UNSET else [1.0] * len(datum.values)
            values += [(series, at, value, count) for value, count in zip(datum.values, counts, strict=True)]
        elif datum.value is not UNSET:
            values.append((series, at, datum.value, 1.0))
    return MetricBatch(np.array(values, VALUE_ROW), np.array(sets, SET_ROW))
