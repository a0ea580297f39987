"""`POST /api/v1/write`: Prometheus remote write 1.0 and 2.0, told apart by the content type.

Sources: prometheus.io, "Prometheus Remote-Write 1.0 specification" and "… 2.0 specification". Senders retry 5xx and
429 and give up on other 4xx. A request with some invalid samples has its valid ones stored and is answered 400, as both
ask; 429 where it brings new series to an account that has as many as it may. A 204 means durable. Samples de-duplicate
on (series, time), so a retried request changes nothing. Exemplars are not kept: noted in the ledger, 0 in 2.0's header,
and no error, for nothing of what was measured is missing.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from types import ModuleType

import cramjam
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute

from trimtab.access.principal import Role
from trimtab.base import errors
from trimtab.base.errors import InvalidInput, LimitExceeded, TrimtabError
from trimtab.doors.inflight import PROMETHEUS
from trimtab.doors.prometheus.decode import Decoded, Tenant, decode, remember_metadata
from trimtab.doors.prometheus.scan import Found, scan
from trimtab.doors.prometheus.scan_v2 import scan_v2
from trimtab.doors.protobuf import wire
from trimtab.doors.protobuf.kernels import LARGE_BYTES, Kernels
from trimtab.doors.roles import DoorRoute
from trimtab.doors.writing import Refused, Writing, idempotency_key, summary
from trimtab.metrics.admission import RECOUNT_MS

logger = logging.getLogger(__name__)

DOOR = "prometheus"
"""The door's name in the ledger of sources."""
PATH = "/api/v1/write"
BODY_LIMIT = 32 << 20
_READ_TIMES = 2  # a body and the rows made of it
"""Bytes of a body, decompressed; Prometheus sends 2,000 samples, some hundred kilobytes, unless told otherwise."""
# From here a body takes some milliseconds, a hop to a thread 0.1: with something compiled, and in plain Python.
_THREAD_BYTES, _THREAD_BYTES_PLAIN = 1 << 20, 64 << 10
_NO_SNAPPY = "cannot decompress body: it is not a snappy block"
V1, V2 = "prometheus.WriteRequest", "io.prometheus.write.v2.Request"
"""The messages: names of 1.0's and 2.0's in the content type's parameter `proto`."""
_SCANS: dict[str, Callable[[bytes, ModuleType | None], Found]] = {V1: scan, V2: scan_v2}
_COMPILED = {V1: "trimtab.doors.prometheus.scan_compiled", V2: "trimtab.doors.prometheus.scan_v2_compiled"}
_WRITTEN = "X-Prometheus-Remote-Write-{}-Written"

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
    return [DoorRoute(PATH, RemoteWrite(writing).write, Role.WRITE, methods=["POST"])]


class RemoteWrite:
    """Decodes and stores; remembers series by what they look like on the wire."""

    def __init__(self, writing: Writing, kernels: Kernels | None = None) -> None:
        self._writing = writing
        self._kernels = {message: kernels or Kernels(module) for message, module in _COMPILED.items()}
        self._tenants: dict[str, Tenant] = {}
        writing.forget.append(self._tenants.clear)

    async def write(self, request: Request) -> Response:
        """Answer one request."""
        writing = self._writing
        source = (DOOR, source_name(request), writing.account_of(request), writing.region)
        try:
            message = message_of(request)
            key = idempotency_key(request, DOOR)
            raw = await request.body()
            decoded = await self._store(raw, message, key, source)
        except TrimtabError as error:
            if isinstance(error, InvalidInput):
                self._writing.ledger.rejected(*source, str(error), PATH, 1)
            return answer_error(error)
        for item in decoded.refused:
            self._writing.ledger.rejected(*source, item.reason, item.example, item.rows)
        return _answer(decoded.refused, _written(decoded) if message == V2 else {})

    async def _store(self, raw: bytes, message: str, key: str | None, source: tuple[str, str, str, str]) -> Decoded:
        size = decompressed_size(raw)
        with self._writing.inflight.held(PROMETHEUS, size * _READ_TIMES):
            return await self._store_held(raw, size, message, key, source)

    async def _store_held(
        self, raw: bytes, size: int, message: str, key: str | None, source: tuple[str, str, str, str]
    ) -> Decoded:
        kernels = self._kernels[message].get(size)
        if kernels is None and size >= LARGE_BYTES:
            kernels = await asyncio.to_thread(self._kernels[message].ready)
        if size < (_THREAD_BYTES if kernels else _THREAD_BYTES_PLAIN):
            scanned = _open(raw, message, kernels)
        else:
            scanned = await self._writing.inflight.apart(_open, raw, message, kernels)
        tenant = self._tenant(source[2])
        remember_metadata(scanned, tenant)
        decoded = await decode(scanned, tenant, self._writing.registry, self._writing.clock.now_ms(), kernels)
        # From here to the log's queue nothing awaits, so that a series is logged before its points.
        if len(decoded.batch):
            appended = await self._writing.ingest.write(decoded.batch, key)
            tenant.remember_began(decoded.began)
            if not appended.duplicate:
                self._writing.ledger.accepted(*source, rows=len(decoded.batch), bytes_=len(raw))
        return decoded

    def _tenant(self, account: str) -> Tenant:
        tenant = self._tenants.get(account)
        if tenant is None:
            tenant = self._tenants[account] = Tenant(account, self._writing.region)
        return tenant


def message_of(request: Request) -> str:
    """Which message the body is. Raises UnsupportedMedia for what is not a snappy-compressed one that we know."""
    media, _, parameters = request.headers.get("content-type", "application/x-protobuf").partition(";")
    media = media.strip().lower()
    if media != "application/x-protobuf":
        raise UnsupportedMedia(f"cannot read body: got content type {media!r}; expected application/x-protobuf")
    message = V1
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "proto":
            message = value.strip().strip('"')
    if message not in _SCANS:
        raise UnsupportedMedia(f"cannot read body: got message {message!r}; expected {V1} or {V2}")
    encoding = request.headers.get("content-encoding", "snappy").strip().lower()
    if encoding != "snappy":
        raise UnsupportedMedia(f"cannot read body: got encoding {encoding!r}; expected snappy")
    return message


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


def _open(raw: bytes, message: str, kernels: ModuleType | None) -> Found:
    """Decompress and scan. Raises InvalidInput."""
    try:
        body = bytes(cramjam.snappy.decompress_raw(raw))
    except cramjam.DecompressionError as problem:
        raise InvalidInput(_NO_SNAPPY) from problem
    try:
        return _SCANS[message](body, kernels)
    except wire.Malformed as problem:
        raise InvalidInput(f"cannot decode body: it is not a {message.rpartition('.')[2]}: {problem}") from None


def _written(decoded: Decoded) -> dict[str, str]:
    counts = {"Samples": decoded.samples, "Histograms": decoded.histograms, "Exemplars": 0}
    return {_WRITTEN.format(what): str(count) for what, count in counts.items()}


def _answer(refused: Sequence[Refused], headers: dict[str, str]) -> Response:
    lost = [item for item in refused if not item.hint]
    if not lost:
        return Response(status_code=204, headers=headers)
    rows = sum(item.rows for item in lost)
    text = f"cannot store {rows} samples of this request, the others are stored: {summary(lost)}\n"
    if any(item.full for item in lost):
        return PlainTextResponse(text, 429, {**headers, "Retry-After": str(RECOUNT_MS // 1000)})
    return PlainTextResponse(text, 400, headers)
