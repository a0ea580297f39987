"""Watched places: folders of this machine and prefixes of S3 whose new files of records are read as they come."""

import asyncio
import hashlib
import logging
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from sqlalchemy import Connection, select

from trimtab.audit.files import TrailFile, find, is_records
from trimtab.audit.imports import Heard, Tally, TrailReader
from trimtab.base.clock import Clock
from trimtab.base.errors import InvalidInput, TrimtabError
from trimtab.cloud.s3 import S3Folder
from trimtab.store.state.database import State
from trimtab.store.state.tables import audit_files

logger = logging.getLogger(__name__)

_AT_A_TURN = 200  # files: the next turn goes on


class WatchedPlaces:
    """Reads what is new, or has changed, in each of `places`; `copies` is where objects of S3 go meanwhile."""

    def __init__(self, places: Sequence[str], state: State, reader: TrailReader, clock: Clock, copies: Path) -> None:
        self.places = tuple(places)
        self._state = state
        self._reader = reader
        self._clock = clock
        self._copies = copies
        self.heard: list[Heard] = []

    async def look(self) -> int:
        """Read new files; how many records were new. A place that cannot be read is told of and looked at again."""
        stored = 0
        for place in self.places:
            try:
                stored += await self._look(place)
            except TrimtabError as problem:
                logger.warning("cannot read the watched place %s: %s", place, problem)
        return stored

    async def _look(self, place: str) -> int:
        known = await self._state.read(lambda connection: _known(connection, _key(place)))
        files, folder = await asyncio.to_thread(self._files, place)
        new = [file for file in files if known.get(file.name) != file.mark][:_AT_A_TURN]
        tally = Tally()
        for file in new:
            there = file
            if folder is not None:
                there = TrailFile(file.name, await asyncio.to_thread(folder.fetch, file.name), file.mark)
            try:
                records = await self._reader.read(there, tally)
            except InvalidInput as problem:  # a file that is being written, or no file of records at all
                logger.warning("%s", problem)
                records = 0
            if folder is not None:
                there.path.unlink(missing_ok=True)
            now_ms = self._clock.now_ms()
            row = {"mark": file.mark, "records": records, "read_ms": now_ms}
            await self._state.change(partial(_note, place=_key(place), name=file.name, row=row))
        if tally.first_ms is not None and tally.last_ms is not None:
            for heard in self.heard:
                await heard(tally.first_ms, tally.last_ms + 1)
        return tally.stored

    def _files(self, place: str) -> tuple[list[TrailFile], S3Folder | None]:
        if not place.startswith("s3://"):
            return find(Path(place).expanduser()), None
        folder = S3Folder(place, self._copies / _key(place)[:16])
        items = [item for item in folder.items() if is_records(item.name)]
        return [TrailFile(item.name, Path(), str(item.size)) for item in items], folder


def places_of(setting: str) -> list[str]:
    """The places that a setting names, separated by commas."""
    return [part.strip() for part in setting.split(",") if part.strip()]


def _key(place: str) -> str:
    return hashlib.sha256(place.encode()).hexdigest()


def _known(connection: Connection, place: str) -> dict[str, str]:
    query = select(audit_files.c.name, audit_files.c.mark).where(audit_files.c.place == place)
    return {row.name: row.mark for row in connection.execute(query)}


def _note(connection: Connection, place: str, name: str, row: dict[str, object]) -> None:
    mine = (audit_files.c.place == place) & (audit_files.c.name == name)
    if not connection.execute(audit_files.update().where(mine).values(row)).rowcount:
        connection.execute(audit_files.insert().values(place=place, name=name, **row))
