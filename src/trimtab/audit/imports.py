"""Imports of CloudTrail files: from a folder of this machine or from S3, beside the server's other work.

A file may be read any number of times: a record that is held already is left out. An import that a stop cut short is
simply made again.
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from msgspec import Struct, field
from sqlalchemy import Connection, select

from trimtab.audit.files import TrailFile, find, is_records, records_in
from trimtab.audit.ingest import AT_ONCE, AuditIngest
from trimtab.audit.model import AuditEvent, Origin
from trimtab.audit.record import event_of
from trimtab.base.clock import Clock
from trimtab.base.errors import Conflict, InvalidInput, NotFound, TrimtabError
from trimtab.cloud.s3 import S3Folder
from trimtab.store.state.database import State
from trimtab.store.state.tables import audit_imports

logger = logging.getLogger(__name__)

Heard = Callable[[int, int], Awaitable[object]]
"""Told the range of event times, `[start_ms, end_ms)`, of records that came late."""
_NOTES = 20
"""Sentences kept of an import: what was skipped and why."""
_LISTED = 50


class Import(Struct, frozen=True):
    """An import: `records` were read in `files`, `stored` of them were new. `state` is reading, done or failed."""

    id: int
    location: str
    state: str
    started_ms: int
    ended_ms: int | None
    files: int
    records: int
    stored: int
    problem: str = ""
    notes: Sequence[str] = ()


class Tally(Struct):
    """What was read so far."""

    files: int = 0
    records: int = 0
    stored: int = 0
    first_ms: int | None = None
    last_ms: int | None = None
    notes: list[str] = field(default_factory=list)

    def note(self, sentence: str) -> None:
        """Keep a sentence, if there are not too many already."""
        if len(self.notes) < _NOTES:
            self.notes.append(sentence)


class TrailReader:
    """Reads files into the audit; what imports and watched folders share."""

    def __init__(self, ingest: AuditIngest, account: str, region: str) -> None:
        self._ingest = ingest
        self._account = account
        self._region = region

    async def read(self, file: TrailFile, tally: Tally) -> int:
        """Bring a file's records in; returns how many it has. Raises InvalidInput for what is no file of records."""
        before = tally.records
        await self.store(await self.events_in(file, tally), tally)
        return tally.records - before

    async def events_in(self, file: TrailFile, tally: Tally) -> list[AuditEvent]:
        """The events of a file. Raises InvalidInput for what is no file of records."""
        records = await asyncio.to_thread(records_in, file)
        tally.files += 1
        tally.records += len(records)
        return [event for record in records if (event := self._event(record, file.name, tally)) is not None]

    async def store(self, events: Sequence[AuditEvent], tally: Tally) -> None:
        """Bring events in. Raises Throttled, DiskFull, Unavailable."""
        written = await self._ingest.write_new(events)
        tally.stored += len(written.events)
        for event in written.events:
            tally.first_ms = min(event.time_ms, tally.first_ms or event.time_ms)
            tally.last_ms = max(event.time_ms, tally.last_ms or event.time_ms)

    def _event(self, record: Mapping[str, Any], name: str, tally: Tally) -> AuditEvent | None:
        try:
            return event_of(record, Origin.FILE, account=self._account, region=self._region)
        except InvalidInput as problem:
            tally.note(f"{name}: {problem}")
            return None


class AuditImports:
    """Starts imports, one at a time, and remembers them."""

    def __init__(self, state: State, reader: TrailReader, clock: Clock, copies: Path) -> None:
        """`copies` is a folder for objects of S3 while they are read."""
        self._state = state
        self._reader = reader
        self._clock = clock
        self._copies = copies
        self._running: asyncio.Task[None] | None = None
        self._busy = False
        self.heard: list[Heard] = []

    async def start(self, location: str) -> int:
        """Begin an import; returns its id. Raises Conflict where one runs, InvalidInput for no such place."""
        if self._busy:
            raise Conflict("cannot start the import: another one runs; try again when it has ended")
        self._busy = True
        try:
            check_place(location)
            id_ = await self._state.change(lambda connection: _begin(connection, location, self._clock.now_ms()))
        except BaseException:  # of a cancelled import too: the next one may begin
            self._busy = False
            raise
        self._running = asyncio.create_task(self._run(id_, location))
        return id_

    async def run(self, location: str) -> Import:
        """Make a whole import. Raises what `start` raises."""
        id_ = await self.start(location)
        if self._running is not None:
            await self._running
        return await self.one(id_)

    async def one(self, id_: int) -> Import:
        """An import by its id. Raises NotFound."""
        query = select(audit_imports).where(audit_imports.c.id == id_)
        row = await self._state.read(lambda connection: connection.execute(query).first())
        if row is None:
            raise NotFound(f"cannot find import {id_}: there is none with this number")
        return _import(row)

    async def newest(self) -> list[Import]:
        """The newest imports, the last first."""
        query = select(audit_imports).order_by(audit_imports.c.id.desc()).limit(_LISTED)
        return [_import(row) for row in await self._state.read(lambda connection: connection.execute(query).all())]

    async def _run(self, id_: int, location: str) -> None:
        tally, problem = Tally(), ""
        try:
            problem = await self._read(location, tally)
        except BaseException:  # of a cancelled import too: the next one may begin
            self._busy = False
            raise
        if not tally.records and not problem:
            problem = "; ".join(tally.notes[:3]) or "cannot import: there are no CloudTrail records in there"
        await self._hear(tally)
        self._busy = False  # before the end is told: who sees it may begin the next
        await self._state.change(lambda connection: _end(connection, id_, tally, problem, self._clock.now_ms()))

    async def _read(self, location: str, tally: Tally) -> str:
        """Read the files of a place; what ended that, if anything did."""
        try:
            files = await asyncio.to_thread(self._files, location)
        except TrimtabError as failed:
            return str(failed)
        waiting: list[AuditEvent] = []  # of many small files: what is new is asked for once
        try:
            for fetch in files:
                try:
                    waiting += await self._reader.events_in(await asyncio.to_thread(fetch), tally)
                except InvalidInput as refused:  # the others may be well
                    tally.note(str(refused))
                if len(waiting) >= AT_ONCE:
                    await self._reader.store(waiting, tally)
                    waiting = []
            await self._reader.store(waiting, tally)
        except TrimtabError as failed:
            return str(failed)
        return ""

    async def _hear(self, tally: Tally) -> None:
        if tally.first_ms is None or tally.last_ms is None:
            return
        for heard in self.heard:
            try:
                await heard(tally.first_ms, tally.last_ms + 1)
            except TrimtabError as missed:
                logger.warning("cannot look for insights in what was imported: %s", missed)

    def _files(self, location: str) -> list[Callable[[], TrailFile]]:
        if location.startswith("s3://"):
            folder = S3Folder(location, self._copies / str(self._clock.now_ms()))
            names = [item.name for item in folder.items() if is_records(item.name)]
            return [partial(_fetched, folder, name) for name in names]
        return [partial(_found, file) for file in find(Path(location).expanduser())]


def check_place(location: str) -> None:
    """Raise InvalidInput for what can be no place of files, or is not there."""
    if location.startswith("s3://"):
        return
    if not location.startswith(("/", "~")) or "\0" in location:
        raise InvalidInput(f"cannot import {location!r}: expected an absolute path of the server's, or s3://…")
    try:
        there = Path(location).expanduser().exists()
    except (OSError, RuntimeError) as problem:  # a name too long, a home that nobody has
        raise InvalidInput(f"cannot import {location!r}: {problem}") from None
    if not there:
        raise InvalidInput(f"cannot import {location}: there is no such file or folder")


def _fetched(folder: S3Folder, name: str) -> TrailFile:
    return TrailFile(name, folder.fetch(name), "")


def _found(file: TrailFile) -> TrailFile:
    return file


def _begin(connection: Connection, location: str, now_ms: int) -> int:
    row = {"location": location, "state": "reading", "started_ms": now_ms, "files": 0, "records": 0, "stored": 0}
    made = connection.execute(audit_imports.insert().values(**row, problem="", notes="[]")).inserted_primary_key
    if made is None:
        raise RuntimeError("bug: an inserted import has no id")
    return int(made[0])


def _end(connection: Connection, id_: int, tally: Tally, problem: str, now_ms: int) -> None:
    values = {
        "state": "failed" if problem else "done",
        "ended_ms": now_ms,
        "files": tally.files,
        "records": tally.records,
        "stored": tally.stored,
        "problem": problem,
        "notes": json.dumps(tally.notes),
    }
    connection.execute(audit_imports.update().where(audit_imports.c.id == id_).values(**values))


def _import(row: Any) -> Import:
    return Import(
        row.id,
        row.location,
        row.state,
        row.started_ms,
        row.ended_ms,
        row.files,
        row.records,
        row.stored,
        row.problem,
        tuple(json.loads(row.notes)),
    )
