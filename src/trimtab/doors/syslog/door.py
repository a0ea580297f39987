"""Syslog over UDP (a message a datagram, RFC 5426) and TCP (RFC 6587: counted, or a line each).

Neither has an acknowledgement: messages are in memory for at most a second, then durable; a server that is killed loses
what it holds. While there is no room TCP waits, and what comes by UDP is dropped and counted. Messages go to the group
`syslog`, in a stream of the host that they name.
"""

import asyncio
import contextlib
import socket

from trimtab.base.errors import TrimtabError
from trimtab.doors.datagrams import Datagrams
from trimtab.doors.log_writing import LogWriting, Place, place_of
from trimtab.doors.syslog.message import read_message
from trimtab.logs.model import LogEvent

DOOR = "syslog"
GROUP = "syslog"
MOST_BYTES = 32 << 20
"""Bytes held at most: a second of a very busy machine, or some minutes without a writable log."""
LONGEST = 64 << 10
"""Bytes of a message: what a datagram can have."""
MOST_CONNECTIONS = 100
IDLE_S = 3600.0
"""Seconds without a message after which a connection is closed: what its sender then sends into it is lost, so they are
many."""
SLOW_S = 30.0
"""Seconds in which the rest of a message must come."""
_NO_ROOM = "a message found no room: the log cannot take events as fast as they come"
_DROPPED = "the system dropped datagrams: the socket's buffer was full"
_TOO_LONG = f"a message is longer than {LONGEST} bytes"
_COUNT_DIGITS = 6


class SyslogDoor:
    """Takes messages from both sockets."""

    def __init__(self, writing: LogWriting) -> None:
        self._writing = writing
        self._events: dict[Place, list[LogEvent]] = {}
        self._bytes = 0
        self._freed = asyncio.Event()
        self._connections: set[asyncio.Task[None]] = set()

    def take(self, data: bytes, sender: str) -> None:
        """Hold one message until the next flush."""
        line = data.decode("utf-8", "replace").rstrip("\r\n\0")
        if not line:
            return
        now_ms = self._writing.logs.clock.now_ms()
        message = read_message(line, now_ms)
        time_ms = now_ms if message.time_ms is None or not self._writing.in_time(message.time_ms) else message.time_ms
        fields = {"facility": message.facility, **message.fields}
        place = place_of(GROUP, message.host or sender)
        self._events.setdefault(place, []).append(
            LogEvent(time_ms, message.text or line, severity=message.severity, attributes=fields)
        )
        self._bytes += len(data)

    async def flush(self) -> None:
        """Make durable what is held. Raises Throttled or Unavailable; then it stays held."""
        if not self._events:
            return
        events, self._events = self._events, {}
        size, self._bytes = self._bytes, 0
        try:
            await self._writing.write(DOOR, events, self._writing.account, None, size)
        except TrimtabError:
            for place, later in self._events.items():
                events.setdefault(place, []).extend(later)
            self._events = events
            self._bytes += size
            raise
        self._freed.set()

    async def flush_last(self) -> str:
        """Flush at the end; what is wrong if messages are lost by it, "" if none are."""
        try:
            await self.flush()
        except TrimtabError as problem:
            return (
                f"{sum(map(len, self._events.values()))} syslog messages are lost, they could not be written: {problem}"
            )
        return ""

    def datagrams(self, listener: socket.socket) -> Datagrams:
        """A reader of messages from a bound UDP socket."""
        return Datagrams(listener, self._datagram, lambda count: self._refuse(_DROPPED, f"{count} datagrams", count))

    async def serve(self, listener: socket.socket) -> asyncio.Server:
        """Accept connections from a listening TCP socket."""
        return await asyncio.start_server(self._connection, sock=listener, limit=LONGEST)

    async def hang_up(self) -> None:
        """End every connection."""
        tasks = list(self._connections)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _datagram(self, data: bytes) -> None:
        if self._bytes + len(data) > MOST_BYTES:
            self._refuse(_NO_ROOM, data[:200].decode("utf-8", "replace"))
        else:
            self.take(data, "udp")

    def _refuse(self, reason: str, example: str, rows: int = 1) -> None:
        writing = self._writing
        writing.ledger.rejected(DOOR, GROUP, writing.account, writing.region, reason, example, rows)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        try:
            if task is not None and len(self._connections) < MOST_CONNECTIONS:
                self._connections.add(task)
                await self._messages(reader)
        except (ConnectionError, TimeoutError, asyncio.CancelledError, asyncio.IncompleteReadError):
            pass  # the sender is gone or silent, or we are going: nothing is owed to either
        except (asyncio.LimitOverrunError, ValueError):
            self._refuse(_TOO_LONG, "the connection was closed")
        finally:
            if task is not None:
                self._connections.discard(task)
            writer.close()
            with contextlib.suppress(ConnectionError, asyncio.CancelledError):
                await writer.wait_closed()

    async def _messages(self, reader: asyncio.StreamReader) -> None:
        while first := await _first(reader):
            while self._bytes > MOST_BYTES:  # reads nothing meanwhile: the sender's own socket fills up
                self._freed.clear()
                await self._freed.wait()
            async with asyncio.timeout(SLOW_S):
                await self._message(first, reader)

    async def _message(self, first: bytes, reader: asyncio.StreamReader) -> None:
        if first.isdigit() and first != b"0":
            count = (await reader.readuntil(b" "))[:-1]
            size = int(first + count) if len(count) < _COUNT_DIGITS else LONGEST + 1
            if size > LONGEST:
                raise ValueError(count)
            self.take(await reader.readexactly(size), "tcp")
        elif first not in b"\r\n\0":
            self.take(first + await self._line(reader), "tcp")

    async def _line(self, reader: asyncio.StreamReader) -> bytes:
        try:
            return await reader.readuntil(b"\n")
        except asyncio.IncompleteReadError as last:
            return last.partial


async def _first(reader: asyncio.StreamReader) -> bytes:
    """The first byte of the next message; none at the end."""
    async with asyncio.timeout(IDLE_S):
        return await reader.read(1)
