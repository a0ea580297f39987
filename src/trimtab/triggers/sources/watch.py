"""The job that looks at watched places: "Object Created" events, in the shape that S3 gives them."""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from urllib.parse import urlsplit

from sqlalchemy import Connection, delete, insert, select, update

from trimtab.base.clock import Clock
from trimtab.base.errors import TrimtabError
from trimtab.store.state.database import State
from trimtab.store.state.schema.triggers import watched_objects, watched_places
from trimtab.triggers.entries import make_event, stable_id
from trimtab.triggers.intake import Intake
from trimtab.triggers.model import Event
from trimtab.triggers.sources.places import (
    MOST_OBJECTS,
    Found,
    ListObjects,
    PlaceStore,
    Watched,
    list_folder,
    named,
)

DETAIL_TYPE = "Object Created"
_AT_ONCE = 200
"""Objects that one transaction takes in."""


class ObjectWatch:
    """Looks at places that are due."""

    def __init__(
        self,
        state: State,
        clock: Clock,
        intake: Intake,
        list_objects: ListObjects,
        may_write: Callable[[], bool] = lambda: True,
    ) -> None:
        self._state = state
        self._clock = clock
        self._intake = intake
        self._list_objects = list_objects
        self._may_write = may_write
        self._places = PlaceStore(state, clock)

    async def turn(self) -> int:
        """Look at every place that is due; returns how many new objects were told of."""
        told = 0
        if not await self._places.any.due(self._clock.now_ms()):
            return told
        for watched in await self._places.listed(None):
            due_ms = (watched.looked_ms or 0) + 1000 * watched.every_s
            if not self._may_write() or self._clock.now_ms() < due_ms:
                continue
            told += await self._look(watched)
        return told

    async def _look(self, watched: Watched) -> int:
        try:
            found = await asyncio.to_thread(self._list, watched)
        except TrimtabError as problem:
            await self._state.change(partial(self._note, watched=watched, objects=watched.objects, reason=str(problem)))
            return 0
        reason = (
            "" if len(found) <= MOST_OBJECTS else f"only the first {MOST_OBJECTS} of {len(found)} objects are watched"
        )
        found = found[:MOST_OBJECTS]
        known = await self._state.read(partial(_known, watched=watched))
        news = [one for one in found if known.get(one.name) != one.stamp]
        silent = watched.looked_ms is None
        for at in range(0, len(news), _AT_ONCE):
            part = news[at : at + _AT_ONCE]
            await self._state.change(partial(self._take, watched=watched, found=part, silent=silent))
        await self._state.change(partial(self._note, watched=watched, objects=len(found), reason=reason))
        return 0 if silent else len(news)

    def _list(self, watched: Watched) -> Sequence[Found]:
        if watched.url.startswith("s3://"):
            return self._list_objects(watched.url)
        return list_folder(watched.url, self._clock.now_ms())

    def _take(self, connection: Connection, watched: Watched, found: Sequence[Found], silent: bool) -> None:
        columns = watched_objects.c
        names = [one.name for one in found]
        connection.execute(delete(watched_objects).where(columns.place == watched.key, columns.name.in_(names)))
        rows = [{"place": watched.key, "name": one.name, "stamp": one.stamp} for one in found]
        connection.execute(insert(watched_objects), rows)
        if not silent:
            now_ms = self._clock.now_ms()
            self._intake.put_in(connection, [_event(watched, one, now_ms) for one in found])

    def _note(self, connection: Connection, watched: Watched, objects: int, reason: str) -> None:
        looked_ms = watched.looked_ms if reason and watched.looked_ms is None else self._clock.now_ms()
        values = {"looked_ms": looked_ms, "objects": objects, "reason": reason}
        connection.execute(update(watched_places).where(named(watched)).values(values))


def _known(connection: Connection, watched: Watched) -> dict[str, str]:
    columns = watched_objects.c
    query = select(columns.name, columns.stamp).where(columns.place == watched.key)
    return {row.name: row.stamp for row in connection.execute(query)}


def _event(watched: Watched, one: Found, now_ms: int) -> Event:
    parts = urlsplit(watched.url)
    in_s3 = parts.scheme == "s3"
    bucket = parts.netloc if in_s3 else watched.url
    prefix = parts.path.lstrip("/")
    key = prefix[: prefix.rfind("/") + 1] + one.name if in_s3 else one.name
    place = watched.place
    detail = {
        "version": "0",
        "bucket": {"name": bucket},
        "object": {"key": key, "size": one.size, "etag": one.stamp},
        "reason": "PutObject" if in_s3 else "found in a watched folder",
        "watch": watched.name,
    }
    return make_event(
        place,
        place.bus(""),
        source="aws.s3" if in_s3 else "trimtab.folder",
        detail_type=DETAIL_TYPE,
        detail=detail,
        at_ms=now_ms,
        id_=stable_id("object", watched.key, str(watched.created_ms), one.name, one.stamp),
        resources=[f"arn:aws:s3:::{bucket}"] if in_s3 else [],
    )
