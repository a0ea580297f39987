"""`Export` of `MetricsService`, `LogsService` and `TraceService`: OTLP over gRPC. OK means durable.

Source: opentelemetry.io, "OTLP Specification", OTLP/gRPC. gRPC itself frames, decompresses (gzip) and bounds a message;
its bytes go to the same decoder as those of HTTP, so no generated code is needed. It runs in the server's own event
loop: measured on two cores, 0.20–0.23 ms of CPU a call, and 0.25–0.35 with gRPC's thread pool and a hop to the loop.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
from msgspec import Struct

from trimtab.access.principal import Principal
from trimtab.access.refusals import Refused
from trimtab.base import errors
from trimtab.base.errors import SetupError, TrimtabError
from trimtab.doors.guard import Guard, Refusal
from trimtab.doors.otlp.answer import Encoding, failure_status, success_message
from trimtab.doors.otlp.body import LIMIT
from trimtab.doors.otlp.intake import DOOR, PATH
from trimtab.doors.otlp.outcome import Takes
from trimtab.doors.writing import scoped_key, summary

METRICS = "opentelemetry.proto.collector.metrics.v1.MetricsService"
LOGS = "opentelemetry.proto.collector.logs.v1.LogsService"
TRACES = "opentelemetry.proto.collector.trace.v1.TraceService"
METHOD = "Export"
_OPTIONS = (
    ("grpc.max_receive_message_length", LIMIT),
    ("grpc.so_reuseport", 0),  # else a second server shares the port silently
    ("grpc.server_handshake_timeout_ms", 20_000),  # who connects and says nothing is no client
    ("grpc.max_connection_idle_ms", 300_000),  # SDKs export every minute, and connect again by themselves
    ("grpc.keepalive_time_ms", 60_000),  # a peer that vanished without a word is found
    ("grpc.keepalive_timeout_ms", 20_000),
    ("grpc.max_concurrent_streams", 100),  # of one connection
)
_MOST_CALLS = 1000
"""Calls at once; further ones are answered RESOURCE_EXHAUSTED by gRPC itself, and their senders try again."""
_GRACE_S = 0.5
_CODES: dict[int, grpc.StatusCode] = {code.value[0]: code for code in grpc.StatusCode}
_WRITES = {"type": "http", "method": "POST", "path": PATH, "query_string": b"", "headers": []}
"""A request to the same door over HTTP: the guard asks of a caller here what it asks there."""
_REFUSED = {401: errors.Unauthenticated, 403: errors.AccessDenied}


class TlsFiles(Struct, frozen=True):
    """PEM files of a certificate and its private key."""

    cert: str
    key: str


class ExportService:
    """A service of one signal, for `serving`; `account` is for callers that name none."""

    def __init__(self, name: str, intake: Takes, guard: Guard, account: str) -> None:
        self.name = name
        self._intake = intake
        self._guard = guard
        self._account = account

    async def export(self, raw: bytes, context: Any) -> bytes:
        """Answer one call."""
        metadata = {name: value for name, value in context.invocation_metadata() or () if isinstance(value, str)}
        account = self._account
        try:
            principal = self._identify(metadata, context)
            account = principal.account or account
            key = scoped_key(metadata.get("idempotency-key", ""), principal, DOOR)
            result = await self._intake.take(raw, Encoding.PROTOBUF, False, account, key)
        except TrimtabError as error:
            self._intake.complain(error, metadata.get("user-agent", ""), account)
            await _abort(context, error)
        return success_message(result.points_refused, summary([refused for _, refused in result.refused]))

    def _identify(self, metadata: dict[str, str], context: Any) -> Principal:
        caller = self._guard.identify(_WRITES, {"authorization": metadata.get("authorization", "")})
        if isinstance(caller, Refusal):
            if self._guard.refused is not None and caller.status in _REFUSED:
                address = context.peer().partition(":")[2].rpartition(":")[0]
                self._guard.refused.note(Refused("otlp grpc", caller.status, caller.who, address), self.name)
            raise _REFUSED.get(caller.status, errors.Unavailable)(caller.message)
        return caller


async def _abort(context: Any, error: TrimtabError) -> None:
    """End the call with the error's code. Raises always."""
    code, status, retry = failure_status(error)
    trailers = [("grpc-status-details-bin", status)]
    if retry:
        trailers.append(("google.rpc.retryinfo-bin", retry))  # where the Python SDK looks for it
    await context.abort(_CODES[code], str(error), tuple(trailers))


@asynccontextmanager
async def serving(services: Sequence[ExportService], address: str, tls: TlsFiles | None) -> AsyncIterator[int]:
    """Serve at `host:port` while the context is open; gives the port. Raises SetupError."""
    # Without a (de)serialiser gRPC hands over bytes; another method or service it answers UNIMPLEMENTED.
    server = grpc.aio.server(options=_OPTIONS, maximum_concurrent_rpcs=_MOST_CALLS)
    for service in services:
        methods = {METHOD: grpc.unary_unary_rpc_method_handler(service.export)}
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service.name, methods),))
    try:
        port = server.add_secure_port(address, _credentials(tls)) if tls else server.add_insecure_port(address)
    except (RuntimeError, OSError) as problem:
        raise SetupError(f"cannot listen on {address} for OTLP over gRPC: {problem}") from None
    await server.start()
    try:
        yield port
    finally:
        await server.stop(_GRACE_S)


def _credentials(tls: TlsFiles) -> Any:
    return grpc.ssl_server_credentials(((Path(tls.key).read_bytes(), Path(tls.cert).read_bytes()),))
