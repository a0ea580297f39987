"""`Intake`: takes the body of an OTLP metrics request from whatever carried it, decodes it and makes it durable."""

import asyncio
from types import ModuleType

from trimtab.base.errors import InvalidInput, TrimtabError
from trimtab.doors.inflight import OTLP
from trimtab.doors.otlp import request as otlp
from trimtab.doors.otlp.answer import Encoding
from trimtab.doors.otlp.body import check_size, held_size, inflate
from trimtab.doors.otlp.decode_json import decode_json
from trimtab.doors.otlp.decode_protobuf import decode_protobuf
from trimtab.doors.otlp.metrics import Translated, translate
from trimtab.doors.otlp.series import Tenant
from trimtab.doors.protobuf.kernels import LARGE_BYTES, Kernels
from trimtab.doors.protobuf.wire import Malformed
from trimtab.doors.writing import Writing

DOOR = "otlp"
"""The door's name in the ledger of sources, over HTTP and over gRPC."""
PATH = "/v1/metrics"
_GZIP_RATIO = 8  # metrics repeat themselves
# From here a body takes some milliseconds, a hop to a thread 0.1: with something compiled, and in plain Python.
_THREAD_BYTES, _THREAD_BYTES_PLAIN = 1 << 20, 64 << 10


class Intake:
    """Decodes and stores; remembers series by what they look like on the wire."""

    def __init__(self, writing: Writing, kernels: Kernels | None = None) -> None:
        self.writing = writing
        self._kernels = kernels or Kernels("trimtab.doors.otlp.scan_compiled")
        self._tenants: dict[str, Tenant] = {}
        writing.forget.append(self._tenants.clear)

    async def take(self, raw: bytes, encoding: Encoding, zipped: bool, account: str, key: str | None) -> Translated:
        """Store one request for `account`; when this returns it is durable, save for what the answer says is refused.

        Raises InvalidInput, Throttled or Unavailable.
        """
        with self.writing.inflight.held(OTLP, held_size(raw, zipped)):
            return await self._take(raw, encoding, zipped, account, key)

    async def _take(self, raw: bytes, encoding: Encoding, zipped: bool, account: str, key: str | None) -> Translated:
        size = len(raw) * (_GZIP_RATIO if zipped else 1)
        kernels = await self._get_kernels(size) if encoding is Encoding.PROTOBUF else None
        if size < (_THREAD_BYTES if kernels else _THREAD_BYTES_PLAIN):
            decoded = _open(raw, encoding, zipped, kernels)
        else:
            decoded = await self.writing.inflight.apart(_open, raw, encoding, zipped, kernels)
        return await self._store(decoded, account, key, len(raw))

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

    async def _store(self, decoded: otlp.Request, account: str, key: str | None, size: int) -> Translated:
        writing = self.writing
        tenant = self._tenants.get(account)
        if tenant is None:
            tenant = self._tenants[account] = Tenant(account, writing.region)
        result = await translate(decoded, tenant, writing.registry, writing.clock.now_ms())
        # From here to the log's queue nothing awaits, so that a series is logged before its points.
        appended = await writing.ingest.write(result.batch, key) if len(result.batch) else None
        if appended is None or not appended.duplicate:
            self._count(result, account, size)
        return result

    def _count(self, result: Translated, account: str, size: int) -> None:
        ledger, region = self.writing.ledger, self.writing.region
        total = result.rows.total()
        for source, rows in result.rows.items():
            ledger.accepted(DOOR, source, account, region, rows, size * rows // total)
        for source, refused in result.refused:
            ledger.rejected(DOOR, source, account, region, refused.reason, refused.example, refused.rows)


def _open(raw: bytes, encoding: Encoding, zipped: bool, kernels: ModuleType | None) -> otlp.Request:
    """Decompress and decode. Raises InvalidInput."""
    body = inflate(raw) if zipped else raw
    check_size(len(body))
    if encoding is Encoding.JSON:
        return decode_json(body)
    try:
        return decode_protobuf(body, kernels)
    except Malformed as problem:
        raise InvalidInput(f"cannot decode body: it is not an OTLP metrics request: {problem}") from None
