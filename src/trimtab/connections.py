"""HTTP connections that cost something and bring nothing are closed: uvicorn's own, with limits of time and number.

uvicorn closes a connection that is idle after an answer. It waits for ever for one that says nothing at first, sends
its request a byte a minute (slowloris), or does not read its answer. `Connections.sweep` looks at all of them every few
seconds and closes those past a limit; while requests are still to be answered they are left to the doors.
"""

import asyncio
import resource
from collections.abc import Iterable
from typing import Any

from msgspec import Struct
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from trimtab.settings import Settings

SWEEP_S = 5.0
_LEAST_BYTES_S = 1024
"""A body may be slow, but not slower on average: a modem of 1990 is faster."""
_STUCK_FILES = 512  # descriptors kept for the logs, the engine's clients and sockets of other doors
_TOO_SLOW = b"cannot wait longer for this request: it came too slowly\n"
_TOO_MANY = b"cannot take another connection now: try again later\n"


class ConnectionLimits(Struct, frozen=True):
    """`idle_s`: without a request begun. `slow_s`: for a request's head, and without a byte of a body or of an answer
    taken. `most`: connections at once.
    """

    idle_s: float = 75.0
    slow_s: float = 30.0
    most: int = 20_000

    @classmethod
    def of(cls, settings: Settings) -> "ConnectionLimits":
        """As configured, and no more connections than the process may open files for."""
        files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        most = min(settings.max_connections, max(files - _STUCK_FILES, files // 2))
        return cls(settings.idle_timeout_s, settings.slow_timeout_s, most)


class Connection(HttpToolsProtocol):
    """One connection; notes when it last got further."""

    limits = ConnectionLimits()
    closed: "Counts"

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        """See asyncio.Protocol: one too many is told so and closed."""
        self._began = self._moved = self._read = self.loop.time()
        self._phase = "idle"
        self._body_bytes = self._unsent = 0
        if len(self.connections) >= self.limits.most:
            self.closed.note("too_many")
            self.transport = transport
            transport.write(_answer(503, _TOO_MANY, b"retry-after: 5\r\n"))
            transport.close()
            return
        super().connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio.Protocol."""
        if self.flow is not None:  # else it was one too many
            super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """See asyncio.Protocol."""
        if self.flow is not None:
            super().data_received(data)

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._enter("head")

    def on_headers_complete(self) -> None:
        """The head is whole."""
        super().on_headers_complete()
        self._enter("body")
        self._body_bytes = 0

    def on_body(self, body: bytes) -> None:
        """A part of the body came."""
        super().on_body(body)
        self._moved = self.loop.time()
        self._body_bytes += len(body)

    def on_message_complete(self) -> None:
        """The request is whole."""
        super().on_message_complete()
        answered = self.cycle.response_complete  # before the body was whole: refused
        self._enter("idle" if answered else "answer")

    def on_response_complete(self) -> None:
        """The answer is given to the system."""
        super().on_response_complete()
        if self._phase == "answer":
            self._enter("idle")

    def sweep(self, now: float) -> None:
        """Close this connection if it is past a limit at `now` (the loop's time, s)."""
        if self.transport.is_closing():
            if now - self._moved > self.limits.slow_s:  # its peer takes nothing: what is left is thrown away
                self.transport.abort()
            return
        if self._does_not_read(now):
            self.closed.note("slow_reader")
            self.transport.abort()
        elif self._phase == "idle" and self._answered() and now - self._moved > self.limits.idle_s:
            self.closed.note("idle")
            self.transport.close()
        elif self._phase == "head" and now - self._began > self.limits.slow_s:
            self._give_up("slow_head")
        elif self._phase == "body":
            self._sweep_body(now)

    def _sweep_body(self, now: float) -> None:
        if self.flow.read_paused:  # it is we who do not read
            self._began += now - self._moved
            self._moved = now
            return
        lasted = now - self._began
        if now - self._moved > self.limits.slow_s or (
            lasted > 2 * self.limits.slow_s and self._body_bytes < lasted * _LEAST_BYTES_S
        ):
            self._give_up("slow_body")

    def _does_not_read(self, now: float) -> bool:
        """Whether the client has taken nothing of an answer for too long."""
        unsent = self.transport.get_write_buffer_size()
        if unsent == 0 or unsent < self._unsent:
            self._read = now
        self._unsent = unsent
        return bool(unsent) and now - self._read > self.limits.slow_s

    def _answered(self) -> bool:
        """Whether no request waits for its answer; several may be under way, one behind the other."""
        cycle: Any = self.cycle  # None before the first request, whatever uvicorn's types say
        return cycle is None or bool(cycle.response_complete)

    def _enter(self, phase: str) -> None:
        self._phase = phase
        self._began = self._moved = self.loop.time()

    def _give_up(self, why: str) -> None:
        self.closed.note(why)
        if self._answered() or not self.cycle.response_started:
            self.transport.write(_answer(408, _TOO_SLOW))
        self.transport.close()


class Counts:
    """How many connections were closed, by why: `idle`, `slow_head`, `slow_body`, `slow_reader`, `too_many`."""

    REASONS = ("idle", "slow_head", "slow_body", "slow_reader", "too_many")

    def __init__(self) -> None:
        self.by_reason = dict.fromkeys(self.REASONS, 0)

    def note(self, reason: str) -> None:
        """One more."""
        self.by_reason[reason] += 1


def protocol(limits: ConnectionLimits, closed: Counts) -> type[Connection]:
    """The class of a server's connections, for uvicorn."""
    return type("HttpConnection", (Connection,), {"limits": limits, "closed": closed})


def sweep(connections: Iterable[Any], now: float) -> None:
    """Close what is past a limit at `now` (the loop's time, s)."""
    for connection in list(connections):
        if isinstance(connection, Connection):
            connection.sweep(now)


def _answer(status: int, text: bytes, further: bytes = b"") -> bytes:
    head = b"content-type: text/plain; charset=utf-8\r\nconnection: close\r\n" + further
    return STATUS_LINE[status] + head + b"content-length: %d\r\n\r\n" % len(text) + text
