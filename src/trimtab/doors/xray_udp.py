"""The port of the X-Ray daemon over UDP: a header line, then a segment document. There is no acknowledgement.

What came is in memory until the next flush, a second later at most. Documents that cannot be taken, and datagrams that
the system or a full log had no room for, are counted in the ledger with a reason.
Source: AWS X-Ray Developer Guide, "Sending segment documents to the X-Ray daemon".
"""

import socket
from collections.abc import Sequence

from trimtab.base import typed
from trimtab.base.errors import TrimtabError
from trimtab.doors.datagrams import Datagrams
from trimtab.inventory.sources import SourceLedger
from trimtab.traces.documents.intake import SegmentIntake

DOOR = "xray-udp"
"""The door's name in the ledger of sources."""
SOURCE = "segments"
NO_ROOM = "a document found no room: the log cannot take segments as fast as they come"
DROPPED = "the system dropped datagrams: the socket's buffer was full"
NO_HEADER = 'a datagram has no header line {"format": "json", "version": 1}'
_MOST_BYTES = 32 << 20
_A_WRITE = 500  # documents: some megabytes
_EXAMPLE = 300


class XRayDoor:
    """Takes datagrams, and hands what they hold over when it is flushed."""

    def __init__(self, documents: SegmentIntake, ledger: SourceLedger, account: str, region: str) -> None:
        self._documents = documents
        self._ledger = ledger
        self._place = account, region
        self._waiting: list[str] = []
        self._bytes = 0

    def datagrams(self, listener: socket.socket) -> Datagrams:
        """A reader of a bound UDP socket."""
        return Datagrams(listener, self.datagram, lambda count: self._refuse(DROPPED, f"{count} datagrams", count))

    def datagram(self, data: bytes) -> None:
        """Take one datagram."""
        header, separator, document = data.partition(b"\n")
        if not separator or not _is_header(header):
            self._refuse(NO_HEADER, repr(data[:_EXAMPLE]))
        elif self._bytes + len(document) > _MOST_BYTES:
            self._refuse(NO_ROOM, repr(document[:_EXAMPLE]))
        elif document.strip():  # a daemon's own health check is a header alone
            self._waiting.append(document.decode("utf-8", "replace"))
            self._bytes += len(document)

    async def flush(self) -> None:
        """Make durable what came. Raises Throttled or Unavailable; what was not taken waits for the next time."""
        while self._waiting:
            part = self._waiting[:_A_WRITE]
            taken = await self._documents.put(part, *self._place)
            del self._waiting[: len(part)]  # only now: a write that failed loses nothing
            self._bytes -= _size(part)
            kept = sum(taken.services.values())
            for service, spans in taken.services.items():
                self._ledger.accepted(DOOR, service or SOURCE, *self._place, spans, _size(part) * spans // kept)
            for one in taken.unprocessed:
                self._refuse(one.message.partition(" Got")[0], one.id)

    async def flush_last(self) -> str:
        """Make durable all there is, at the end; what is wrong if segments are lost by it, "" if none are."""
        try:
            await self.flush()
        except TrimtabError as problem:
            return f"{len(self._waiting)} X-Ray segments are lost: {problem}"
        return ""

    def _refuse(self, reason: str, example: str, rows: int = 1) -> None:
        self._ledger.rejected(DOOR, SOURCE, *self._place, reason, example, rows)


def _is_header(raw: bytes) -> bool:
    try:
        header = typed.loads(raw)
    except ValueError:
        return False
    return isinstance(header, dict) and header.get("format") == "json" and header.get("version") == 1


def _size(documents: Sequence[str]) -> int:
    return sum(len(document.encode("utf-8", "replace")) for document in documents)
