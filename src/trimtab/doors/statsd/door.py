"""StatsD and DogStatsD over UDP. There is no acknowledgement: see doors/held.py.

A window (ten seconds) is in memory until it is over, and durable a second after. Series arrive in the namespace
`StatsD` under their own name, tags are dimensions. Lines that cannot be taken are counted in the ledger with a reason.
"""

import socket

from trimtab.base.errors import InvalidInput
from trimtab.doors.datagrams import Datagrams
from trimtab.doors.held import Held
from trimtab.doors.statsd.line import read_line
from trimtab.doors.statsd.window import MOST_ENTRIES, Points, Windows
from trimtab.doors.writing import Writing
from trimtab.metrics.model import Kind

DOOR = "statsd"
"""The door's name in the ledger of sources."""
NAMESPACE = "StatsD"
NO_ROOM = "a window found no room: the log cannot take points as fast as they come"
DROPPED = "the system dropped datagrams: the socket's buffer was full"
IGNORED = "events and service checks are not kept"
NOT_TEXT = "a datagram is not UTF-8"
NOT_IN_TIME = "a time is not between 14 days ago and two hours from now"
_BEHIND_MS, _AHEAD_MS = 14 * 86_400_000, 2 * 3_600_000  # CloudWatch's limits
_EXAMPLE = 300


class StatsdDoor:
    """Takes datagrams, puts windows together, hands them over when they are over."""

    def __init__(self, writing: Writing) -> None:
        self.held = Held(writing, DOOR, 2 * MOST_ENTRIES)
        self._writing = writing
        self._windows = Windows()
        self._bytes = 0
        writing.forget.append(self._windows.clear)

    def datagrams(self, listener: socket.socket) -> Datagrams:
        """A reader of lines from a bound UDP socket."""
        return Datagrams(listener, self.datagram, self._dropped)

    def datagram(self, data: bytes) -> None:
        """Take the lines of one datagram."""
        now_ms = self._writing.clock.now_ms()
        self._hold(self._windows.roll(now_ms))
        self._bytes += len(data)
        try:
            text = data.decode()
        except UnicodeDecodeError:
            self.held.refuse(NAMESPACE, NOT_TEXT, repr(data[:_EXAMPLE]))
            return
        for line in text.split("\n"):
            if line.strip():
                self._line(line.strip(), now_ms)

    async def flush(self) -> None:
        """Close the window if it is over, and make durable what is. Raises Throttled or Unavailable."""
        self._hold(self._windows.roll(self._writing.clock.now_ms()))
        await self.held.flush()

    async def flush_last(self) -> str:
        """Make durable all there is, at the end; what is wrong if points are lost by it, "" if none are."""
        self._hold(self._windows.end())
        return await self.held.flush_last()

    def _line(self, text: str, now_ms: int) -> None:
        try:
            line = read_line(text)
            if line is None:
                self.held.refuse(NAMESPACE, IGNORED, text[:_EXAMPLE])
                return
            if line.time_s is not None and not now_ms - _BEHIND_MS <= line.time_s * 1000 <= now_ms + _AHEAD_MS:
                raise InvalidInput(NOT_IN_TIME)
            self._hold(self._windows.add(line))
        except InvalidInput as problem:
            self.held.refuse(NAMESPACE, str(problem), text[:_EXAMPLE])

    def _hold(self, found: list[Points]) -> None:
        rows = 0
        for points in found:
            if self.held.room < len(points.values):
                self.held.refuse(NAMESPACE, NO_ROOM, points.name, len(points.values))
                continue
            try:
                series = self.held.series(NAMESPACE, points.name, points.tags, points.unit, points.kind)
            except InvalidInput as problem:
                self.held.refuse(NAMESPACE, str(problem), points.name, len(points.values))
                continue
            rows += len(points.values)
            if points.kind is Kind.GAUGE:
                for value, _ in points.values:
                    self.held.sample(series, points.time_ms, value)
            else:
                self.held.values(series, points.time_ms, points.values)
        if rows:
            self.held.credit(NAMESPACE, rows, self._bytes)
            self._bytes = 0

    def _dropped(self, count: int) -> None:
        self.held.refuse(NAMESPACE, DROPPED, f"{count} datagrams", count)
