"""Asynchronous invocations that were taken and are not answered yet: files that outlive whatever is killed.

An invocation is `<key>.taken`, a line of JSON and its body, and is acknowledged only when that is on the disk. What
came of it is decided once: `<key>.answer`, synced too, is written before an object is. Whoever goes on after a crash
asks the model again where there is no answer yet, and only writes the object again where there is one: a model may be
asked twice, but there is one object, the output or the failure, and never both.
"""

import contextlib
from pathlib import Path

import msgspec
from msgspec import Struct

from trimtab.base import typed
from trimtab.base.whole_file import sync_folder, write_whole

_TAKEN, _ANSWER = ".taken", ".answer"


class Invocation(Struct, frozen=True):
    """An invocation as it was taken. `key` names its files; its body lies beside. Times in ms since the epoch and s."""

    key: str
    id: str
    account: str
    region: str
    endpoint: str
    source: str
    output: str
    failure: str
    content_type: str
    accept: str
    attributes: str
    taken_ms: int
    lives_s: int
    timeout_s: int
    at_once: int


class Journal(Struct, frozen=True):
    """The files of one server, in a folder of their own. Every method blocks; they raise OSError."""

    folder: Path

    def take(self, one: Invocation, body: bytes) -> None:
        """Keep an invocation: after this it is never lost."""
        self.folder.mkdir(parents=True, exist_ok=True)
        write_whole(self._taken(one.key), msgspec.json.encode(one) + b"\n" + body, lasting=True)

    def waiting(self) -> list[Invocation]:
        """What is not finished, the first that was taken first."""
        found = []
        for path in self.folder.glob(f"*{_TAKEN}"):
            with contextlib.suppress(FileNotFoundError), path.open("rb") as file:  # it may be finished meanwhile
                found.append(typed.decode(file.readline(), type=Invocation))
        return sorted(found, key=lambda one: (one.taken_ms, one.key))

    def holds(self, one: Invocation) -> bool:
        """Whether an invocation is not finished."""
        return self._taken(one.key).exists()

    def body(self, one: Invocation) -> bytes:
        """The body that came with an invocation."""
        with self._taken(one.key).open("rb") as file:
            file.readline()
            return file.read()

    def decide(self, one: Invocation, uri: str, body: bytes) -> None:
        """Keep what came of an invocation, and where it goes: from now on the model is not asked again."""
        write_whole(self._answer(one.key), msgspec.json.encode(uri) + b"\n" + body, lasting=True)

    def decided(self, one: Invocation) -> tuple[str, bytes] | None:
        """What came of an invocation, as (URI, body); None where nothing is decided."""
        try:
            with self._answer(one.key).open("rb") as file:
                return typed.decode(file.readline(), type=str), file.read()
        except FileNotFoundError:
            return None

    def finish(self, one: Invocation) -> None:
        """Forget an invocation whose object is written; the answer goes last, so that nothing is asked in between."""
        self._taken(one.key).unlink(missing_ok=True)
        sync_folder(self.folder)
        self._answer(one.key).unlink(missing_ok=True)

    def tidy(self) -> None:
        """Remove what a crash left in the middle of a write or of a finish."""
        for path in self.folder.glob("*.tmp"):
            path.unlink(missing_ok=True)
        for path in self.folder.glob(f"*{_ANSWER}"):
            if not path.with_suffix(_TAKEN).exists():
                path.unlink(missing_ok=True)

    def _taken(self, key: str) -> Path:
        return self.folder / f"{key}{_TAKEN}"

    def _answer(self, key: str) -> Path:
        return self.folder / f"{key}{_ANSWER}"
