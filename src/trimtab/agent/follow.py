"""Follows a log file: whole entries are sent as they are written, once each, over rotation, truncation and restarts.

The file itself is the spool: a place in it is noted as done when the server has acknowledged what came before. What is
about to be sent is noted first, so that after a crash the same bytes go again under the same key and count once.
"""

import json
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import msgspec

from trimtab.base.ids import new_id

A_READ = 512 << 10
"""Bytes of a file that are sent at a time."""
CONTINUED = re.compile(rb"[ \t]|$")
"""A line that begins so belongs to the entry before it: the frames of a stack trace, and empty lines."""

LINE = "_line"
"""The member that holds an entry which is no JSON: what `message_key` names at the server."""

Send = Callable[[bytes, str], None]
"""Sends records, an object a line, under a key; raises a TrimtabError where they were not taken."""


class Place(msgspec.Struct):
    """How far a file is done. `end` is where what is being sent ends; `life` is new for every file under the path."""

    inode: int = 0
    offset: int = 0
    end: int = 0
    life: str = ""


@dataclass(slots=True)
class _Open:
    file: BinaryIO
    inode: int


class Follower:
    """Follows one path. `begin` says how an entry begins; without it, what is indented continues the one before."""

    def __init__(self, path: Path, notes: Path, send: Send, begin: str = "") -> None:
        self._path = path
        self._notes = notes
        self._send = send
        self._begin = re.compile(begin.encode()) if begin else None
        self._open: _Open | None = None
        self._seen = -1  # where the file ended at the last step: an entry that grew no more is whole
        self._place = _read_place(notes)

    def step(self) -> bool:
        """Send what is there; whether there may be more at once. Raises a TrimtabError where it was not taken."""
        handle = self._handle()
        if handle is None:
            return False
        data = self._read(handle)
        if self._place.end > self._place.offset:  # a send that was cut short
            whole = data[: self._place.end - self._place.offset]
        else:
            whole = self._whole(handle, data)
        if not whole:
            return bool(not data and self._moved_on(handle))
        self._place.end = self._place.offset + len(whole)
        self._note()
        key = f"follow/{self._place.life}/{self._place.offset}"
        self._send(b"\n".join(_records(self._entries(whole))), key)
        self._place.offset = self._place.end
        self._note()
        return True

    def close(self) -> None:
        """Let go of the file."""
        if self._open is not None:
            self._open.file.close()
            self._open = None

    def _handle(self) -> _Open | None:
        if self._open is None:
            known = self._known() if self._place.inode else None
            path = known or self._path
            try:
                file = path.open("rb")
            except OSError:
                return None
            self._open = _Open(file, os.fstat(file.fileno()).st_ino)
            if self._open.inode != self._place.inode:
                self._place = Place(self._open.inode, life=new_id()[:12])
        return self._open

    def _known(self) -> Path | None:
        """The file that was being followed, where it was renamed while nobody looked."""
        for path in sorted(self._path.parent.glob(f"{self._path.name}*")):
            if path.stat().st_ino == self._place.inode:
                return path
        return None

    def _read(self, handle: _Open) -> bytes:
        if os.fstat(handle.file.fileno()).st_size < self._place.offset:  # it was emptied in place
            self._place = Place(handle.inode, life=new_id()[:12])
        handle.file.seek(self._place.offset)
        return handle.file.read(A_READ)

    def _whole(self, handle: _Open, data: bytes) -> bytes:
        """The part of `data` that is whole entries."""
        ends = self._place.offset + len(data)
        quiet, self._seen = ends == self._seen, ends
        if quiet and self._is_elsewhere(handle):
            return data  # nobody writes here any more: its last line may have no end
        lines = data[: data.rfind(b"\n") + 1]
        if len(data) == A_READ:
            return lines[: self._last_begin(lines)] or lines or data
        return lines if quiet else lines[: self._last_begin(lines)]

    def _last_begin(self, lines: bytes) -> int:
        at = 0
        last = 0
        for line in lines.splitlines(keepends=True):
            if self._begins(line):
                last = at
            at += len(line)
        return last

    def _begins(self, line: bytes) -> bool:
        return bool(self._begin.match(line)) if self._begin else not CONTINUED.match(line)

    def _entries(self, whole: bytes) -> Iterator[str]:
        entry: list[bytes] = []
        for line in whole.splitlines():
            if entry and self._begins(line):
                yield b"\n".join(entry).decode("utf-8", "replace")
                entry = []
            entry.append(line)
        yield b"\n".join(entry).decode("utf-8", "replace")

    def _moved_on(self, handle: _Open) -> bool:
        """Go to the new file where the path names another one now."""
        if not self._is_elsewhere(handle):
            return False
        self.close()
        self._place, self._seen = Place(), -1
        return True

    def _is_elsewhere(self, handle: _Open) -> bool:
        try:
            return self._path.stat().st_ino != handle.inode
        except OSError:  # between the renaming and the new file
            return False

    def _note(self) -> None:
        temporary = self._notes.with_suffix(".tmp")
        temporary.write_bytes(msgspec.json.encode(self._place))
        temporary.replace(self._notes)


def _records(entries: Iterator[str]) -> Iterator[bytes]:
    """An object for each entry: its own where it is one, so that the server reads its time and severity."""
    for entry in entries:
        text = entry.strip()
        if not text:
            continue
        if text.startswith("{"):
            try:
                found = json.loads(text)
            except (ValueError, RecursionError):
                found = None
            if isinstance(found, dict):
                yield text.replace("\n", " ").encode()
                continue
        yield msgspec.json.encode({LINE: entry})


def _read_place(notes: Path) -> Place:
    try:
        return msgspec.json.decode(notes.read_bytes(), type=Place)
    except (OSError, msgspec.DecodeError):
        return Place()
