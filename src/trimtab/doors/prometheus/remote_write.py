"""`POST /api/v1/write`: Prometheus remote write 1.0.

Source: prometheus.io, "Prometheus Remote-Write 1.0 specification". Senders retry 5xx and 429 and give up on other
4xx. A request with some invalid samples has its valid ones stored and is answered 400, as the specification asks.
A 204 means durable. Samples de-duplicate on (series, time), so a retried request changes nothing.
"""

import asyncio
import logging
from collections.abc import Sequence
from types import ModuleType

import cramjam
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from trimtab.base import errors
from trimtab.base.errors import InvalidInput, LimitExceeded, TrimtabError
from trimtab.doors.prometheus.decode import Tenant, decode, remember_metadata
from trimtab.doors.prometheus.scan import Scanned, scan
from trimtab.doors.protobuf import wire
from trimtab.doors.protobuf.kernels import LARGE_BYTES, Kernels
from trimtab.doors.writing import Refused, Writing, idempotency_key, summary

logger = logging.getLogger(__name__)

DOOR = "prometheus"
"""The door's name in the ledger of sources."""
PATH = "/api/v1/write"
BODY_LIMIT = 32 << 20
"""Bytes of a body, decompressed; Prometheus sends 2,000 samples, some hundred kilobytes, unless told otherwise."""
# From here a body takes some milliseconds, a hop to a thread 0.1: with something compiled, and in plain Python.
_THREAD_BYTES, _THREAD_BYTES_PLAIN = 1 << 20, 64 << 10
_NO_SNAPPY = "cannot decompress body: it is not a snappy block"
_V2 = "remote write 2.0 is not supported yet; try protobuf_message: prometheus.WriteRequest"

STATUS: tuple[tuple[type[TrimtabError], int], ...] = (
    (LimitExceeded, 413),
    (InvalidInput, 400),
    (errors.Unauthenticated, 401),
    (errors.AccessDenied, 403),
    (errors.Throttled, 429),
    (errors.Unavailable, 503),  # DiskFull too: 507 is no 5xx that every sender knows
)
"""The first row whose class the error is counts."""
_RETRY_S = 5  # what a restart of the engine, or a person freeing disk, takes at least


class UnsupportedMedia(InvalidInput):
    """A body in another format or compression."""


def routes(writing: Writing) -> list[BaseRoute]:
    """The route of remote write."""
    return [Route(PATH, RemoteWrite(writing).write, methods=["POST"])]


class RemoteWrite:
    """Decodes and stores; remembers series by what they look like on the wire."""

    def __init__(self, writing: Writing, kernels: Kernels | None = None) -> None:
        self._writing = writing
        self._kernels = kernels or Kernels("trimtab.doors.prometheus.scan_compiled")
        self._tenants: dict[str, Tenant] = {}
        writing.forget.append(self._tenants.clear)

    async def write(self, request: Request) -> Response:
        """Answer one request."""
        writing = self._writing
        source = (DOOR, source_name(request), writing.account_of(request), writing.region)
        try:
            check_headers(request)
            key = idempotency_key(request, DOOR)
            raw = await request.body()
            refused = await self._store(raw, key, source)
        except TrimtabError as error:
            if isinstance(error, InvalidInput):
                self._writing.ledger.rejected(*source, str(error), PATH, 1)
            return answer_error(error)
        for item in refused:
            self._writing.ledger.rejected(*source, item.reason, item.example, item.rows)
        return _answer(refused)

    async def _store(self, raw: bytes, key: str | None, source: tuple[str, str, str, str]) -> list[Refused]:
        size = decompressed_size(raw)
        kernels = self._kernels.get(size)
        if kernels is None and size >= LARGE_BYTES:
            kernels = await asyncio.to_thread(self._kernels.ready)
        if size < (_THREAD_BYTES if kernels else _THREAD_BYTES_PLAIN):
            scanned = _open(raw, kernels)
        else:
            scanned = await asyncio.to_thread(_open, raw, kernels)
        tenant = self._tenant(source[2])
        remember_metadata(scanned, tenant)
        batch, refused = decode(scanned, tenant, self._writing.registry, self._writing.clock.now_ms(), kernels)
        # From the lookup of series to the log's queue nothing awaits, so that a series is logged before its points.
        if len(batch):
            appended = await self._writing.ingest.write(batch, key)
            if not appended.duplicate:
                self._writing.ledger.accepted(*source, rows=len(batch), bytes_=len(raw))
        return refused

    def _tenant(self, account: str) -> Tenant:
        tenant = self._tenants.get(account)
        if tenant is None:
            tenant = self._tenants[account] = Tenant(account, self._writing.region)
        return tenant


def check_headers(request: Request) -> None:
    """Refuse what is not a snappy-compressed WriteRequest. Raises UnsupportedMedia."""
    media, _, parameters = request.headers.get("content-type", "application/x-protobuf").partition(";")
    media = media.strip().lower()
    if media != "application/x-protobuf":
        raise UnsupportedMedia(f"cannot read body: got content type {media!r}; expected application/x-protobuf")
    version = request.headers.get("x-prometheus-remote-write-version", "0.1.0")
    if "io.prometheus.write.v2" in parameters or version.startswith("2."):
        raise UnsupportedMedia(f"cannot read body: {_V2}")
    encoding = request.headers.get("content-encoding", "snappy").strip().lower()
    if encoding != "snappy":
        raise UnsupportedMedia(f"cannot read body: got encoding {encoding!r}; expected snappy")


def source_name(request: Request) -> str:
    """Who sends: the program, as it names itself, and its address."""
    program = request.headers.get("user-agent", "unknown").partition(" ")[0][:100]
    return f"{program} at {request.client.host}" if request.client else program


def answer_error(error: TrimtabError) -> Response:
    """The answer to an error that trimtab raised on purpose: text, as Prometheus logs it."""
    if isinstance(error, UnsupportedMedia):
        return PlainTextResponse(f"{error}\n", 415)
    status = next((status for kind, status in STATUS if isinstance(error, kind)), 500)
    headers = {}
    if isinstance(error, errors.Throttled):
        headers["Retry-After"] = str(error.retry_after_s)
    elif status == 503:
        headers["Retry-After"] = str(_RETRY_S)
    return PlainTextResponse(f"{error}\n", status, headers)


def decompressed_size(raw: bytes) -> int:
    """What a snappy block says of itself, first of all. Raises InvalidInput, or LimitExceeded past BODY_LIMIT."""
    try:
        size, _ = wire.varint(raw, 0, len(raw))
    except wire.Malformed as problem:
        raise InvalidInput(_NO_SNAPPY) from problem
    if size > BODY_LIMIT:
        raise LimitExceeded(f"cannot take a body of {size} bytes: expected at most {BODY_LIMIT}; send it in parts")
    return size


def _open(raw: bytes, kernels: ModuleType | None) -> Scanned:
    """Decompress and scan. Raises InvalidInput."""
    try:
        body = bytes(cramjam.snappy.decompress_raw(raw))
    except cramjam.DecompressionError as problem:
        raise InvalidInput(_NO_SNAPPY) from problem
    try:
        return scan(body, kernels)
    except wire.Malformed as problem:
        raise InvalidInput(f"cannot decode body: it is not a WriteRequest: {problem}") from None


def _answer(refused: Sequence[Refused]) -> Response:
    lost = [item for item in refused if not item.hint]
    if not lost:
        return Response(status_code=204)
    rows = sum(item.rows for item in lost)
    text = f"cannot store {rows} samples of this request, the others are stored: {summary(lost)}\n"
    return PlainTextResponse(text, 400)
