"""When each series last had a point, kept in a file over starts: to ask the engine means to read all points of 15 days.

A start reads the file, and asks the engine for what came since it was written. It is written from time to time and at
an orderly end; what a kill leaves out is a late point, older than the file by LATE_MS, that came after it was written.
"""

import struct
import zlib
from pathlib import Path

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from trimtab.metrics.columns import Numbers

SAVE_S = 600.0
"""How often: 16 bytes a series each time."""
LATE_MS = 900_000
"""Points that are as much older than the file's moment are asked of the engine too."""
_MAGIC = b"ttseen\x00\x01"
_HEAD = struct.Struct("<8sqqI")  # magic, moment, number of series, checksum of what follows


class Activity(Struct, frozen=True):
    """Times in ms by series id, as they were at a moment."""

    at_ms: int
    ids: npt.NDArray[np.uint64]
    times: Numbers


class ActivityFile:
    """The file. A missing or damaged one is as good as none: the engine is asked."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> Activity | None:
        """What was written last; None where there is nothing that can be used."""
        try:
            content = self._path.read_bytes()
            magic, at_ms, number, checksum = _HEAD.unpack_from(content)
        except (OSError, struct.error):
            return None
        body = memoryview(content)[_HEAD.size :]
        if magic != _MAGIC or len(body) != 16 * number or zlib.crc32(body) != checksum:
            return None
        return Activity(at_ms, np.frombuffer(body, "<u8", number), np.frombuffer(body, "<i8", number, 8 * number))

    def write(self, activity: Activity) -> None:
        """Put this in the place of what was there. Raises OSError."""
        body = activity.ids.astype("<u8").tobytes() + activity.times.astype("<i8").tobytes()
        head = _HEAD.pack(_MAGIC, activity.at_ms, len(activity.ids), zlib.crc32(body))
        beside = self._path.with_suffix(".new")
        beside.write_bytes(head + body)
        beside.replace(self._path)

    def forget(self) -> None:
        """Everything was wiped."""
        self._path.unlink(missing_ok=True)
