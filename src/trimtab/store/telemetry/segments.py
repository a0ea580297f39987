"""The log's segment files: append with one fdatasync for many records, read back, drop when drained."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from trimtab.store.telemetry.records import MAGIC, Record, scan

SEGMENT_BYTES = 64 << 20
"""A new segment starts past this: small enough to drop soon, large enough that creation costs nothing."""


@dataclass(slots=True)
class Segment:
    """A segment file: its path, its size, and the newest batch that it holds or whose block it holds."""

    path: Path
    size: int
    last: int = 0


class SegmentFiles:
    """The segments of one log, oldest first. Written by one thread."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._file = -1
        self._number = 0
        self.segments: list[Segment] = []

    @property
    def current(self) -> Segment:
        """The segment being written."""
        return self.segments[-1]

    def recover(self) -> Iterator[tuple[Segment, Record]]:
        """Every whole record on disk, oldest first. A torn tail, which no one was told of, is left behind."""
        for path in sorted(self._directory.glob("*.log")):
            data = path.read_bytes()
            segment = Segment(path, len(MAGIC))
            self.segments.append(segment)
            self._number = int(path.stem)
            if data[: len(MAGIC)] != MAGIC:
                continue
            for record in scan(memoryview(data)):
                segment.size = record.offset + record.length
                yield segment, record

    def start(self, head: bytes) -> None:
        """Start a new segment that begins with the record `head`; it is durable when this returns."""
        number = self._number + 1
        path = self._directory / f"{number:012d}.log"
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            _write(descriptor, MAGIC + head, 0)
            os.fdatasync(descriptor)
            sync_directory(self._directory)
        except OSError:
            os.close(descriptor)
            path.unlink(missing_ok=True)
            raise
        self.close()
        self._number = number
        self._file = descriptor
        self.segments.append(Segment(path, len(MAGIC) + len(head)))

    def append(self, data: bytes) -> int:
        """Write `data` and sync it; returns the offset it starts at. On an error nothing of it stays."""
        offset = self.current.size
        try:
            _write(self._file, data, offset)
            os.fdatasync(self._file)
        except OSError:
            os.ftruncate(self._file, offset)
            raise
        self.current.size += len(data)
        return offset

    def drop_through(self, sequence: int) -> None:
        """Delete the oldest segments while everything in them is in the engine; never the current one."""
        while len(self.segments) > 1 and self.segments[0].last <= sequence:
            self.segments.pop(0).path.unlink(missing_ok=True)

    def close(self) -> None:
        """Close the current segment's file."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def read_at(path: Path, offset: int, length: int) -> memoryview:
    """`length` bytes of a segment from `offset`."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return memoryview(os.pread(descriptor, length, offset))
    finally:
        os.close(descriptor)


def sync_directory(directory: Path) -> None:
    """Make a created or deleted name in `directory` durable."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write(descriptor: int, data: bytes, offset: int) -> None:
    view = memoryview(data)
    while view:
        written = os.pwrite(descriptor, view, offset)
        view, offset = view[written:], offset + written
