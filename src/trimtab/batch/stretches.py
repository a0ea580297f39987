"""Lines as they lie in their file, a mini-batch at a time, for models that are sent them so.

The file passes through one small buffer that stays in the processor's cache: a whole piece read at once would be
written to memory and read back at every step, which costs as much as a light model.
"""

from collections.abc import Callable, Iterator
from io import FileIO
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from trimtab.batch.model import Piece

Ends = npt.NDArray[np.int64]
_STEP = 256 << 10  # bytes read at once
_LAST_LINE = 64 << 10  # bytes read at once to find where a line ends
_LINE_FEED = 10


class Stretch(NamedTuple):
    """Lines that follow one another, without the last one's end; `following` is where the next begins in the file."""

    at: int
    body: bytes
    lines: int
    following: int


class Buffer:
    """What of a file is in memory: `held[low:high]`, of which `held[0]` is the file's byte `base`. It only grows."""

    def __init__(self) -> None:
        self.held = bytearray(_STEP)
        self.low = self.high = self.base = 0

    def open(self, base: int) -> None:
        """Begin with a file's byte `base`."""
        self.low = self.high = 0
        self.base = base

    def fill(self, file: FileIO, most: int) -> bool:
        """Read on, `most` bytes at most; False at the end of the file. What is not used yet moves to the front."""
        if self.low:
            self.held[: self.high - self.low] = self.held[self.low : self.high]
            self.base, self.high, self.low = self.base + self.low, self.high - self.low, 0
        if self.high == len(self.held):
            self.held.extend(bytes(len(self.held)))
        with memoryview(self.held) as view:
            got = file.readinto(view[self.high : self.high + most])
        self.high += got
        return got > 0

    def cut(self, start: int, end: int) -> bytes:
        """Bytes of it."""
        with memoryview(self.held) as view:
            return bytes(view[start:end])

    def ends(self) -> Ends:
        """Where lines end in what is not used yet.

        Vector instructions find the words of eight bytes that have an end, and only those are looked into.
        """
        size = self.high - self.low
        here = np.empty(-(-size // 8) * 8, np.bool_)
        here[size:] = False
        np.equal(np.frombuffer(self.held, np.uint8, size, self.low), _LINE_FEED, out=here[:size])
        words = np.flatnonzero(here.view(np.uint64) != 0)
        which, byte = np.nonzero(here.reshape(-1, 8)[words])
        found: Ends = words[which] * 8 + byte + self.low
        return found


class Wanted(Struct, frozen=True):
    """How stretches are cut: of `most()` lines each, or what `payload_bytes` takes (0: any)."""

    payload_bytes: int
    most: Callable[[], int]


def stretches(path: Path, piece: Piece, wanted: Wanted, buffer: Buffer) -> Iterator[Stretch]:
    """The lines that begin in a piece, up to one that cannot be sent as it lies there: empty, or with a `\\r`."""
    with FileIO(path) as file:
        file.seek(max(0, piece.start - 1))
        buffer.open(file.tell())
        if piece.start >= piece.end or (piece.start and not _skip_line(file, buffer, piece)):
            return
        looked, step, whole = buffer.low, _STEP, False
        while not whole:
            left = max(0, piece.end - buffer.base - buffer.high)
            looked -= buffer.low
            more = buffer.fill(file, min(step, left + _LAST_LINE))
            if buffer.held.find(b"\r", looked, buffer.high) >= 0:
                return
            looked = buffer.high
            ends = buffer.ends()
            if not more and buffer.high > (int(ends[-1]) + 1 if len(ends) else 0):
                ends = np.append(ends, buffer.high)  # the last line of the file has no end
            if len(ends) and (ends[0] == 0 or bool((np.diff(ends) == 1).any())):
                return
            mine = int(np.searchsorted(ends, piece.end - buffer.base - 1)) + 1  # that begin in the piece
            whole = mine <= len(ends) or not more
            yield from _cut(buffer, ends[:mine], wanted, piece.end if whole else None)
            step *= 1 if buffer.low else 2  # a mini-batch is larger


def _cut(buffer: Buffer, ends: Ends, wanted: Wanted, end: int | None) -> Iterator[Stretch]:
    """Stretches of what the buffer has. The last lines wait for those that follow, unless a piece's `end` is there."""
    first = 0
    while first < len(ends):
        at, most = buffer.low, max(1, wanted.most())
        last = min(len(ends), first + most)
        if wanted.payload_bytes and ends[last - 1] - at > wanted.payload_bytes:
            last = max(first + 1, int(np.searchsorted(ends, at + wanted.payload_bytes, side="right")))
        elif last - first < most and end is None:
            return
        stop = int(ends[last - 1])
        buffer.low = min(stop + 1, buffer.high)
        following = buffer.base + buffer.low if end is None or last < len(ends) else end
        yield Stretch(buffer.base + at, buffer.cut(at, stop), last - first, following)
        first = last


def _skip_line(file: FileIO, buffer: Buffer, piece: Piece) -> bool:
    """Pass over the rest of a line that began before the piece; False where no line begins in it."""
    while buffer.base + buffer.high < piece.end and buffer.fill(file, _LAST_LINE):
        found = buffer.held.find(b"\n", buffer.low, buffer.high)
        buffer.low = found + 1 if found >= 0 else buffer.high
        if found >= 0:
            return buffer.base + buffer.low < piece.end
    return False
