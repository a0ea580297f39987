"""Requests over HTTP/1.1: kept connections, callbacks rather than tasks, httptools to read the answers.

Of what was measured on one core against the same server (`bench/bench_loadtest.py`), this sends the most: see
docs/guide/load-tests.md.
"""

import asyncio
import ssl
from collections import deque
from collections.abc import Mapping
from typing import Protocol
from urllib.parse import urlsplit

import httptools
from msgspec import Struct, field

from trimtab.base.clock import SystemClock
from trimtab.base.errors import InvalidInput
from trimtab.egress.trust import authorities
from trimtab.inference.load.outcome import Done, Outcome

_SWEEP_S = 0.1  # how often requests that are out of time are looked for
_OK = range(200, 300)


class Reader(Protocol):
    """Reads the body of one answer as it comes; `finish` completes the outcome."""

    def feed(self, data: bytes, at_s: float) -> None:
        """A piece of the body."""
        ...

    def finish(self, outcome: Outcome) -> None:
        """The answer is complete."""
        ...


class Prepared(Struct):
    """One request as its bytes, and what reads its answer's body (None: it is only counted)."""

    raw: bytes
    reader: Reader | None = None


class Address(Struct, frozen=True):
    """Where requests go."""

    host: str
    port: int
    tls: bool
    path: str
    authority: str

    @classmethod
    def of(cls, url: str) -> "Address":
        """The address in an http(s) URL. Raises InvalidInput."""
        parts = urlsplit(url)
        try:
            port = parts.port
        except ValueError:
            port = -1
        if parts.scheme not in ("http", "https") or not parts.hostname or port == -1:
            raise InvalidInput(f"cannot send to {url!r}: expected http://host:port/path or https://…")
        tls = parts.scheme == "https"
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return cls(parts.hostname, port or (443 if tls else 80), tls, path, parts.netloc.rpartition("@")[2])


def request_bytes(
    address: Address, body: bytes, headers: Mapping[str, str], *, method: str = "POST", path: str = ""
) -> bytes:
    """A request's bytes. Raises InvalidInput for a header that would end before its line does."""
    lines = [f"{method} {path or address.path} HTTP/1.1", f"Host: {address.authority}"]
    for name, value in headers.items():
        if "\n" in name + value or "\r" in name + value:
            raise InvalidInput(f"cannot send header {name!r}: it has a line break")
        lines.append(f"{name}: {value}")
    if body or method not in ("GET", "HEAD"):
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode("latin-1", "replace") + b"\r\n\r\n" + body


class _Connection(asyncio.Protocol):
    __slots__ = ("bytes", "done", "first_s", "parser", "prepared", "retried", "sender", "since_s", "transport", "used")

    def __init__(self, sender: "HttpSender") -> None:
        self.sender = sender
        self.transport: asyncio.Transport | None = None
        self.prepared: Prepared | None = None
        self.done: Done | None = None
        self.since_s = self.first_s = 0.0
        self.bytes = 0
        self.used = self.retried = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]  # a stream's transport writes
        self.parser = httptools.HttpResponseParser(self)

    def start(self, prepared: Prepared, done: Done, *, retried: bool = False) -> None:
        self.prepared, self.done, self.retried = prepared, done, retried
        self.since_s, self.first_s, self.bytes = self.sender.now(), 0.0, 0
        self.transport.write(prepared.raw)  # type: ignore[union-attr]  # connected before it is used

    def data_received(self, data: bytes) -> None:
        if not self.first_s:
            self.first_s = self.sender.now()
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserError:
            self.end("not HTTP")

    def on_body(self, data: bytes) -> None:
        self.bytes += len(data)
        if self.prepared is not None and self.prepared.reader is not None:
            self.prepared.reader.feed(data, self.sender.now())

    def on_message_complete(self) -> None:
        status = self.parser.get_status_code()
        self.end("" if status in _OK else f"HTTP {status}", keep=self.parser.should_keep_alive())

    def connection_lost(self, problem: Exception | None) -> None:
        if self.done is None:
            self.sender.lost(self)
        elif self.used and not self.first_s and not self.retried and self.prepared is not None:
            # The server closed an idle connection as we wrote to it: that is no answer, so it is asked again once.
            self.sender.lost(self)
            prepared, done, self.done = self.prepared, self.done, None
            self.sender.send(prepared, done, retried=True)
        else:
            self.end("connection closed")

    def end(self, problem: str, *, keep: bool = False) -> None:
        done, prepared = self.done, self.prepared
        if done is None:
            return
        self.done = self.prepared = None
        outcome = Outcome(self.sender.now(), problem, self.first_s, bytes=self.bytes)
        if prepared is not None and prepared.reader is not None and not problem:
            prepared.reader.finish(outcome)
        self.used = True
        self.sender.free(self, keep=keep)
        done(outcome)


class HttpSender(Struct):
    """Sends prepared requests to one address. `now` is the monotonic clock; open connections before the first send.

    `connect_to` is the address of the host, where it is not to be resolved."""

    address: Address
    most_connections: int = 512
    timeout_s: float = 30.0
    verify: bool = True
    connect_to: str = ""
    _idle: list[_Connection] = field(default_factory=list)
    _all: set[_Connection] = field(default_factory=set)
    _waiting: deque[tuple[Prepared, Done, bool, float]] = field(default_factory=deque)
    _opening: set[asyncio.Task[None]] = field(default_factory=set)
    _clock: SystemClock = field(default_factory=SystemClock)
    _sweeper: asyncio.TimerHandle | None = None
    _context: ssl.SSLContext | None = None

    def now(self) -> float:
        """Seconds of the monotonic clock."""
        return self._clock.monotonic()

    async def open(self, connections: int = 1) -> None:
        """Open so many connections. Raises InvalidInput where nobody answers."""
        if self.address.tls:
            self._context = authorities()
            if not self.verify:
                self._context.check_hostname, self._context.verify_mode = False, ssl.CERT_NONE
        loop = asyncio.get_running_loop()
        try:
            for _ in range(min(connections, self.most_connections)):
                self._idle.append(await self._connect())
        except OSError as problem:
            await self.close()
            raise InvalidInput(f"cannot reach {self.address.authority}: {problem}") from problem
        self._sweeper = loop.call_later(_SWEEP_S, self._sweep)

    async def close(self) -> None:
        """Close every connection."""
        if self._sweeper is not None:
            self._sweeper.cancel()
        for task in tuple(self._opening):
            task.cancel()
        for one in tuple(self._all):
            if one.transport is not None:
                one.transport.abort()
        self._idle.clear()
        await asyncio.sleep(0)

    def send(self, prepared: Prepared, done: Done, *, retried: bool = False) -> None:
        """Send a request on an idle connection, or on one more; above the limit it waits for one."""
        if self._idle:
            self._idle.pop().start(prepared, done, retried=retried)
            return
        self._waiting.append((prepared, done, retried, self.now()))
        if len(self._all) + len(self._opening) < self.most_connections and len(self._opening) < len(self._waiting):
            task = asyncio.get_running_loop().create_task(self._one_more())
            self._opening.add(task)
            task.add_done_callback(self._opening.discard)

    @property
    def connections(self) -> int:
        """How many are open."""
        return len(self._all)

    def free(self, connection: _Connection, *, keep: bool) -> None:
        """A connection has its answer."""
        if not keep or connection.transport is None or connection.transport.is_closing():
            self.lost(connection)
            if connection.transport is not None:
                connection.transport.close()
            if self._waiting and not self._opening:
                prepared, done, retried, _ = self._waiting.popleft()
                self.send(prepared, done, retried=retried)
        elif self._waiting:
            prepared, done, retried, _ = self._waiting.popleft()
            connection.start(prepared, done, retried=retried)
        else:
            self._idle.append(connection)

    def lost(self, connection: _Connection) -> None:
        """A connection is gone."""
        self._all.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)

    async def _connect(self) -> _Connection:
        loop = asyncio.get_running_loop()
        server_name = self.address.host if self._context else None
        _, made = await loop.create_connection(
            lambda: _Connection(self), self.connect_to or self.address.host, self.address.port, ssl=self._context,
            server_hostname=server_name,
        )  # fmt: skip
        self._all.add(made)
        return made

    async def _one_more(self) -> None:
        try:
            made = await asyncio.wait_for(self._connect(), self.timeout_s)
        except (OSError, TimeoutError):
            if self._waiting:
                _, done, _, _ = self._waiting.popleft()
                done(Outcome(self.now(), "cannot connect"))
            return
        self.free(made, keep=True)

    def _sweep(self) -> None:
        late = self.now() - self.timeout_s
        for one in tuple(self._all):
            if one.done is not None and one.since_s < late:
                one.end("timed out")
        while self._waiting and self._waiting[0][3] < late:
            self._waiting.popleft()[1](Outcome(self.now(), "timed out"))
        self._sweeper = asyncio.get_running_loop().call_later(_SWEEP_S, self._sweep)
