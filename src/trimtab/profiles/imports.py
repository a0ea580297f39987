"""Files that were uploaded become a run's profile: read one after another beside the server's other work, then kept in
one transaction, or not at all.
"""

import asyncio
import logging
import threading
import zlib
from collections import OrderedDict
from concurrent.futures import Future
from enum import StrEnum
from pathlib import Path

from msgspec import Struct, field

from trimtab.base.clock import Clock
from trimtab.base.errors import InvalidInput, LimitExceeded, NotFound, TrimtabError, Unavailable
from trimtab.base.ids import new_id
from trimtab.base.uploads import Uploads
from trimtab.inventory.runs.model import RunKey
from trimtab.profiles import kineto, operations, stragglers
from trimtab.profiles.store import MOST_FILES, ProfileFile, ProfileStore

logger = logging.getLogger(__name__)
ABANDONED_S = 86_400
"""An upload to which nothing was added for a day is let go of: nobody imports it any more."""
_REMEMBERED = 200
_HEAD = 4096


class ImportState(StrEnum):
    """How far an import is."""

    READING = "reading"
    DONE = "done"
    FAILED = "failed"


class ProfileImport(Struct, kw_only=True):
    """One import: of which run, how many of its files are read, what went wrong. `kept` is what the run has then."""

    id: str
    key: RunKey
    files: int
    state: ImportState = ImportState.READING
    read: int = 0
    kept: int = 0
    problem: str = ""
    notes: list[str] = field(default_factory=list)


class ProfileImports:
    """Imports of this process, one at a time; the last ones are remembered."""

    def __init__(self, store: ProfileStore, uploads: Uploads, clock: Clock) -> None:
        self.uploads = uploads
        self._store = store
        self._clock = clock
        self._turn = asyncio.Semaphore(1)  # a large trace takes a core for as long as it is read
        self._known: OrderedDict[str, ProfileImport] = OrderedDict()
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self) -> str:
        """Make a place for files; returns its id. Uploads that nobody went on with are let go of."""
        before_s = self._clock.now_ms() / 1000 - ABANDONED_S
        await asyncio.to_thread(self.uploads.drop_before, before_s)
        return await asyncio.to_thread(self.uploads.open)

    def start(self, key: RunKey, upload: str, who: str, *, replace: bool = False) -> ProfileImport:
        """Begin to read an upload as the profile of a run.

        With `replace` what the run has goes in the same transaction. Raises InvalidInput where there is no file,
        LimitExceeded where there are too many, Unavailable where too many imports wait.
        """
        paths = sorted(path for path in self.uploads.folder(upload).rglob("*") if path.is_file())
        if not paths:
            raise InvalidInput(f"cannot import upload {upload!r}: it has no file")
        if len(paths) > MOST_FILES:
            raise LimitExceeded(f"cannot import {len(paths)} files at once: at most {MOST_FILES}")
        if len(self._tasks) >= _REMEMBERED // 4:
            raise Unavailable(f"cannot import now: {len(self._tasks)} imports wait for their turn")
        made = ProfileImport(id=new_id(), key=key, files=len(paths))
        self._known[made.id] = made
        while len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)
        task = asyncio.create_task(self._run(made, upload, paths, who, replace))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return made

    def one(self, id_: str) -> ProfileImport:
        """An import. Raises NotFound: a server that ends forgets them, and keeps nothing of one that had not ended."""
        if (found := self._known.get(id_)) is None:
            raise NotFound(f"no import {id_!r} of a profile is known; if it had not ended, nothing of it was kept")
        return found

    async def _run(self, made: ProfileImport, upload: str, paths: list[Path], who: str, replace: bool) -> None:
        try:
            await self._keep(made, self.uploads.folder(upload), paths, who, replace)
            state = ImportState.DONE
        except TrimtabError as problem:
            state, made.problem = ImportState.FAILED, str(problem)
        except Exception:
            logger.exception("the import of a profile failed")
            state, made.problem = ImportState.FAILED, "cannot import: it went wrong here; see the server's log"
        finally:
            await asyncio.to_thread(self.uploads.drop, upload)
        made.state = state

    async def _keep(self, made: ProfileImport, root: Path, paths: list[Path], who: str, replace: bool) -> None:
        files = []
        async with self._turn:
            for path in paths:
                read = await _apart(path, path.relative_to(root).as_posix())
                made.notes += notes_of(read)
                files.append(read)
                made.read += 1
        made.kept = await self._store.put(made.key, files, who, replace=replace)


async def _apart(path: Path, name: str) -> ProfileFile:
    """Read a file in a thread that does not hold up the server's end."""
    done: Future[ProfileFile] = Future()

    def work() -> None:
        try:
            done.set_result(read_file(path, name))
        except BaseException as problem:  # noqa: BLE001  # raised again where it is waited for
            done.set_exception(problem)

    threading.Thread(target=work, name="profile", daemon=True).start()
    return await asyncio.wrap_future(done)


def read_file(path: Path, name: str) -> ProfileFile:
    """Read a file by what is in it: a trace (JSON), or the operations of a job (CSV, Parquet). Raises as these do."""
    with path.open("rb") as file:
        if _is_trace(path):
            return ProfileFile(file=name, trace=kineto.read(file, name))
        return ProfileFile(file=name, stragglers=stragglers.analyse(operations.read(file, name)))


def notes_of(read: ProfileFile) -> list[str]:
    """What of a file could not be read or has no use, in words."""
    if read.trace is not None:
        unreadable = read.trace.unreadable
        notes = [f"{unreadable} events could not be read"] if unreadable else []
        notes += [read.trace.note] if read.trace.note else []
    else:
        notes = [f"left out: {one}" for one in read.stragglers.left_out] if read.stragglers is not None else []
    return [f"{read.file}: {note}" for note in notes]


def _is_trace(path: Path) -> bool:
    """Whether a file's text begins as JSON does; what is packed wrongly is told by the reader of traces."""
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if head[:2] == b"\x1f\x8b":
        try:
            head = zlib.decompressobj(wbits=31).decompress(head, _HEAD)
        except zlib.error:
            return True
    return head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"{", b"[", b"")
