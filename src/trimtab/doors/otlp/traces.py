"""`TraceIntake`: takes the body of an OTLP traces request from HTTP or gRPC, decodes it and makes it durable.

A body of protobuf is decoded by compiled code where that is loaded (`span_rows.py`), else in plain Python.
"""

import asyncio
from collections import Counter
from types import ModuleType

from msgspec import Struct, field

from trimtab.base.errors import InvalidInput, TrimtabError
from trimtab.doors.inflight import OTLP, InFlight
from trimtab.doors.otlp.answer import Encoding
from trimtab.doors.otlp.body import check_size, held_size, inflate
from trimtab.doors.otlp.outcome import Outcome
from trimtab.doors.otlp.span_read import Read, read_records, within
from trimtab.doors.otlp.span_records import decode_json_spans, decode_protobuf_spans
from trimtab.doors.otlp.span_rows import SpanRows
from trimtab.doors.protobuf.kernels import LARGE_BYTES, Kernels
from trimtab.doors.protobuf.wire import Malformed
from trimtab.inventory.sources import SourceLedger
from trimtab.traces.room import TracesRoom

DOOR = "otlp"
PATH = "/v1/traces"
_GZIP_RATIO = 8
_THREAD_BYTES, _THREAD_BYTES_PLAIN = 1 << 20, 64 << 10  # see intake.py


class TraceWriting(Struct, frozen=True):
    """What the door needs to write. `account` and `region` are for callers that name none."""

    traces: TracesRoom
    ledger: SourceLedger
    account: str
    region: str
    inflight: InFlight = field(default_factory=InFlight)


class TraceIntake:
    """Decodes and stores."""

    def __init__(self, writing: TraceWriting, kernels: Kernels | None = None) -> None:
        self.writing = writing
        self._kernels = kernels or Kernels("trimtab.doors.otlp.span_rows_compiled")
        self._rows = SpanRows(writing.traces.ingest.sizes)

    async def take(self, raw: bytes, encoding: Encoding, zipped: bool, account: str, key: str | None) -> Outcome:
        """Store one request for `account`; when this returns it is durable, save for what the answer says is refused.

        Raises InvalidInput, Throttled or Unavailable.
        """
        with self.writing.inflight.held(OTLP, held_size(raw, zipped)):
            return await self._take(raw, encoding, zipped, account, key)

    async def _take(self, raw: bytes, encoding: Encoding, zipped: bool, account: str, key: str | None) -> Outcome:
        size = len(raw) * (_GZIP_RATIO if zipped else 1)
        kernels = await self._get_kernels(size) if encoding is Encoding.PROTOBUF else None
        now_ms = self.writing.traces.clock.now_ms()
        place = account, self.writing.region
        if size < (_THREAD_BYTES if kernels else _THREAD_BYTES_PLAIN):
            read = self._open(raw, encoding, zipped, kernels, place, now_ms)
        else:
            read = await self.writing.inflight.apart(self._open, raw, encoding, zipped, kernels, place, now_ms)
        await self._store(read, account, key, len(raw))
        told = [(service, refused) for (service, _), refused in read.refused.items()]
        return Outcome(sum(refused.rows for _, refused in told), told)

    def complain(self, error: TrimtabError, user_agent: str, account: str) -> None:
        """Count a request that was refused whole, if that was its own fault."""
        if isinstance(error, InvalidInput):
            program = user_agent.partition(" ")[0] or "unknown"
            self.writing.ledger.rejected(DOOR, program, account, self.writing.region, str(error), PATH, 1)

    async def _get_kernels(self, size: int) -> ModuleType | None:
        kernels = self._kernels.get(size)
        if kernels is None and size >= LARGE_BYTES:
            kernels = await asyncio.to_thread(self._kernels.ready)
        return kernels

    def _open(
        self,
        raw: bytes,
        encoding: Encoding,
        zipped: bool,
        kernels: ModuleType | None,
        place: tuple[str, str],
        now_ms: int,
    ) -> Read:
        """Decompress and decode. Raises InvalidInput."""
        body = inflate(raw) if zipped else raw
        check_size(len(body))
        if encoding is Encoding.JSON:
            return self._within(read_records(decode_json_spans(body), place, now_ms))
        try:
            if kernels is not None:
                return self._rows.read(body, kernels, place, now_ms)
            return self._within(read_records(decode_protobuf_spans(body), place, now_ms))
        except Malformed as problem:
            raise InvalidInput(f"cannot decode body: it is not an OTLP traces request: {problem}") from None

    def _within(self, read: Read) -> Read:
        sizes = self.writing.traces.ingest.sizes
        over = sizes.over(Counter(span.trace_id for span in read.spans))
        return within(read, over, sizes.reason) if over else read

    async def _store(self, read: Read, account: str, key: str | None, size: int) -> None:
        ingest, ledger, region = self.writing.traces.ingest, self.writing.ledger, self.writing.region
        duplicate = False
        if read.encoded is not None:
            duplicate = (await ingest.write_encoded(read.encoded, key)).duplicate
        elif read.spans:
            duplicate = (await ingest.write(read.spans, key)).duplicate
        total = sum(read.services.values())
        for service, rows in read.services.items() if not duplicate else ():
            ledger.accepted(DOOR, service, account, region, rows, size * rows // total)
        for (service, reason), refused in read.refused.items():
            ledger.rejected(DOOR, service, account, region, reason, refused.example, refused.rows)
