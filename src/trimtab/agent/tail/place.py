"""How far files were read: kept in one small file, written whole and durably before anything is passed on.

What is about to be passed on is noted first, with the number that the spool will give it: after a crash the spool's
next number tells whether it was kept, so that it is read again or not, and never both.
"""

import hashlib
import logging
import os
from collections.abc import Iterable
from pathlib import Path

import msgspec

from trimtab.base import typed
from trimtab.base.whole_file import sync_folder

_log = logging.getLogger(__name__)
HEAD_BYTES = 256
"""What tells a file from another that has its inode number, and from what was written over it in place."""

Identity = tuple[int, int]
"""Device and inode number: what a file keeps when it is renamed."""


class Place(msgspec.Struct):
    """How far one file is done.

    `path` is where it was found; it may have been renamed since. Bytes up to `offset` are in the spool; those up to
    `end` are on their way there as batch `sequence`. `head` is the digest of its first `head_bytes` bytes. `last_ms` is
    the time of its last entry. A `done` one has been left for the file that took its name.
    """

    path: str
    device: int
    inode: int
    offset: int = 0
    end: int = 0
    sequence: int = 0
    head: str = ""
    head_bytes: int = 0
    last_ms: int = 0
    done: bool = False

    @property
    def identity(self) -> Identity:
        """What the file keeps when it is renamed."""
        return self.device, self.inode


def head_of(descriptor: int, size: int) -> str:
    """The digest of the first `size` bytes of a file."""
    return hashlib.blake2b(os.pread(descriptor, size, 0), digest_size=12).hexdigest()


class _File(msgspec.Struct):
    places: list[Place] = []


class Places:
    """The file of places. `upcoming` is the number that the spool gives next."""

    def __init__(self, path: Path, upcoming: int) -> None:
        self._path = path
        self.known = _read(path)
        for place in self.known:
            if place.end > place.offset and place.sequence < upcoming:
                place.offset = place.end
            place.end = place.offset

    def save(self, places: Iterable[Place]) -> None:
        """Make them durable. Raises OSError."""
        temporary = self._path.with_suffix(".new")
        with temporary.open("wb") as file:
            file.write(msgspec.json.encode(_File(list(places))))
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(self._path)
        sync_folder(self._path.parent)


def _read(path: Path) -> list[Place]:
    try:
        return typed.decode(path.read_bytes(), type=_File).places
    except FileNotFoundError:
        return []
    except (OSError, msgspec.DecodeError) as problem:
        _log.error("cannot read how far log files were sent (%s): %s; reading them from their beginning", path, problem)
        return []
