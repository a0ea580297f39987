"""Files cut into pieces by bytes, and pieces into records: lines, RecordIO, TFRecord, or the file whole.

A line belongs to the piece in which it begins, so that any cut gives every line to one piece. Framed records have
lengths: their beginnings are found by hopping over the frames, which reads a few bytes of each.
"""

import itertools
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from trimtab.base.errors import InvalidInput
from trimtab.batch.model import Piece, Spec

_MAGIC = 0xCED7230A  # MXNet's RecordIO
_LENGTH_BITS = 29  # of RecordIO's second word; the upper three say which part of a record it is
_READ = 1 << 20


@dataclass(frozen=True, slots=True)
class Raw:
    """A record as it lies in its file: what is sent, and where it begins."""

    at: int
    body: bytes


def pieces(spec: Spec) -> list[Piece]:
    """Every piece of every file, in order. Raises InvalidInput for a file that is not what it is said to be."""
    found: list[Piece] = []
    for number, path in enumerate(spec.inputs):
        size = path.stat().st_size
        if spec.split == "None" or size <= spec.piece_bytes:
            cuts = [0, size]
        elif spec.split == "Line":
            cuts = [*range(0, size, spec.piece_bytes), size]
        else:
            cuts = _frame_cuts(path, spec, size)
        found.extend(Piece(number, at, start, end) for at, (start, end) in enumerate(itertools.pairwise(cuts)))
        if size == 0:
            found.append(Piece(number, 0, 0, 0))
    unique: dict[tuple[int, int], Piece] = {(one.file, one.number): one for one in found}
    return list(unique.values())


def records(path: Path, piece: Piece, split: str) -> Iterator[Raw]:
    """The records that begin in a piece. Raises InvalidInput for a broken frame."""
    with path.open("rb") as file:
        if split == "None":
            yield Raw(0, file.read())
        elif split == "Line":
            yield from _lines(file, piece)
        else:
            file.seek(piece.start)
            yield from _frames(file, piece, split, path)


def _lines(file: BinaryIO, piece: Piece) -> Iterator[Raw]:
    at = piece.start
    if at:
        file.seek(at - 1)
        at += len(file.readline()) - 1  # the rest of a line that began before
    while at < piece.end:
        line = file.readline()
        if not line:
            break
        body = line.rstrip(b"\r\n")
        if body:
            yield Raw(at, body)
        at += len(line)


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


def _frame_cuts(path: Path, spec: Spec, size: int) -> list[int]:
    """Where pieces of framed records begin: at the first frame after each so many bytes."""
    cuts, at = [0], 0
    with path.open("rb", buffering=64) as file:
        while at < size:
            file.seek(at)
            length, _ = _head(file, spec.split)
            if length <= 0 or at + length > size:
                raise InvalidInput(f"cannot read {path} at byte {at}: it is no {spec.split} record")
            at += length
            if at - cuts[-1] >= spec.piece_bytes and at < size:
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
