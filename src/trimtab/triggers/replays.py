"""Replays: the events of an archive go through the rules once more, in order, from where the replay had come to.

A replayed event keeps its id and carries the replay's name; its key is made of both, so that each is taken in once
whatever happens to the process that replays.
"""

import json
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, Row, insert, select, update

from trimtab.base import typed
from trimtab.base.clock import Clock
from trimtab.base.errors import Conflict, InvalidInput, NotFound
from trimtab.store.state.database import State
from trimtab.store.state.schema.triggers import event_archived, event_replays
from trimtab.store.state.upcoming import NOW, Upcoming
from trimtab.triggers.archives import archive_in
from trimtab.triggers.arns import Place
from trimtab.triggers.buses import bus_in
from trimtab.triggers.entries import stable_id
from trimtab.triggers.intake import Intake
from trimtab.triggers.model import Event

STARTING, RUNNING, COMPLETED = "STARTING", "RUNNING", "COMPLETED"
CANCELLING, CANCELLED, FAILED = "CANCELLING", "CANCELLED", "FAILED"
_ALIVE = (STARTING, RUNNING)
_AT_ONCE = 100
"""Archived events that one transaction replays."""
_columns = event_replays.c


class Replay(Struct, frozen=True):
    """A replay of the events of `[start_ms, end_ms)`; `rules` are those that may match, none for all."""

    arn: str
    place: Place
    name: str
    description: str
    archive: str
    bus: str
    rules: Sequence[str]
    start_ms: int
    end_ms: int
    state: str
    reason: str
    position: int
    events: int
    replayed_ms: int | None
    started_ms: int
    ended_ms: int | None


class Wish(Struct, frozen=True):
    """A replay to start. `archive` and `bus` are ARNs."""

    name: str
    archive: str
    bus: str
    start_ms: int
    end_ms: int
    rules: Sequence[str] = ()
    description: str = ""


class ReplayStore:
    """The replays, and the job that makes them."""

    def __init__(self, state: State, clock: Clock, intake: Intake) -> None:
        self._state = state
        self._clock = clock
        self._intake = intake
        self._alive = Upcoming(state, select(NOW).where(_columns.state.in_(_ALIVE)))

    async def start(self, place: Place, wish: Wish) -> Replay:
        """Start a replay. Raises Conflict, NotFound (the archive), InvalidInput."""
        if wish.end_ms <= wish.start_ms:
            raise InvalidInput(
                "Parameter EventEndTime is not valid. Reason: EventStartTime must be before EventEndTime."
            )
        arn = place.arn("events", f"replay/{wish.name}")

        def write(connection: Connection) -> Replay:
            bus_in(connection, place, wish.bus)
            try:
                archive = archive_in(connection, place, wish.archive)
            except NotFound as problem:
                raise InvalidInput(f"Parameter EventSourceArn is not valid. Reason: {problem}") from None
            if archive.bus != wish.bus:
                raise InvalidInput(
                    "Parameter Destination.Arn is not valid. Reason: Cross event bus replay is not permitted."
                )
            if connection.execute(select(_columns.arn).where(_columns.arn == arn)).first():
                raise Conflict(f"Replay {wish.name} already exists.")
            connection.execute(
                insert(event_replays).values(
                    arn=arn,
                    account=place.account,
                    region=place.region,
                    name=wish.name,
                    description=wish.description,
                    archive=archive.arn,
                    bus=wish.bus,
                    rules=json.dumps(list(wish.rules)),
                    start_ms=wish.start_ms,
                    end_ms=wish.end_ms,
                    state=STARTING,
                    reason="",
                    position=0,
                    events=0,
                    started_ms=self._clock.now_ms(),
                )
            )
            return _one(connection, place, wish.name)

        return await self._state.change(write)

    async def get(self, place: Place, name: str) -> Replay:
        """A replay. Raises NotFound."""
        return await self._state.read(lambda connection: _one(connection, place, name))

    async def listed(
        self, place: Place, prefix: str = "", state: str | None = None, archive: str | None = None
    ) -> list[Replay]:
        """The replays of a place, by name."""
        query = select(event_replays).where(_columns.account == place.account, _columns.region == place.region)
        rows = await self._state.read(lambda connection: connection.execute(query.order_by(_columns.name)).all())
        found = [_replay(row) for row in rows if row.name.startswith(prefix)]
        return [one for one in found if state in (None, one.state) and archive in (None, one.archive)]

    async def cancel(self, place: Place, name: str) -> Replay:
        """Cancel a replay that has not ended. Raises NotFound, Conflict."""

        def write(connection: Connection) -> Replay:
            known = _one(connection, place, name)
            if known.state not in _ALIVE:
                raise Conflict(f"Replay {name} is not in a valid state for this operation.")
            values = {"state": CANCELLED, "ended_ms": self._clock.now_ms()}
            connection.execute(update(event_replays).where(_columns.arn == known.arn).values(values))
            return _one(connection, place, name)

        return await self._state.change(write)

    async def turn(self, may_write: Callable[[], bool]) -> int:
        """Replay what is left of every replay; returns how many events were replayed."""
        query = select(event_replays).where(_columns.state.in_(_ALIVE)).order_by(_columns.started_ms)
        done = 0
        if not await self._alive.due(self._clock.now_ms()):
            return done
        for row in await self._state.read(lambda connection: connection.execute(query).all()):
            while may_write() and (made := await self._state.change(partial(self._step, arn=row.arn))):
                done += made
        return done

    def _step(self, connection: Connection, arn: str) -> int:
        row = connection.execute(select(event_replays).where(_columns.arn == arn, _columns.state.in_(_ALIVE))).first()
        if row is None:
            return 0
        replay = _replay(row)
        kept = event_archived.c
        wanted = (kept.archive == replay.archive) & (kept.seq > replay.position)
        within = (kept.at_ms >= replay.start_ms) & (kept.at_ms < replay.end_ms)
        found = connection.execute(
            select(event_archived).where(wanted, within).order_by(kept.seq).limit(_AT_ONCE)
        ).all()
        now_ms = self._clock.now_ms()
        mine = update(event_replays).where(_columns.arn == arn)
        if not found:
            connection.execute(mine.values(state=COMPLETED, ended_ms=now_ms))
            return 0
        events = [_again(replay, one) for one in found]
        self._intake.put_in(connection, events, only=replay.rules, archive=False)
        position = {"position": found[-1].seq, "events": replay.events + len(found), "replayed_ms": found[-1].at_ms}
        connection.execute(mine.values(state=RUNNING, **position))
        return len(found)


def _again(replay: Replay, row: Row[Any]) -> Event:
    document = typed.decode(row.body, type=dict[str, msgspec.Raw])
    document["replay-name"] = msgspec.Raw(msgspec.json.encode(replay.name))
    texts = {name: str(typed.decode(document[name])) for name in ("id", "source", "detail-type")}
    return Event(
        stable_id("replay", replay.arn, row.key),
        replay.bus,
        texts["id"],
        texts["source"],
        texts["detail-type"],
        row.at_ms,
        msgspec.json.encode(document),
    )


def _one(connection: Connection, place: Place, name: str) -> Replay:
    arn = place.arn("events", f"replay/{name}")
    row = connection.execute(select(event_replays).where(_columns.arn == arn)).first()
    if row is None:
        raise NotFound(f"Replay {name} does not exist.")
    return _replay(row)


def _replay(row: Row[Any]) -> Replay:
    return Replay(
        row.arn,
        Place(row.account, row.region),
        row.name,
        row.description,
        row.archive,
        row.bus,
        json.loads(row.rules),
        row.start_ms,
        row.end_ms,
        row.state,
        row.reason,
        row.position,
        row.events,
        row.replayed_ms,
        row.started_ms,
        row.ended_ms,
    )
