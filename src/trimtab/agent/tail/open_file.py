"""A log file that is open: found again after it was renamed, and told from another that has its name or its inode."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from msgspec import Struct

from trimtab.agent.tail.place import HEAD_BYTES, Identity, Place, head_of

COMPRESSED = (".gz", ".bz2", ".xz", ".zst", ".lz4", ".zip")
"""Rotated files that were packed: whatever is in them was read before."""
_ROTATED = frozenset("0123456789-_.T")


class OpenFile(Struct):
    """A file and its place."""

    file: BinaryIO
    place: Place

    @classmethod
    def at(cls, path: Path, known: Place | None = None, watched: Path | None = None) -> "OpenFile | None":
        """The file at `path`, read on from `known` where it has its identity; None where it cannot be opened."""
        try:
            file = path.open("rb")
        except OSError:
            return None
        there = os.fstat(file.fileno())
        if known is None or known.identity != (there.st_dev, there.st_ino):
            known = Place(str(watched or path), there.st_dev, there.st_ino)
        return cls(file, known)

    @property
    def size(self) -> int:
        """Its bytes now."""
        return os.fstat(self.file.fileno()).st_size

    def read(self, most: int) -> bytes:
        """What is behind the place, at most so many bytes."""
        data = os.pread(self.file.fileno(), most, self.place.offset)
        if self.place.head_bytes < HEAD_BYTES and self.place.offset + len(data) > self.place.head_bytes:
            self.place.head_bytes = min(HEAD_BYTES, self.place.offset + len(data))
            self.place.head = head_of(self.file.fileno(), self.place.head_bytes)
        return data

    def was_emptied(self) -> bool:
        """Whether it was emptied in place since it was last read, and perhaps written again."""
        return self.size < self.place.offset or not self.begins_as(self.place)

    def begins_as(self, place: Place) -> bool:
        """Whether it has the head of that place's file."""
        return head_of(self.file.fileno(), place.head_bytes) == place.head if place.head_bytes else True

    def close(self) -> None:
        """Let go of it."""
        self.file.close()


def identity_of(path: Path) -> Identity | None:
    """What is at `path`; None for nothing."""
    try:
        there = path.stat()
    except OSError:
        return None
    return there.st_dev, there.st_ino


def rotated(path: Path) -> list[Path]:
    """The files that `path` was renamed or copied to (app.log.1, app.log-20261126, app-2026.log), oldest first."""
    found: list[tuple[int, Path]] = []
    for sibling in _siblings(path):
        try:
            found.append((sibling.stat().st_mtime_ns, sibling))
        except OSError:
            continue  # renamed meanwhile
    return [sibling for _, sibling in sorted(found)]


def _siblings(path: Path) -> Iterator[Path]:
    try:
        names = os.listdir(path.parent)
    except OSError:
        return
    for name in names:
        if is_rotated(name, path.name):
            yield path.with_name(name)


def is_rotated(name: str, of: str) -> bool:
    """Whether a file of this name is an older one of the log `of`."""
    if name == of or name.endswith(COMPRESSED):
        return False
    stem, dot, suffix = of.rpartition(".")
    added = ""
    if name.startswith(of):
        added = name[len(of) :]
    elif dot and name.startswith(stem) and name.endswith(dot + suffix):
        added = name[len(stem) : -len(suffix) - 1]
    return bool(added) and (set(added) <= _ROTATED or added in (".old", ".bak", ".prev"))


def copy_of(path: Path, place: Place) -> OpenFile | None:
    """The copy that was made of a file before it was emptied in place, read on from `place`; None where it is gone."""
    if place.head_bytes == 0:
        return None
    for sibling in reversed(rotated(path)):
        opened = OpenFile.at(sibling, watched=path)
        if opened is None:
            continue
        whole = opened.size >= max(place.offset, place.head_bytes)
        if whole and opened.place.identity != place.identity and opened.begins_as(place):
            made = opened.place
            made.offset = made.end = place.offset
            made.head, made.head_bytes, made.last_ms = place.head, place.head_bytes, place.last_ms
            return opened
        opened.close()
    return None
