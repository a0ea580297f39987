"""Watched places: folders of this server and S3 prefixes in which a new object is an event.

What was there when a place was put is no news. A place is looked at every so often, and what was seen is remembered in
the transaction that takes the event in: an object is told of once, whatever happens to the process that looks.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from msgspec import Struct
from sqlalchemy import Connection, Row, delete, insert, select, update

from trimtab.base.clock import Clock
from trimtab.base.errors import InvalidInput, LimitExceeded, NotFound, Unavailable
from trimtab.store.state.database import State
from trimtab.store.state.schema.triggers import watched_objects, watched_places
from trimtab.store.state.upcoming import NOW, Upcoming
from trimtab.triggers.arns import Place

MOST_PLACES = 100
MOST_OBJECTS = 200_000
"""Objects of one place: more are better told of by the store itself."""
_SETTLES_MS = 2_000
"""A file that changed so recently may still be written to: it is told of at the next look."""
_columns = watched_places.c


class Found(Struct, frozen=True):
    """An object: its name within the place, its size in bytes, and what changes when it does."""

    name: str
    size: int
    stamp: str


class Watched(Struct, frozen=True):
    """A watched place: `url` is a folder's path or `s3://bucket/prefix`. `looked_ms` None: not looked at yet."""

    place: Place
    name: str
    url: str
    every_s: int
    created_ms: int
    looked_ms: int | None = None
    objects: int = 0
    reason: str = ""

    @property
    def key(self) -> str:
        """Under which its objects are remembered."""
        return f"{self.place.account}/{self.place.region}/{self.name}"


class ListObjects(Protocol):
    """Lists the objects of a bucket under a prefix. Raises InvalidInput, Unavailable."""

    def __call__(self, url: str) -> Sequence[Found]:
        """Every object of `s3://bucket/prefix`."""
        ...


def list_folder(path: str, now_ms: int) -> list[Found]:
    """The files below a folder that have settled, hidden ones and links apart. Raises InvalidInput, Unavailable."""
    root = Path(path)
    if not root.is_dir():
        raise InvalidInput(f"cannot watch {path}: there is no such folder on the server")
    found: list[Found] = []
    try:
        for folder, folders, files in os.walk(root):
            folders[:] = [one for one in folders if not one.startswith(".")]
            for name in files:
                whole = Path(folder, name)
                if name.startswith(".") or whole.is_symlink():
                    continue
                about = whole.stat()
                if not 0 <= now_ms - about.st_mtime_ns // 1_000_000 < _SETTLES_MS:
                    relative = str(whole.relative_to(root))
                    found.append(Found(relative, about.st_size, f"{about.st_size}-{about.st_mtime_ns}"))
    except OSError as problem:
        raise Unavailable(f"cannot look at {path}: {problem}") from problem
    return found


class PlaceStore:
    """The watched places. `any` tells whether there are any."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self._clock = clock
        self.any = Upcoming(state, select(NOW).select_from(watched_places))

    async def put(self, place: Place, name: str, url: str, every_s: int) -> Watched:
        """Watch a place, from now on. Raises InvalidInput, LimitExceeded."""
        if not url.startswith("s3://") and not Path(url).is_absolute():
            raise InvalidInput(f"cannot watch {url!r}: expected an absolute path of the server, or s3://bucket/prefix")
        if not name or len(name) > 64:
            raise InvalidInput("cannot watch a place without a name of up to 64 characters")
        made = Watched(place, name, url, every_s, self._clock.now_ms())

        def write(connection: Connection) -> Watched:
            known = connection.execute(select(_columns.url).where(_named(place, name))).scalar()
            if known is None and len(connection.execute(select(_columns.name)).all()) >= MOST_PLACES:
                raise LimitExceeded(f"cannot watch {name}: there are {MOST_PLACES} places")
            if known == url:
                connection.execute(update(watched_places).where(_named(place, name)).values(every_s=every_s))
                return made
            _drop(connection, made)
            row = {"account": place.account, "region": place.region, "name": name, "url": url, "every_s": every_s}
            more = {"created_ms": made.created_ms, "objects": 0, "reason": ""}
            connection.execute(insert(watched_places).values({**row, **more}))
            return made

        return await self._state.change(write)

    async def listed(self, account: str | None) -> list[Watched]:
        """The places of an account (None: of all), by name."""
        query = select(watched_places).order_by(_columns.name)
        if account is not None:
            query = query.where(_columns.account == account)
        return await self._state.read(lambda connection: [_watched(row) for row in connection.execute(query)])

    async def delete(self, place: Place, name: str) -> None:
        """Watch a place no more. Raises NotFound."""

        def write(connection: Connection) -> None:
            row = connection.execute(select(watched_places).where(_named(place, name))).first()
            if row is None:
                raise NotFound(f"cannot find the watched place {name[:100]!r}")
            _drop(connection, _watched(row))

        await self._state.change(write)


def _drop(connection: Connection, watched: Watched) -> None:
    connection.execute(delete(watched_places).where(_named(watched.place, watched.name)))
    connection.execute(delete(watched_objects).where(watched_objects.c.place == watched.key))


def _named(place: Place, name: str) -> Any:
    return (_columns.account == place.account) & (_columns.region == place.region) & (_columns.name == name)


def named(watched: Watched) -> Any:
    """The condition that finds its row."""
    return _named(watched.place, watched.name)


def _watched(row: Row[Any]) -> Watched:
    place = Place(row.account, row.region)
    return Watched(place, row.name, row.url, row.every_s, row.created_ms, row.looked_ms, row.objects, row.reason)
