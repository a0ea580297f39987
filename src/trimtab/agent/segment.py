"""A segment: one append-only file of records, named by the number of its first."""

import os
from collections.abc import Iterator
from pathlib import Path

from trimtab.agent.record import HEADER_BYTES, Record, find_next, pack, unpack
from trimtab.base.whole_file import sync_folder

SUFFIX = ".segment"


class Segment:
    """One file of the spool. `size` counts whole, durable records only."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.first = int(path.name.removesuffix(SUFFIX))
        self.size = path.stat().st_size
        self._descriptor = os.open(path, os.O_RDWR)

    @classmethod
    def create(cls, directory: Path, first: int) -> "Segment":
        """A new empty segment whose first record will be number `first`."""
        path = directory / f"{first:020d}{SUFFIX}"
        path.touch()
        sync_folder(directory)
        return cls(path)

    def append(self, record: Record) -> None:
        """Write `record` durably. On an OSError nothing of it stays."""
        data = pack(record)
        try:
            written = 0
            while written < len(data):
                written += os.pwrite(self._descriptor, data[written:], self.size + written)
            os.fsync(self._descriptor)
        except OSError:
            os.ftruncate(self._descriptor, self.size)
            raise
        self.size += len(data)

    def read(self, offset: int) -> tuple[Record, int] | None:
        """The first whole record at or after `offset` and where it ends; None at the end of the segment."""
        if offset >= self.size:
            return None
        head = os.pread(self._descriptor, HEADER_BYTES, offset)
        length = int.from_bytes(head[8:12], "little")
        data = head + os.pread(self._descriptor, min(length, self.size), offset + len(head))
        record = unpack(data)
        if record is not None:
            return record, offset + record.size
        rest = os.pread(self._descriptor, self.size - offset, offset)
        found = find_next(rest, 1)
        if found is None:
            return None
        record = unpack(rest, found)
        return (record, offset + found + record.size) if record else None

    def records(self) -> Iterator[tuple[Record, int]]:
        """Every whole record with the offset where it ends."""
        offset = 0
        while (step := self.read(offset)) is not None:
            yield step
            offset = step[1]

    def drop_torn_tail(self) -> int:
        """Cut what lies behind the last whole record (a crash in mid-write); returns how many bytes that was."""
        end = 0
        for _, after in self.records():
            end = after
        torn = self.size - end
        if torn:
            os.ftruncate(self._descriptor, end)
            os.fsync(self._descriptor)
            self.size = end
        return torn

    def close(self) -> None:
        """Give the file back; the records stay."""
        os.close(self._descriptor)

    def remove(self) -> None:
        """Delete the file."""
        self.close()
        self.path.unlink(missing_ok=True)
