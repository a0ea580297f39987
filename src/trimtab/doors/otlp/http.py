"""`POST /v1/metrics`: OTLP over HTTP, as protobuf or JSON, plain or gzipped. A 200 means durable.

Source: opentelemetry.io, "OTLP Specification", OTLP/HTTP. A repeated `Idempotency-Key` is stored once.
"""

import asyncio
from types import ModuleType

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trimtab.base.errors import InvalidInput, TrimtabError
from trimtab.doors.otlp import request as otlp
from trimtab.doors.otlp.answer import Encoding, failure, success
from trimtab.doors.otlp.body import check_size, compressed, encoding_of, inflate
from trimtab.doors.otlp.decode_json import decode_json
from trimtab.doors.otlp.decode_protobuf import decode_protobuf
from trimtab.doors.otlp.metrics import Translated, translate
from trimtab.doors.otlp.series import Tenant
from trimtab.doors.protobuf.kernels import LARGE_BYTES, Kernels
from trimtab.doors.protobuf.wire import Malformed
from trimtab.doors.writing import Writing, idempotency_key, summary

DOOR = "otlp"
"""The door's name in the ledger of sources."""
PATH = "/v1/metrics"
_GZIP_RATIO = 8  # metrics repeat themselves
# From here a body takes some milliseconds, a hop to a thread 0.1: with something compiled, and in plain Python.
_THREAD_BYTES, _THREAD_BYTES_PLAIN = 1 << 20, 64 << 10


def routes(writing: Writing) -> list[BaseRoute]:
    """The route of OTLP metrics."""
    return [Route(PATH, MetricsDoor(writing).export, methods=["POST"])]


class MetricsDoor:
    """Decodes and stores; remembers series by what they look like on the wire."""

    def __init__(self, writing: Writing, kernels: Kernels | None = None) -> None:
        self._writing = writing
        self._kernels = kernels or Kernels("trimtab.doors.otlp.scan_compiled")
        self._tenants: dict[str, Tenant] = {}
        writing.forget.append(self._tenants.clear)

    async def export(self, request: Request) -> Response:
        """Answer one request."""
        encoding, account = Encoding.JSON, self._writing.account_of(request)
        try:
            encoding = encoding_of(request)
            zipped, key = compressed(request), idempotency_key(request, DOOR)
            raw = await request.body()
            size = len(raw) * (_GZIP_RATIO if zipped else 1)
            kernels = await self._get_kernels(size) if encoding is Encoding.PROTOBUF else None
            if size < (_THREAD_BYTES if kernels else _THREAD_BYTES_PLAIN):
                decoded = _open(raw, encoding, zipped, kernels)
            else:
                decoded = await asyncio.to_thread(_open, raw, encoding, zipped, kernels)
            result = await self._store(decoded, account, key, len(raw))
        except TrimtabError as error:
            if isinstance(error, InvalidInput):
                program = request.headers.get("user-agent", "unknown").partition(" ")[0]
                self._writing.ledger.rejected(DOOR, program, account, self._writing.region, str(error), PATH, 1)
            return failure(encoding, error)
        return success(encoding, result.points_refused, summary([refused for _, refused in result.refused]))

    async def _get_kernels(self, size: int) -> ModuleType | None:
        kernels = self._kernels.get(size)
        if kernels is None and size >= LARGE_BYTES:
            kernels = await asyncio.to_thread(self._kernels.ready)
        return kernels

    async def _store(self, decoded: otlp.Request, account: str, key: str | None, size: int) -> Translated:
        writing = self._writing
        tenant = self._tenants.get(account)
        if tenant is None:
            tenant = self._tenants[account] = Tenant(account, writing.region)
        result = translate(decoded, tenant, writing.registry, writing.clock.now_ms())
        # From the lookup of series to the log's queue nothing awaits, so that a series is logged before its points.
        appended = await writing.ingest.write(result.batch, key) if len(result.batch) else None
        if appended is None or not appended.duplicate:
            self._count(result, account, size)
        return result

    def _count(self, result: Translated, account: str, size: int) -> None:
        ledger, region = self._writing.ledger, self._writing.region
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
