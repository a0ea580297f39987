"""The embedded metric format over TCP and UDP: JSON documents, each on a line, as the CloudWatch agent takes them.

Neither has an acknowledgement (see doors/held.py). TCP makes its sender wait while there is no room; a datagram that
finds none is dropped and counted in the ledger, as is every document that is refused, with its reason.
"""

import asyncio
import contextlib
import socket

from trimtab.base.errors import InvalidInput
from trimtab.doors.datagrams import Datagrams
from trimtab.doors.emf.document import MOST_POINTS, Point, read_document
from trimtab.doors.held import Held
from trimtab.doors.writing import Writing

DOOR = "emf"
"""The door's name in the ledger of sources."""
TCP, UDP = "TCP", "UDP"
"""Sources of what was refused before its namespace was known."""
LINE_LIMIT = 1 << 20
"""Bytes of a document: the size of a log event of CloudWatch Logs, 1 MiB."""
MOST_CONNECTIONS = 100
"""Connections at once; each may hold two documents in memory, 200 MB in all."""
IDLE_S = 3600.0
"""Seconds without a whole document after which a connection is closed: senders keep one open for as long as they live,
and have no acknowledgement that would tell them what a close took."""
NO_ROOM = "a document found no room: the log cannot take points as fast as they come"
DROPPED = "the system dropped datagrams: the socket's buffer was full"
TOO_LONG = f"a document is longer than {LINE_LIMIT} bytes"
_TOO_MANY = f"a connection beyond {MOST_CONNECTIONS} at once was closed"
_EXAMPLE = 300


class EmfDoor:
    """Takes documents from both sockets."""

    def __init__(self, writing: Writing) -> None:
        self.held = Held(writing, DOOR)
        self._writing = writing
        self._connections: set[asyncio.Task[None]] = set()

    def document(self, line: bytes, sender: str) -> None:
        """Take one document; what is wrong with it goes into the ledger under the sender or its namespace."""
        line = line.strip()
        if not line:
            return
        if len(line) > LINE_LIMIT:
            self.held.refuse(sender, TOO_LONG, _shown(line))
            return
        try:
            points, refused = read_document(line, self._writing.clock.now_ms())
        except InvalidInput as problem:
            self.held.refuse(sender, str(problem), _shown(line))
            return
        points = [point for point in points if self._hold(point, sender)]
        for number, namespace in enumerate(dict.fromkeys(point.namespace for point in points)):
            rows = sum(point.rows for point in points if point.namespace == namespace)
            self.held.credit(namespace, rows, 0 if number else len(line))
        for item in refused:
            self.held.refuse(points[0].namespace if points else sender, item.reason, item.example, item.rows)

    def _hold(self, point: Point, sender: str) -> bool:
        try:
            series = self.held.series(point.namespace, point.name, point.dimensions, point.unit)
        except InvalidInput as problem:
            self.held.refuse(point.namespace or sender, str(problem), point.name, point.rows)
            return False
        if point.statistics is not None:
            self.held.set(series, point.time_ms, point.statistics)
        self.held.values(series, point.time_ms, point.values)
        return True

    # -- UDP ----------------------------------------------------------------------------------------------------

    def datagrams(self, listener: socket.socket) -> Datagrams:
        """A reader of documents from a bound UDP socket."""
        return Datagrams(listener, self._datagram, self._dropped)

    def _datagram(self, data: bytes) -> None:
        for line in data.split(b"\n"):
            if self.held.room < MOST_POINTS:
                self.held.refuse(UDP, NO_ROOM, _shown(line))
            else:
                self.document(line, UDP)

    def _dropped(self, count: int) -> None:
        self.held.refuse(UDP, DROPPED, f"{count} datagrams", count)

    # -- TCP ----------------------------------------------------------------------------------------------------

    async def serve(self, listener: socket.socket) -> asyncio.Server:
        """Accept connections from a listening TCP socket."""
        return await asyncio.start_server(self._connection, sock=listener, limit=LINE_LIMIT)

    async def hang_up(self) -> None:
        """End every connection."""
        tasks = list(self._connections)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        try:
            if len(self._connections) >= MOST_CONNECTIONS:
                self.held.refuse(TCP, _TOO_MANY, "")
            elif task is not None:
                self._connections.add(task)
                await self._lines(reader)
        except (ConnectionError, TimeoutError, asyncio.CancelledError):
            pass  # the sender is gone or silent, or we are going: nothing is owed to either
        finally:
            if task is not None:
                self._connections.discard(task)
            writer.close()
            with contextlib.suppress(ConnectionError, asyncio.CancelledError):
                await writer.wait_closed()

    async def _lines(self, reader: asyncio.StreamReader) -> None:
        too_long = False
        while True:
            await self.held.wait_for_room(MOST_POINTS)  # reads nothing meanwhile: the sender's own socket fills up
            try:
                async with asyncio.timeout(IDLE_S):
                    line = await reader.readuntil(b"\n")
            except asyncio.IncompleteReadError as last:
                self._line(last.partial, too_long)
                return
            except asyncio.LimitOverrunError as over:
                too_long = True
                await reader.readexactly(over.consumed)  # it is there already
                continue
            self._line(line, too_long)
            too_long = False

    def _line(self, line: bytes, too_long: bool) -> None:
        if too_long:  # only its end is here
            self.held.refuse(TCP, TOO_LONG, _shown(line))
        else:
            self.document(line, TCP)


def _shown(data: bytes) -> str:
    return data[:_EXAMPLE].decode("utf-8", "replace")
