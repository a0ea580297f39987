"""The tailer: finds the files, reads them in turn, and puts what they say into the spool.

The files themselves are the buffer: while the spool holds enough, nothing more is read.
"""

import glob
import logging
from collections.abc import Callable, Iterator, Sequence
from fnmatch import fnmatch
from pathlib import Path

from trimtab.agent.spool import Spool
from trimtab.agent.tail.batch import pack
from trimtab.agent.tail.config import FileSet
from trimtab.agent.tail.entries import Entries
from trimtab.agent.tail.open_file import COMPRESSED, OpenFile, identity_of
from trimtab.agent.tail.place import Identity, Place, Places
from trimtab.agent.tail.times import Times
from trimtab.agent.tail.trail import Chunk, Trail
from trimtab.base.clock import Clock
from trimtab.base.errors import DiskFull

_log = logging.getLogger(__name__)
MOST_FILES = 1000
"""Logs of one agent: each holds a file open, of the 1,024 that a process may have by default."""
POLL_S = 1.0
SCAN_S = 5.0
_RETRY_S = 10.0  # after a disk that could not be written
_A_ROUND = 8  # files that are read between two notes: 4 MiB at most are in memory
SPOOL_BYTES = 32 << 20
"""Gzipped batches that wait at most: some 200 MB of lines, so that emptying a file in place loses none for a while."""

Wait = Callable[[float], bool]


class Tailer:
    """Follows the files of `sets` into a spool of which it is the only writer."""

    def __init__(
        self, sets: Sequence[FileSet], spool: Spool, places: Path, host: str, clock: Clock, wake: Callable[[], None]
    ) -> None:
        """`wake` is told of each batch."""
        self._sets = sets
        self._spool = spool
        self._host = host
        self._clock = clock
        self._wake = wake
        self._first_start = not places.exists()
        self._places = Places(places, spool.upcoming)
        self._trails: dict[Path, Trail] = {}
        self._done = {place.identity: place for place in self._places.known if place.done}
        self._begin_at_end = {id(one) for one in sets if one.start == "end" and self._first_start}
        self._scanned_s: float | None = None
        self._full = False
        self._resume()

    def run(self, wait: Wait) -> None:
        """Follow until `wait` says to stop."""
        pause = 0.0
        while not wait(pause):
            try:
                pause = 0.0 if self.step() else POLL_S
            except (DiskFull, OSError) as problem:
                _log.error("cannot pass log lines on: %s; trying again in %g s, the files wait", problem, _RETRY_S)
                pause = _RETRY_S
        self.close()

    def step(self) -> bool:
        """Look for files where it is time, and read some; whether there may be more at once.

        Raises DiskFull or OSError; what was read is read again then.
        """
        now_s = self._clock.monotonic()
        self._collect_done()
        if self._scanned_s is None or now_s - self._scanned_s >= SCAN_S:
            self._scan()
            self._scanned_s = now_s
        for path, trail in list(self._trails.items()):
            if not trail.look():
                self._trails.pop(path)
        if self._spool.state().bytes >= SPOOL_BYTES:
            return False
        chunks = list(self._chunks())
        if chunks:
            self._pass_on(chunks)
        return bool(chunks)

    @property
    def files(self) -> int:
        """Logs that are followed."""
        return len(self._trails)

    @property
    def behind(self) -> int:
        """Bytes of them that are written and were not read yet."""
        return sum(trail.behind for trail in list(self._trails.values()))

    def close(self) -> None:
        """Let go of the files."""
        for trail in self._trails.values():
            trail.close()

    def _chunks(self) -> Iterator[tuple[Trail, Chunk]]:
        """What some of the files have. Those that had their turn are at the end of the queue."""
        found = 0
        for path, trail in list(self._trails.items()):
            if found == _A_ROUND:
                return
            chunk = trail.chunk()
            if chunk is None:
                continue
            found += 1
            self._trails[path] = self._trails.pop(path)
            yield trail, chunk

    def _pass_on(self, chunks: list[tuple[Trail, Chunk]]) -> None:
        passed = 0
        try:
            for number, (_, chunk) in enumerate(chunks, self._spool.upcoming):
                chunk.place.sequence = number
            self._places.save(self._noted())
            for trail, chunk in chunks:
                now_ms = self._clock.now_ms()
                records, chunk.place.last_ms = trail.entries.records(chunk.whole, chunk.place.last_ms, now_ms)
                self._spool.append(pack(records, trail.to), now_ms)
                trail.passed(chunk)
                passed += 1
        finally:
            for trail, chunk in chunks[passed:]:
                trail.kept_back(chunk)
            if passed:
                self._wake()

    def _noted(self) -> Iterator[Place]:
        yield from self._done.values()
        for trail in self._trails.values():
            yield from trail.places

    def _resume(self) -> None:
        """Go on with the files that an earlier run followed, the renamed ones first."""
        of_path: dict[str, list[Place]] = {}
        for place in self._places.known:
            if not place.done:
                of_path.setdefault(place.path, []).append(place)
        for path, places in of_path.items():
            files = next((one for one in self._sets if _covers(one, path)), None)
            if files is not None:
                self._follow(Path(path), files, places)

    def _scan(self) -> None:
        seen: set[Identity] = set()
        added = False
        known = {identity for trail in self._trails.values() for identity in trail.identities} | set(self._done)
        for files in self._sets:
            for path in _matching(files):
                identity = identity_of(path)
                if identity is None or path in self._trails:
                    continue
                seen.add(identity)
                if identity in known and not self._grew(path, identity):
                    continue
                known.add(identity)
                self._add(path, files, identity)
                added = True
        self._begin_at_end.clear()
        self._done = {identity: place for identity, place in self._done.items() if identity in seen}
        if added:
            self._places.save(self._noted())

    def _grew(self, path: Path, identity: Identity) -> bool:
        """Whether a file that was left is written to again, or is another one that has its identity."""
        place = self._done.get(identity)
        opened = OpenFile.at(path, place) if place is not None else None
        if place is None or opened is None:
            return False
        grew = opened.size > place.offset or opened.was_emptied()
        opened.close()
        return grew

    def _add(self, path: Path, files: FileSet, identity: Identity) -> None:
        if len(self._trails) >= MOST_FILES:
            if not self._full:
                _log.error("cannot follow %s: %d files are followed, which is the most", path, MOST_FILES)
            self._full = True
            return
        opened = OpenFile.at(path)
        if opened is None:
            return
        copied = any(trail.was_copied_to(path, opened) for trail in self._trails.values())
        opened.close()
        if copied:
            return
        place = self._done.pop(identity, None)
        trail = self._follow(path, files, [_again(place, path)] if place is not None else [])
        if id(files) in self._begin_at_end:
            trail.skip()

    def _follow(self, path: Path, files: FileSet, places: list[Place]) -> Trail:
        entries = Entries(files.begin, Times(files.time, files.timezone))
        trail = Trail(path, entries, files.place(path, self._host), places, self._clock.monotonic)
        self._trails[path] = trail
        return trail

    def _collect_done(self) -> None:
        for trail in self._trails.values():
            for place in trail.done:
                self._done[place.identity] = place
            trail.done.clear()


def _again(place: Place, path: Path) -> Place:
    """The place of a file that was left, under the path that it has now."""
    place.path, place.done = str(path), False
    return place


def _covers(files: FileSet, path: str) -> bool:
    wanted = any(fnmatch(path, pattern.replace("**/", "*")) for pattern in files.paths)
    return wanted and not _excluded(files, path)


def _excluded(files: FileSet, path: str) -> bool:
    return path.endswith(COMPRESSED) or any(
        fnmatch(path, pattern) or fnmatch(Path(path).name, pattern) for pattern in files.exclude
    )


def _matching(files: FileSet) -> Iterator[Path]:
    for pattern in files.paths:
        for found in sorted(glob.iglob(pattern, recursive=True)):
            if not _excluded(files, found) and Path(found).is_file():
                yield Path(found)
