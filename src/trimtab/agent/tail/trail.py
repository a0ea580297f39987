"""The trail of one log: the file that has its name, and before it the ones that had it and are not read to their end.

They are read one after the other, so that the entries of a stream keep their order over a rotation.
"""

import logging
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path

from msgspec import Struct

from trimtab.agent.tail.config import LogPlace
from trimtab.agent.tail.entries import Entries
from trimtab.agent.tail.open_file import OpenFile, copy_of, identity_of, is_rotated, rotated
from trimtab.agent.tail.place import Identity, Place

_log = logging.getLogger(__name__)
A_READ = 512 << 10
"""Bytes of a file that are passed on at a time; an entry that is longer is cut."""
QUIET_S = 1.0
"""A file that did not grow for so long: its last entry is whole."""
GONE_S = 10.0
"""A path that nothing is at for so long was deleted, and is not being rotated."""


class Chunk(Struct, frozen=True):
    """Entries to pass on; the place's `end` is behind them."""

    place: Place
    whole: bytes


class Trail:
    """Reads one log. Whoever passed a chunk on calls `passed`, or `kept_back` where it could not."""

    def __init__(
        self, path: Path, entries: Entries, to: LogPlace, places: list[Place], monotonic: Callable[[], float]
    ) -> None:
        """`places` are those of the log's files that are known, the oldest first."""
        self.path = path
        self.entries = entries
        self.to = to
        self._monotonic = monotonic
        self._files: deque[OpenFile] = deque(_found(path, places))
        self._seen = (-1, monotonic())  # the size of the first file, and since when
        self._missing_since: float | None = None
        self.done: list[Place] = []
        """Places of files that were left."""

    @property
    def identities(self) -> set[Identity]:
        """The files that it reads."""
        return {file.place.identity for file in self._files}

    @property
    def places(self) -> list[Place]:
        """How far each of them is done."""
        return [file.place for file in self._files]

    @property
    def behind(self) -> int:
        """Bytes that are written and not passed on."""
        return sum(max(file.size - file.place.offset, 0) for file in self._files)

    def look(self) -> bool:
        """Notice a new file under the path; whether there is still something to read, now or later."""
        there = identity_of(self.path)
        if there is None:
            self._missing_since = self._missing_since or self._monotonic()
        else:
            self._missing_since = None
            if there not in self.identities and (opened := OpenFile.at(self.path)) is not None:
                self._files.append(opened)
        return bool(self._files)

    def chunk(self) -> Chunk | None:
        """The next whole entries; None where there are none now."""
        while self._files:
            first = self._files[0]
            if first.was_emptied():
                self._emptied(first)
                continue
            data = first.read(A_READ)
            whole = self._whole(first, data)
            if whole:
                first.place.end = first.place.offset + len(whole)
                return Chunk(first.place, whole)
            if data or not self._is_left(first):
                return None
            self._leave(first)
        return None

    def passed(self, chunk: Chunk) -> None:
        """The spool has it."""
        chunk.place.offset = chunk.place.end

    def kept_back(self, chunk: Chunk) -> None:
        """It was not taken: it is read again."""
        chunk.place.end = chunk.place.offset

    def was_copied_to(self, path: Path, opened: OpenFile) -> bool:
        """Whether a new file is a copy of one that it reads, made to empty that one in place."""
        beside = path.parent == self.path.parent and is_rotated(path.name, self.path.name)
        return beside and any(opened.begins_as(place) for place in self.places if place.head_bytes)

    def skip(self) -> None:
        """Leave out what the files have now."""
        for file in self._files:
            file.read(1 << 10)
            file.place.offset = file.place.end = file.size

    def close(self) -> None:
        """Let go of the files."""
        for file in self._files:
            file.close()

    def _emptied(self, first: OpenFile) -> None:
        """Begin anew, after what the copy of the file has behind its place."""
        copy = copy_of(self.path, first.place)
        place = first.place
        place.offset = place.end = place.head_bytes = 0
        place.head = ""
        self._seen = (-1, self._monotonic())
        if copy is not None:
            self._files.appendleft(copy)

    def _whole(self, file: OpenFile, data: bytes) -> bytes:
        """The part of `data` that is whole entries."""
        size = file.place.offset + len(data)
        if size != self._seen[0]:
            self._seen = (size, self._monotonic())
        quiet = self._monotonic() - self._seen[1] >= QUIET_S
        if quiet and self._is_elsewhere(file):
            return data  # nobody writes here any more: its last line may have no end
        lines = data[: data.rfind(b"\n") + 1]
        if len(data) == A_READ:
            return lines[: self.entries.last_begin(lines)] or lines or data
        return lines if quiet else lines[: self.entries.last_begin(lines)]

    def _is_elsewhere(self, file: OpenFile) -> bool:
        """Whether the path names another file, or none for so long that it was deleted."""
        if file is not self._files[-1]:
            return True
        return self._missing_since is not None and self._monotonic() - self._missing_since >= GONE_S

    def _is_left(self, file: OpenFile) -> bool:
        return self._is_elsewhere(file) and self._monotonic() - self._seen[1] >= QUIET_S

    def _leave(self, file: OpenFile) -> None:
        file.close()
        self._files.popleft()
        file.place.done = True
        self.done.append(file.place)
        self._seen = (-1, self._monotonic())


def _found(path: Path, places: list[Place]) -> Iterator[OpenFile]:
    """The files of these places, wherever they are by now; those that came between them and the newest; and that."""
    candidates = [*rotated(path), path]
    by_identity = {identity_of(one): at for at, one in enumerate(candidates)}
    known = {by_identity[place.identity]: place for place in places if place.identity in by_identity}
    for place in places:
        if place.identity not in by_identity:
            _log.warning("cannot find the rest of %s: the file that was read up to byte %d is gone", path, place.offset)
    first = min(known, default=len(candidates) - 1)
    for at, one in enumerate(candidates[first:], first):
        opened = OpenFile.at(one, known.get(at), watched=path)
        if opened is not None:
            yield opened
