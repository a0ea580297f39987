"""Changes become events of the outbox once; watched folders are read as files come; what changed before is ranked."""

import gzip
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from made_audit import record
from trimtab.access.scope import EVERYTHING, Scope
from trimtab.audit.changes import summary
from trimtab.audit.feed import RECORDED, Announcer
from trimtab.audit.jobs import jobs_of
from trimtab.audit.model import AuditEvent, Origin
from trimtab.audit.record import event_of
from trimtab.audit.room import AuditRoom
from trimtab.audit.watch import WatchedPlaces
from trimtab.base.clock import ManualClock
from trimtab.jobs.lock import Lock
from trimtab.store.state.database import State
from trimtab.store.state.tables import outbox

pytestmark = pytest.mark.anyio
NOW = 1_764_072_000_000


def told(state: State) -> list[str]:
    query = select(outbox.c.body).where(outbox.c.kind == RECORDED).order_by(outbox.c.position)
    return [json.loads(row.body)["id"] for row in state.read_sync(lambda connection: connection.execute(query).all())]


async def test_changes_and_insights_are_told_once_and_reads_are_not(
    room: AuditRoom, state: State, clock: ManualClock
) -> None:
    await room.ingest.write_new([event_of(record(NOW, "before"), Origin.PUT)])
    clock.advance(60)
    assert await room.announcer.announce() == 0  # a new server does not tell its history
    clock.advance(1)
    made = [record(NOW, "c1"), record(NOW, "r1", readOnly=True), record(NOW, "i1", eventCategory="Insight")]
    await room.ingest.write_new([event_of(one, Origin.PUT) for one in made])
    clock.advance(5)
    assert await room.announcer.announce() == 2
    assert await room.announcer.announce() == 0
    assert sorted(told(state)) == ["c1", "i1"]


async def test_the_engine_is_not_asked_while_nothing_is_written(
    room: AuditRoom, state: State, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = [1]
    feed = Announcer(state, room.reader, clock, lambda: written[0])
    asked: list[tuple[int, str]] = []
    taken = room.reader.taken

    async def counted(after: tuple[int, str], *rest: Any, **more: Any) -> Sequence[AuditEvent]:
        asked.append(after)
        return await taken(after, *rest, **more)

    monkeypatch.setattr(room.reader, "taken", counted)
    for _ in range(4):
        assert await feed.announce() == 0
        clock.advance(2)
    assert 2 == len(asked)  # the first turn began with the write; the second saw all that it wrote
    await room.ingest.write_new([event_of(record(NOW, "c1"), Origin.PUT)])
    written[0] += 1
    clock.advance(5)
    assert await feed.announce() == 1
    clock.advance(2)
    assert await feed.announce() == 0
    before = len(asked)
    clock.advance(2)
    assert await feed.announce() == 0
    assert before == len(asked)
    assert told(state) == ["c1"]


async def test_a_watched_folder_is_read_as_files_come(
    room: AuditRoom, state: State, clock: ManualClock, tmp_path: Path
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    watched = WatchedPlaces([str(folder), str(tmp_path / "not-there")], state, room.files, clock, tmp_path / "copies")
    heard: list[tuple[int, int]] = []

    async def hear(start_ms: int, end_ms: int) -> None:
        heard.append((start_ms, end_ms))

    watched.heard.append(hear)
    assert await watched.look() == 0
    (folder / "a.json.gz").write_bytes(
        gzip.compress(json.dumps({"Records": [record(NOW), record(NOW, "e2")]}).encode())
    )
    assert await watched.look() == 2
    assert await watched.look() == 0
    (folder / "b.json").write_text(json.dumps({"Records": [record(NOW + 1000, "e3"), record(NOW, "e2")]}))
    assert await watched.look() == 1
    assert heard == [(NOW, NOW + 1), (NOW + 1000, NOW + 1001)]


async def test_what_changed_before_is_ranked_by_what_it_is_about(room: AuditRoom) -> None:
    made = [
        record(NOW - 600_000, "about"),
        record(NOW - 60_000, "newer", requestParameters={"functionName": "other"}),
        record(NOW - 30_000, "failed", errorCode="Denied"),
        record(NOW - 30_000, "read", readOnly=True),
        record(NOW - 7_200_000, "long-ago"),
        record(NOW + 60_000, "after"),
    ]
    await room.ingest.write_new([event_of(one, Origin.PUT) for one in made])
    assert await room.reader.fresh(30)
    found = await room.changes.before(EVERYTHING, NOW, words=["chat", "latency"])
    assert [(one.event.id, one.about, one.minutes) for one in found] == [("about", ("chat",), 10), ("newer", (), 1)]
    assert summary(found[0].event) == "alice: UpdateEndpoint chat"
    assert await room.changes.before(Scope.of("999999999999", "us-east-1"), NOW) == []


async def test_a_change_of_the_very_thing_comes_before_the_many_of_its_service(room: AuditRoom) -> None:
    others = [record(NOW - n * 1000, f"chat-{n}", requestParameters={"endpointName": "chat"}) for n in range(9)]
    door = record(NOW - 600_000, "door", requestParameters={"endpointName": "door"})
    await room.ingest.write_new([event_of(one, Origin.PUT) for one in (*others, door)])
    assert await room.reader.fresh(30)
    found = await room.changes.before(EVERYTHING, NOW, words=["chat", "door"], limit=3)
    assert [one.event.id for one in found] == ["door", "chat-0", "chat-1"]


async def test_taps_are_told_again_after_a_start(room: AuditRoom, state: State, clock: ManualClock) -> None:
    await room.ingest.write_new([event_of(record(NOW, "old"), Origin.PUT)])
    clock.advance(3600)
    await room.ingest.write_new([event_of(record(NOW, "new"), Origin.PUT)])
    clock.advance(30)
    heard: list[str] = []

    async def tap(events: Sequence[AuditEvent]) -> None:
        heard.extend(event.id for event in events)

    room.ingest.taps.append(tap)
    (job,) = (one for one in jobs_of(room, Lock(state, clock, "audit")) if one.name.startswith("tell again"))
    await job.work()
    assert heard == ["new"]
