"""The cursor: the number of the last record that is done with, kept in a small file.

It is written in place at every step and made durable only before a segment is removed. After a power cut it may
be a little old; the records behind it are then sent again under their old keys, which the server counts once.
"""

import os
import struct
import zlib
from pathlib import Path

_NUMBER = struct.Struct("<Q")
_WHOLE = struct.Struct("<QI")  # number, its checksum


class Cursor:
    """The durable position of a spool's reader; 0 before the first record, and where the file is damaged."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        self.position = self._read()
        self.move(self.position)  # takes its place on the disk now, so that a disk that fills up later cannot refuse it

    def move(self, position: int) -> None:
        """Everything up to `position` is done with."""
        self.position = position
        number = _NUMBER.pack(position)
        os.pwrite(self._descriptor, number + zlib.crc32(number).to_bytes(4, "little"), 0)

    def sync(self) -> None:
        """Make the position durable."""
        os.fsync(self._descriptor)

    def close(self) -> None:
        """Make the position durable and give the file back."""
        self.sync()
        os.close(self._descriptor)

    def _read(self) -> int:
        data = os.pread(self._descriptor, _WHOLE.size, 0)
        if len(data) != _WHOLE.size:
            return 0
        number, checksum = _WHOLE.unpack(data)
        return int(number) if zlib.crc32(data[:8]) == checksum else 0
