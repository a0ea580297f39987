"""Sends what is due of every stream: minutes that ended, oldest first; the position moves once all of them arrived.

A process that ends before it noted so sends the same minutes again, in files and requests of the same names: at least
once. Values that come later than DELAY_MS after their minute's end are not sent.
"""

import asyncio
import uuid
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Protocol

from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.base.clock import Clock, to_datetime
from trimtab.base.errors import InvalidInput, TrimtabError
from trimtab.metric_streams import otlp
from trimtab.metric_streams.model import Format, Stream, read_selection
from trimtab.metric_streams.records import BASE, Record, json_line, records_of
from trimtab.metric_streams.store import MINUTE_MS, StreamStore
from trimtab.metrics.model import Series, SeriesQuery
from trimtab.metrics.plan import StatRequest, StatSeries
from trimtab.notify.backoff import delay_s
from trimtab.notify.model import Outcome, Verdict

DELAY_MS = 60_000
"""How long after its end a minute is sent: late values of it have come by then, and are in the engine."""
AT_ONCE_MS = 10 * MINUTE_MS
"""How much a stream that is behind sends at a time."""
KEPT_MS = 86_400_000
"""How long minutes are tried, as Firehose keeps what it cannot deliver; then they are left out and counted."""
PART_BYTES = 1 << 20
"""Of records in one file or request."""
MOST_SERIES = 50_000
_OTLP_RECORDS = 100
Send = Callable[["Parcel"], Verdict]
"""Sends a parcel once. Blocks, never raises for what the receiver does."""


class Parcel(Struct, frozen=True):
    """A part of what is due. `name` (a file's) and `id` are the same in every repeat; `source` is the stream's ARN."""

    destination: str
    name: str
    id: str
    source: str
    time_ms: int
    body: bytes


class Reader(Protocol):
    """`metrics.read.MetricReader`, as far as it is used here."""

    async def statistics(
        self, scope: Scope, requests: Sequence[StatRequest], start_ms: int, end_ms: int
    ) -> list[StatSeries]:
        """One statistic a request, by period."""
        ...


class Registry(Protocol):
    """`metrics.following.Follower`."""

    async def follow(self) -> frozenset[tuple[str, str]]:
        """Learn what another process registered."""
        ...

    def find(self, scope: Scope, query: SeriesQuery) -> list[Series]:
        """The series that match."""
        ...


class Streaming(Struct, frozen=True):
    """A job of the jobs process, while `may_send`."""

    store: StreamStore
    registry: Registry
    reader: Reader
    send: Send
    clock: Clock
    may_send: Callable[[], bool] = lambda: True

    async def turn(self) -> int:
        """Send what is due; how many records arrived."""
        now_ms, sent = self.clock.now_ms(), 0
        ended_ms = (now_ms - DELAY_MS) // MINUTE_MS * MINUTE_MS
        due = await self.store.due(now_ms, ended_ms) if self.may_send() else []
        if due:
            await self.registry.follow()
        for stream in due:
            if not self.may_send():
                break
            if stream.position_ms < now_ms - KEPT_MS:
                await self.store.give_up(stream, (now_ms - KEPT_MS) // MINUTE_MS * MINUTE_MS)
                continue  # the next turn goes on from there
            try:
                sent += await self._send(stream, min(ended_ms, stream.position_ms + AT_ONCE_MS))
            except TrimtabError as problem:
                await self._failed(stream, str(problem), 0.0)
        return sent

    async def _send(self, stream: Stream, end_ms: int) -> int:
        records = await self._records(stream, end_ms)
        for number, body in enumerate(_parts(stream, records)):
            verdict = await asyncio.to_thread(self.send, _parcel(stream, number, body))
            if verdict.outcome is not Outcome.DELIVERED:
                await self._failed(stream, verdict.reason, verdict.retry_after_s)
                return 0
        await self.store.arrived(stream, end_ms, len(records))
        return len(records)

    async def _failed(self, stream: Stream, reason: str, retry_after_s: float) -> None:
        wait_s = delay_s(stream.arn, stream.attempts + 1, retry_after_s)
        await self.store.failed(stream, reason, self.clock.now_ms() + round(1000 * wait_s))

    async def _records(self, stream: Stream, end_ms: int) -> list[Record]:
        """The records of `[position, end_ms)`, by minute and metric."""
        selection = read_selection(stream.form)
        linked = bool(stream.form.get("IncludeLinkedAccountsMetrics"))
        scope = Scope(regions=frozenset((stream.region,))) if linked else Scope.of(stream.account, stream.region)
        namespaces: list[str | None] = [one.namespace for one in selection.include] or [None]
        series = [
            one
            for namespace in namespaces
            for one in self.registry.find(scope, SeriesQuery(namespace))
            if selection.takes(one.identity.namespace, one.identity.name)
        ]
        if len(series) > MOST_SERIES:
            raise InvalidInput(
                f"it selects {len(series)} series; a stream sends at most {MOST_SERIES}: narrow its filters"
            )
        wanted = [(one, selection.more.get((one.identity.namespace, one.identity.name), ())) for one in series]
        requests = [
            StatRequest((one.id,), statistic, 60, stream.position_ms)
            for one, more in wanted
            for statistic in (*BASE, *more)
        ]
        found = (
            iter(await self.reader.statistics(scope, requests, stream.position_ms, end_ms)) if requests else iter(())
        )
        records = [
            record
            for one, more in wanted
            for record in records_of(one.identity, [next(found) for _ in range(len(BASE) + len(more))], more)
        ]
        return sorted(records, key=lambda one: one.time_ms)


def _parts(stream: Stream, records: Sequence[Record]) -> Iterator[bytes]:
    """The records in bodies of about PART_BYTES."""
    held, size = [], 0
    pieces = (
        (json_line(stream, one) for one in records)
        if stream.format is Format.JSON
        else (otlp.message(stream, records[at : at + _OTLP_RECORDS]) for at in range(0, len(records), _OTLP_RECORDS))
    )
    for piece in pieces:
        held.append(piece)
        size += len(piece)
        if size >= PART_BYTES:
            yield b"".join(held)
            held, size = [], 0
    if held:
        yield b"".join(held)


def _parcel(stream: Stream, number: int, body: bytes) -> Parcel:
    began: datetime = to_datetime(stream.position_ms)
    name = f"{began:%Y/%m/%d/%H}/{stream.name}-1-{began:%Y-%m-%d-%H-%M-%S}-{number:04d}"
    id_ = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{stream.arn}/{stream.created_ms}/{stream.position_ms}/{number}"))
    return Parcel(stream.destination, name, id_, stream.arn, stream.position_ms, body)
