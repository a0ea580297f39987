"""Files cut into pieces by bytes, and pieces into records: lines, RecordIO, TFRecord, or the file whole.

A line belongs to the piece in which it begins, so that any cut gives every line to one piece. Framed records have
lengths: their beginnings are found by hopping over the frames, which reads a few bytes of each.
"""

import bisect
import itertools
import operator
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from msgspec import Struct

from trimtab.base.errors import InvalidInput
from trimtab.batch.model import MIB, Piece, Spec

_MAGIC = 0xCED7230A  # MXNet's RecordIO
_LENGTH_BITS = 29  # of RecordIO's second word; the upper three say which part of a record it is


class Raw(Struct, frozen=True):
    """A record as it lies in its file: what is sent, and where it begins."""

    at: int
    body: bytes


def pieces(spec: Spec, done: Sequence[Piece] = ()) -> list[Piece]:
    """What is left of every file, in order, when `done` is there. Raises InvalidInput for a file that is not so."""
    found: list[Piece] = []
    sizes = [one.stat().st_size for one in spec.inputs]
    each = spec.piece_bytes or min(16 * MIB, max(MIB, sum(sizes) // 64))
    for number, (path, size) in enumerate(zip(spec.inputs, sizes, strict=True)):
        mine = [one for one in done if one.file == number]
        if size == 0:
            found += [] if mine else [Piece(number, 0, 0)]
            continue
        for start, end in _gaps(mine, size):
            cuts = _cuts(path, spec.split, each, start, end)
            found += [Piece(number, *cut) for cut in itertools.pairwise(cuts)]
    return found


def _gaps(done: Sequence[Piece], size: int) -> Iterator[tuple[int, int]]:
    at = 0
    for one in done:
        if one.start > at:
            yield at, one.start
        at = one.end
    if at < size:
        yield at, size


def _cuts(path: Path, split: str, each: int, start: int, end: int) -> list[int]:
    if split == "None" or end - start <= each:
        return [start, end]
    if split == "Line":
        return [*range(start, end, each), end]
    return _frame_cuts(path, split, each, start, end)


def shared(piece: Piece, among: int, least_bytes: int) -> list[Piece]:
    """A piece of lines cut for `among` workers, none below `least_bytes`."""
    parts = max(1, min(among, (piece.end - piece.start) // max(1, least_bytes)))
    step = -(-(piece.end - piece.start) // parts)
    cuts = [*range(piece.start, piece.end, step), piece.end]
    return [Piece(piece.file, *cut) for cut in itertools.pairwise(cuts)]


def whole_cover(found: Sequence[Piece]) -> list[Piece]:
    """Pieces of which none overlaps another: what an ended run left may, where it was cut anew since."""
    kept: list[Piece] = []
    for one in sorted(found, key=lambda piece: (piece.file, piece.start, -piece.end)):
        if not kept or kept[-1].file != one.file or one.start >= kept[-1].end:
            kept.append(one)
    return kept


class Block(Struct, frozen=True):
    """The bytes of the lines that begin in a piece: the piece, and the rest of its last line. `end` is the piece's."""

    data: bytes
    start: int
    end: int

    @classmethod
    def read(cls, path: Path, piece: Piece) -> "Block":
        """Read them."""
        with path.open("rb") as file:
            start = piece.start
            if start:
                file.seek(start - 1)
                start += len(file.readline()) - 1  # the rest of a line that began before
            if start >= piece.end:
                return cls(b"", piece.end, piece.end)
            data = file.read(piece.end - start)
            return cls(data if data.endswith(b"\n") else data + file.readline(), start, piece.end)


class Lines(Struct, frozen=True):
    """The lines that begin in a piece, without their ends and without empty ones; `at` is where each begins."""

    bodies: list[bytes]
    at: list[int]
    end: int

    @classmethod
    def of(cls, block: Block) -> "Lines":
        """The lines of a block."""
        bodies = block.data.split(b"\n")
        if not bodies[-1]:
            bodies.pop()
        lengths = itertools.accumulate(map(len, bodies), initial=0)
        at = list(map(operator.add, lengths, range(block.start, block.start + len(bodies))))
        if b"\r" in block.data:
            bodies = [one.rstrip(b"\r") for one in bodies]
        if b"" in bodies:
            full = [(one, where) for one, where in zip(bodies, at, strict=True) if one]
            bodies, at = [one for one, _ in full], [where for _, where in full]
        return cls(bodies, at, block.end)

    def begins(self, index: int) -> int:
        """Where a line begins; the piece's end after the last."""
        return self.at[index] if index < len(self.at) else self.end

    def batch(self, first: int, payload_bytes: int, most: int) -> int:
        """The end of the mini-batch from line `first` on: at most `payload_bytes` and `most` lines; 0 is any."""
        last = min(len(self.at), first + most) if most else len(self.at)
        if not payload_bytes or last - first <= 1:
            return last
        bound = self.at[first] + payload_bytes
        if last == len(self.at):
            ends = self.at[-1] + len(self.bodies[-1]) + 1
            if ends <= bound:
                return last
            last -= 1
        return max(first + 1, bisect.bisect_right(self.at, bound, first + 1, last + 1) - 1)


def framed(path: Path, piece: Piece, split: str) -> Iterator[Raw]:
    """The frames that begin in a piece, or the file whole. Raises InvalidInput for a broken frame."""
    with path.open("rb") as file:
        if split == "None":
            yield Raw(0, file.read())
        else:
            file.seek(piece.start)
            yield from _frames(file, piece, split, path)


def _frames(file: BinaryIO, piece: Piece, split: str, path: Path) -> Iterator[Raw]:
    at = piece.start
    while at < piece.end:
        frame = _frame(file, split)
        if frame is None:
            raise InvalidInput(f"cannot read {path} at byte {at}: it is no {split} record")
        yield Raw(at, frame)
        at += len(frame)


def _frame(file: BinaryIO, split: str) -> bytes | None:
    """The next frame with its header; records travel framed, as the model's container expects them."""
    size, head = _head(file, split)
    if size < 0:
        return None
    rest = file.read(size - len(head))
    return head + rest if len(rest) == size - len(head) else None


def _head(file: BinaryIO, split: str) -> tuple[int, bytes]:
    """The size of the next frame, header and padding with it, and its header; -1 where there is none."""
    head = file.read(12 if split == "TFRecord" else 8)
    if split == "TFRecord":
        if len(head) < 12:
            return -1, head
        return 16 + struct.unpack("<Q", head[:8])[0], head
    if len(head) < 8:
        return -1, head
    magic, word = struct.unpack("<II", head)
    length = word & ((1 << _LENGTH_BITS) - 1)
    return (8 + (length + 3) // 4 * 4 if magic == _MAGIC else -1), head


def _frame_cuts(path: Path, split: str, each: int, start: int, size: int) -> list[int]:
    """Where pieces of framed records begin: at the first frame after each so many bytes."""
    cuts, at = [start], start
    with path.open("rb", buffering=64) as file:
        while at < size:
            file.seek(at)
            length, _ = _head(file, split)
            if length <= 0 or at + length > size:
                raise InvalidInput(f"cannot read {path} at byte {at}: it is no {split} record")
            at += length
            if at - cuts[-1] >= each and at < size:
                cuts.append(at)
    return [*cuts, size]


def groups(found: Iterator[Raw], payload_bytes: int, most: int, separator: int) -> Iterator[list[Raw]]:
    """Records in mini-batches of at most `payload_bytes` (0: no bound) and `most` (0: no bound)."""
    batch: list[Raw] = []
    size = 0
    for one in found:
        length = len(one.body) + separator
        if batch and ((payload_bytes and size + length > payload_bytes) or (most and len(batch) >= most)):
            yield batch
            batch, size = [], 0
        batch.append(one)
        size += length
    if batch:
        yield batch


def files_in(folder: Path) -> Sequence[Path]:
    """The files under a folder by name, or the file itself; hidden ones and empty folders are left out."""
    if folder.is_file():
        return [folder]
    if not folder.is_dir():
        raise InvalidInput(f"cannot read {folder}: there is no such file or folder")
    return sorted(
        one
        for one in folder.rglob("*")
        if one.is_file() and not any(part.startswith(".") for part in one.relative_to(folder).parts)
    )
