"""Who was refused is counted: a flood makes counts, few rows and fewer records."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar, cast

import pytest
from sqlalchemy import Connection

from trimtab.access.refusals import KEPT_MS, MOST_APART, MOST_KEPT, MOST_RECORDS, OTHERS, Refusals, Refused
from trimtab.access.room import AccessRoom
from trimtab.base.clock import ManualClock
from trimtab.base.errors import Unavailable
from trimtab.settings import Settings
from trimtab.store.state.database import State
from trimtab.wiring.access_audit import AccessAudit

T = TypeVar("T")
ONE = Refused("rest", 401, "", "192.0.2.1")


class Failing(State):
    """A state that can be made to fail."""

    down = False

    def change_sync(self, work: Callable[[Connection], T]) -> T:
        if self.down:
            raise Unavailable("down")
        return super().change_sync(work)


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Failing]:
    opened = Failing.open("", tmp_path)
    assert isinstance(opened, Failing)
    yield opened
    opened.close()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def refusals(state: State, clock: ManualClock) -> Refusals:
    return Refusals(state, clock)


def test_what_is_alike_is_one_row_over_processes(refusals: Refusals, state: State, clock: ManualClock) -> None:
    first_ms = clock.now_ms()
    for _ in range(3):
        refusals.note(ONE, "/rest/v1/keys")
    asyncio.run(refusals.save())
    clock.advance(60)
    other = Refusals(state, clock)
    other.note(ONE, "/rest/v1/costs")
    asyncio.run(other.save())
    [row] = asyncio.run(refusals.listed())
    assert (row.refused, row.count, row.path) == (ONE, 4, "/rest/v1/costs")
    assert (row.first_ms, row.last_ms) == (first_ms, clock.now_ms())


def test_a_flood_from_everywhere_makes_counts(refusals: Refusals, clock: ManualClock) -> None:
    for number in range(10_000):
        refusals.note(Refused("pages", 401, f"n{number}" * 99, f"address {number}"), "/x" * 99)
    asyncio.run(refusals.save())
    rows = asyncio.run(refusals.listed())
    assert len(rows) == MOST_APART + 1
    assert {one.refused.who: one.count for one in rows}[OTHERS] == 10_000 - MOST_APART
    told = asyncio.run(refusals.untold())
    assert len(told) == MOST_RECORDS + 1
    assert sum(one.untold for one in told) == 10_000
    assert asyncio.run(refusals.untold()) == []


def test_the_latest_are_kept_for_a_while(refusals: Refusals, clock: ManualClock) -> None:
    for number in range(MOST_KEPT + 300):
        refusals.note(Refused("rest", 403, f"key {number}", ""), "/")
        if number % 100 == 99:
            clock.advance(10)
            asyncio.run(refusals.save())
    rows = asyncio.run(refusals.listed())
    assert 0 < len(rows) <= MOST_KEPT
    assert rows[0].refused.who.startswith("key 12")
    clock.advance(KEPT_MS / 1000 + 1)
    refusals.note(ONE, "/")
    asyncio.run(refusals.save())
    assert [one.refused for one in asyncio.run(refusals.listed())] == [ONE]


def test_what_cannot_be_saved_stays_counted(refusals: Refusals, state: Failing) -> None:
    refusals.note(ONE, "/")
    state.down = True
    with pytest.raises(Unavailable):
        asyncio.run(refusals.save())
    state.down = False
    asyncio.run(refusals.save())
    assert [one.count for one in asyncio.run(refusals.listed())] == [1]


def test_what_comes_while_it_cannot_be_saved_is_added(
    refusals: Refusals, state: Failing, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusals.note(ONE, "/")
    first_ms = clock.now_ms()

    async def away(_: object) -> None:
        clock.advance(1)
        refusals.note(ONE, "/again")
        raise Unavailable("away")

    with monkeypatch.context() as patched:
        patched.setattr(type(state), "change", lambda _, work: away(work))
        with pytest.raises(Unavailable):
            asyncio.run(refusals.save())
    asyncio.run(refusals.save())
    [one] = asyncio.run(refusals.listed())
    assert (one.count, one.first_ms, one.path) == (2, first_ms, "/again")


def test_the_audit_is_told_of_refusals_and_lockouts(state: State, clock: ManualClock) -> None:
    written: list[Any] = []

    class Ingest:
        def check_room(self) -> None: ...

        async def write(self, events: Sequence[Any]) -> None:
            written.extend(events)

    room = AccessRoom.of(state, clock)
    audit = AccessAudit.of(Settings(), room, cast(Any, SimpleNamespace(ingest=Ingest())), clock)
    for _ in range(12):
        room.refusals.note(Refused("aws", 403, "AKIAIOSFODNN7EXAMPLE", "192.0.2.1"), "/")
    asyncio.run(room.refusals.save())
    for _ in range(10):
        asyncio.run(room.lockout.begin("ann", "192.0.2.1"))
    asyncio.run(audit.tell())
    asyncio.run(audit.tell())
    told = sorted((one.name, one.user_name, one.error_code, one.source_ip) for one in written)
    assert told == [("AccessRefused", "AKIAIOSFODNN7EXAMPLE", "AccessDenied", "192.0.2.1"),
                    ("SignInLockedOut", "ann", "Throttled", "trimtab")]  # fmt: skip
    assert sorted(one.record["requestParameters"]["times"] for one in written) == [10, 12]
