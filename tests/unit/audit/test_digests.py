"""Digests: a chain that holds says so; a record that was changed, removed or added is named, as is a broken link."""

from itertools import pairwise

import pytest
from sqlalchemy import delete, update

from made_audit import ACCOUNT, record
from trimtab.audit.digests.keys import verified
from trimtab.audit.digests.verify import Verdict
from trimtab.audit.model import Origin
from trimtab.audit.record import event_of
from trimtab.audit.room import AuditRoom
from trimtab.base.clock import ManualClock
from trimtab.store.state.database import State
from trimtab.store.state.tables import audit_digests
from trimtab.store.telemetry.client import Telemetry

pytestmark = pytest.mark.anyio
NOW = 1_764_072_000_000


async def three_hours(room: AuditRoom, clock: ManualClock) -> None:
    """Three hours with three records each, closed."""
    for hour in range(3):
        await room.ingest.write_new([event_of(record(NOW, f"h{hour}-{n}"), Origin.PUT) for n in range(3)])
        clock.advance(3600)
    clock.advance(600)
    assert await room.chain.close_hours() == 3


def said(verdict: Verdict) -> list[tuple[str, int, str]]:
    return [(one.kind, one.digest, one.event_id) for one in verdict.problems]


def tamper(engine: Telemetry, statement: str) -> None:
    engine.command(f"{statement} SETTINGS mutations_sync = 2")


async def test_a_chain_that_holds_says_so(room: AuditRoom, clock: ManualClock) -> None:
    await three_hours(room, clock)
    verdict = await room.verification.run()
    assert (verdict.digests, verdict.records, said(verdict)) == (3, 9, [])
    assert await room.chain.close_hours() == 0
    links = await room.chain.all()
    (key,) = await room.keys.public()
    assert all(verified(key, link.text, link.signature) for link in links)
    assert [link.previous for link in links[1:]] == [link.hash for link in links[:-1]]


async def test_a_record_that_was_changed_is_named(room: AuditRoom, clock: ManualClock, engine: Telemetry) -> None:
    await three_hours(room, clock)
    tamper(engine, "ALTER TABLE audit_events UPDATE user_name = 'mallory' WHERE event_id = 'h1-1'")
    assert said(await room.verification.run()) == [("changed", 2, "h1-1")]


async def test_a_record_that_was_removed_is_named(room: AuditRoom, clock: ManualClock, engine: Telemetry) -> None:
    await three_hours(room, clock)
    tamper(engine, "ALTER TABLE audit_events DELETE WHERE event_id = 'h0-2'")
    assert said(await room.verification.run()) == [("removed", 1, "h0-2")]


async def test_a_record_that_was_added_later_is_named(room: AuditRoom, clock: ManualClock) -> None:
    await three_hours(room, clock)
    late = clock.at_ms
    clock.at_ms = NOW + 60_000  # what a thief with access to the engine would write
    await room.ingest.write([event_of(record(NOW, "false"), Origin.PUT)])
    clock.at_ms = late
    assert await room.reader.fresh(30)
    verdict = await room.verification.run()
    assert said(verdict) == [("inserted", 1, "false")]
    assert verdict.problems[0].account == ACCOUNT


async def test_links_that_were_changed_or_removed_are_named(room: AuditRoom, clock: ManualClock, state: State) -> None:
    await three_hours(room, clock)
    kept = (await room.chain.all())[-1].hash
    state.change_sync(
        lambda connection: connection.execute(
            update(audit_digests).where(audit_digests.c.number == 2).values(records=4)
        )
    )
    kinds = {(kind, number) for kind, number, _ in said(await room.verification.run())}
    assert {("digest", 2), ("signature", 2)} <= kinds
    state.change_sync(lambda connection: connection.execute(delete(audit_digests).where(audit_digests.c.number == 2)))
    assert ("chain", 3, "") in said(await room.verification.run())
    state.change_sync(lambda connection: connection.execute(delete(audit_digests).where(audit_digests.c.number == 3)))
    verdict = await room.verification.run(expected_last=kept)
    assert {one.kind for one in verdict.problems} == {"chain", "late"}


async def test_quiet_hours_are_part_of_the_next_digest(room: AuditRoom, clock: ManualClock) -> None:
    await three_hours(room, clock)
    clock.advance(5 * 3600)
    await room.ingest.write_new([event_of(record(NOW, "later"), Origin.PUT)])
    clock.advance(3600)
    assert await room.chain.close_hours() >= 1
    links = await room.chain.all()
    assert all(after.start_ms == before.end_ms for before, after in pairwise(links))
    assert said(await room.verification.run()) == []


async def test_a_record_that_is_read_again_changes_no_digest(room: AuditRoom, clock: ManualClock) -> None:
    await three_hours(room, clock)
    await room.ingest.write_new([event_of(record(NOW, "h0-0"), Origin.FILE)])
    assert said(await room.verification.run()) == []
