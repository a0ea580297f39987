"""Reads a Chrome trace event by event: a file of any size, gzip or plain, in memory of some tens of MB.

The text is cut at the braces that close an event, found with arrays over each part's bytes; each part is then decoded
into the few fields that are needed. An event that cannot be decoded is counted and left out.
"""

import re
import zlib
from collections.abc import Iterator
from typing import Annotated, Any, BinaryIO

import msgspec
import numpy as np
from msgspec import Meta, Struct

from trimtab.base import typed
from trimtab.base.errors import InvalidInput, LimitExceeded

PART = 1 << 22
"""Bytes that are looked at at once: the arrays over them take about ten times as many."""
MOST_IN_ONE = 64 << 20
"""Bytes of the head, the foot or one event. Heads with memory snapshots are the largest: some MB."""
_ARRAY = re.compile(rb'(?<!\\)"traceEvents"\s*:\s*\[')
_GZIP = b"\x1f\x8b"
_UTF8_MARK = b"\xef\xbb\xbf"
_UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


class Arguments(Struct, frozen=True, gc=False):
    """What is read of an event's `args`."""

    device: int | str | None = None
    stream: int | str | None = None


class Event(Struct, frozen=True, gc=False):
    """What is read of an event. Times are microseconds, with fractions where the profiler had nanoseconds."""

    ph: str = ""
    cat: str | None = None
    name: Any = ""
    pid: Any = None
    ts: float | None = None
    dur: float | None = None
    args: Arguments | None = None


class _BareEvent(Struct, frozen=True, gc=False):
    """The same without `args`, for events whose `args` are of another shape."""

    ph: str = ""
    cat: str | None = None
    name: Any = ""
    pid: Any = None
    ts: float | None = None
    dur: float | None = None


class Distributed(Struct, frozen=True):
    """Which rank of how many wrote the file."""

    rank: Annotated[int, Meta(ge=0)] | None = None
    world_size: Annotated[int, Meta(ge=1)] | None = None


class _Device(Struct, frozen=True):
    name: str = ""


class Head(Struct, frozen=True, rename={"distributed": "distributedInfo", "devices": "deviceProperties"}):
    """What the file says beside its events."""

    distributed: Distributed | None = None
    devices: list[_Device] = []


class TraceReader:
    """One pass over a trace. `head` is whole when `events` has ended; `unreadable` counts what was left out.

    Reading raises InvalidInput for what is no trace or ends in the middle, LimitExceeded for more than `most` bytes of
    text, or an event beyond MOST_IN_ONE.
    """

    def __init__(self, file: BinaryIO, name: str, most: int) -> None:
        self.head = Head()
        self.unreadable = 0
        self.bytes = 0
        self._name = name
        self._most = most
        self._parts = self._texts(file)

    def events(self) -> Iterator[list[Event]]:
        """The events, some thousands at a time."""
        head, rest, bare = self._opening()
        foot = b""
        while True:
            cuts, close = _cuts(rest)
            if close is not None:
                foot = rest[close + 1 :]
            if len(cuts):
                yield self._decode(rest, cuts)
                rest = rest[int(cuts[-1]) :]
            if close is not None:
                break
            if len(rest) > MOST_IN_ONE:
                raise LimitExceeded(f"cannot read {self._name}: an event of it is longer than {MOST_IN_ONE >> 20} MiB")
            part = next(self._parts, b"")
            if not part:
                if bare and not rest.strip(b" \t\r\n,"):
                    break  # the array format may leave out its last bracket
                raise InvalidInput(
                    f"cannot read {self._name}: the file ends in the middle of its events (torn, or still written)"
                )
            rest += part
        if not bare:
            for part in self._parts:
                foot += part
                if len(foot) > MOST_IN_ONE:
                    raise LimitExceeded(f"cannot read {self._name}: its foot is longer than {MOST_IN_ONE >> 20} MiB")
            self._read_head(head, foot)

    def _opening(self) -> tuple[bytes, bytes, bool]:
        """The text before the events, the text from the first of them on, and whether the file is a bare array."""
        text = b""
        while len(text) <= MOST_IN_ONE:
            part = next(self._parts, b"")
            text += part
            start = text.removeprefix(_UTF8_MARK).lstrip()
            if start[:1] == b"[":
                return b"", start[1:], True
            if start[:1] not in (b"{", b""):
                break
            if (found := _ARRAY.search(start)) is not None:
                return start[: found.start()], start[found.end() :], False
            if not part:
                break
        raise InvalidInput(
            f"cannot read {self._name}: expected a trace in Chrome's format, as torch.profiler writes it"
            " (JSON with `traceEvents`)"
        )

    def _decode(self, text: bytes, cuts: np.ndarray[Any, np.dtype[np.int64]]) -> list[Event]:
        whole = b"[" + text[: int(cuts[-1])].lstrip(b", \t\r\n") + b"]"
        try:
            return typed.decode(whole, type=list[Event], strict=False)
        except _UNREADABLE:
            found, begin = [], 0
            for cut in cuts.tolist():
                if (event := _single(text[begin:cut].strip(b", \t\r\n"))) is None:
                    self.unreadable += 1
                else:
                    found.append(event)
                begin = cut
            return found

    def _read_head(self, head: bytes, foot: bytes) -> None:
        """What stands before and after the events. Raises InvalidInput where the file does not end as it should."""
        if not foot.rstrip().endswith(b"}"):
            raise InvalidInput(f"cannot read {self._name}: the file ends behind its events (torn, or still written)")
        try:
            self.head = typed.decode(head + b'"traceEvents":[]' + foot, type=Head, strict=False)
        except _UNREADABLE:
            self.head = Head()  # rank and device are then not known; the events are

    def _texts(self, file: BinaryIO) -> Iterator[bytes]:
        """The text in parts of at most PART bytes, unpacked where it is gzip."""
        first = file.read(2)
        if first != _GZIP:
            yield from self._counted(_plain(file, first))
            return
        yield from self._counted(_unpacked(file, first, self._name))

    def _counted(self, parts: Iterator[bytes]) -> Iterator[bytes]:
        for part in parts:
            self.bytes += len(part)
            if self.bytes > self._most:
                raise LimitExceeded(
                    f"cannot read {self._name}: its text is longer than {self._most >> 20} MiB; profile fewer steps"
                )
            yield part


def _plain(file: BinaryIO, first: bytes) -> Iterator[bytes]:
    part = first + file.read(PART)
    while part:
        yield part
        part = file.read(PART)


def _unpacked(file: BinaryIO, first: bytes, name: str) -> Iterator[bytes]:
    """The text of one gzip member after another. Raises InvalidInput where it is damaged or ends early."""
    packed = first + file.read(PART)
    while packed.rstrip(b"\0"):
        unpack = zlib.decompressobj(wbits=31)
        while not unpack.eof:
            try:
                text = unpack.decompress(packed, PART)
            except zlib.error:
                raise InvalidInput(f"cannot read {name}: its compression is damaged") from None
            if text:
                yield text
            packed = unpack.unconsumed_tail
            if not packed and not unpack.eof:
                packed = file.read(PART)
                if not packed and not text:
                    raise InvalidInput(f"cannot read {name}: the file ends early (torn, or still written)")
        packed = unpack.unused_data or file.read(PART)


def _cuts(text: bytes) -> tuple[np.ndarray[Any, np.dtype[np.int64]], int | None]:
    """Where events of a text end (one past each closing brace), and where their array is closed, if it is.

    The text begins outside every event. An escape that is cut by the text's end lies in an event that is not whole, so
    it is looked at again with what follows.
    """
    if b"\\" in text:
        text = text.replace(rb"\\", b"__").replace(rb"\"", b"__")
    at = np.frombuffer(text, np.uint8)
    quote = at == ord('"')
    inside = np.logical_xor.accumulate(quote) if len(at) else quote
    opens = ((at == ord("{")) | (at == ord("["))) & ~inside
    closes = ((at == ord("}")) | (at == ord("]"))) & ~inside
    places = np.flatnonzero(opens | closes)
    depth = np.cumsum(np.where(opens[places], 1, -1))
    ended = np.flatnonzero(depth < 0)
    close = None
    if len(ended):
        close = int(places[ended[0]])
        places, depth = places[: ended[0]], depth[: ended[0]]
    return places[(depth == 0)] + 1, close


def _single(text: bytes) -> Event | None:
    """One event, as well as it can be read: without its `args`, or with characters that are no UTF-8 replaced."""
    readable = text.decode(errors="replace").encode()
    try:
        return typed.decode(readable, type=Event, strict=False)
    except _UNREADABLE:
        pass
    try:
        bare = typed.decode(readable, type=_BareEvent, strict=False)
    except _UNREADABLE:
        return None
    return Event(bare.ph, bare.cat, bare.name, bare.pid, bare.ts, bare.dur)
