"""The log's segment files: append with one fdatasync for many records, read back, drop when drained."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from msgspec import Struct, field

from trimtab.base.whole_file import sync_folder
from trimtab.store.telemetry.records import Format, Gap, Record, format_of, new_header, scan

SEGMENT_BYTES = 64 << 20
"""A new segment starts past this: small enough to drop soon, large enough that creation costs nothing."""


class Segment(Struct):
    """A segment file: its path, its size, and the newest batch that it holds or whose block it holds."""

    path: Path
    size: int
    last: int = 0
    format: Format = field(default_factory=lambda: format_of(new_header()))


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

    def recover(self) -> Iterator[tuple[Segment, Record | Gap]]:
        """Everything on disk, oldest first: the records that are whole, and what is none between them."""
        for path in sorted(self._directory.glob("*.log")):
            data = memoryview(path.read_bytes())
            segment = Segment(path, len(data), format=format_of(data))
            self.segments.append(segment)
            self._number = int(path.stem)
            for found in scan(data):
                yield segment, found

    def start(self, head: Callable[[Format], bytes]) -> None:
        """Start a new segment that begins with the records of `head`; it is durable when this returns."""
        number = self._number + 1
        path = self._directory / f"{number:012d}.log"
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        header = new_header()
        begins = header + head(format_of(header))
        try:
            _write(descriptor, begins, 0)
            os.fdatasync(descriptor)
            sync_folder(self._directory)
        except OSError:
            os.close(descriptor)
            path.unlink(missing_ok=True)
            raise
        self.close()
        self._number = number
        self._file = descriptor
        self.segments.append(Segment(path, len(begins), format=format_of(header)))

    def put_right(self, segment: Segment, record: Record) -> None:
        """Write a record that was healed back into its segment, durably."""
        right = segment.format.framed(record.type, record.sequence, bytes(record.payload))
        descriptor = os.open(segment.path, os.O_WRONLY)
        try:
            _write(descriptor, right, record.end - len(right))
            os.fdatasync(descriptor)
        finally:
            os.close(descriptor)

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


def _write(descriptor: int, data: bytes, offset: int) -> None:
    view = memoryview(data)
    while view:
        written = os.pwrite(descriptor, view, offset)
        view, offset = view[written:], offset + written
