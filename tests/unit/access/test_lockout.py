"""Who fails too often waits longer and longer, over processes and starts, and is let in again."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from trimtab.access.grant import Grant
from trimtab.access.lockout import FIRST_MS, LONGEST_MS, MOST, WINDOW_MS, Lockout
from trimtab.access.principal import Role
from trimtab.access.room import AccessRoom
from trimtab.base.clock import ManualClock
from trimtab.base.errors import NotFound, Throttled, Unauthenticated
from trimtab.store.state.database import State

HERE = "192.0.2.1"


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    opened = State.open("", tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def lockout(state: State, clock: ManualClock) -> Lockout:
    return Lockout(state, clock)


def fail(lockout: Lockout, times: int, name: str | None = "ann", address: str = HERE) -> None:
    for _ in range(times):
        asyncio.run(lockout.begin(name, address))


def wait_of(lockout: Lockout, name: str | None = "ann", address: str = HERE) -> int:
    with pytest.raises(Throttled, match="too many failed sign-ins") as caught:
        asyncio.run(lockout.begin(name, address))
    return caught.value.retry_after_s


def test_ten_failures_of_a_name_make_it_wait_and_each_further_one_twice_as_long(
    lockout: Lockout, clock: ManualClock
) -> None:
    fail(lockout, MOST["name"])
    waits = []
    for _ in range(7):
        waits.append(wait_of(lockout, "Ann", "198.51.100.9"))  # from elsewhere and in other letters, too
        clock.advance(waits[-1])
        fail(lockout, 1)
    assert waits == [30, 60, 120, 240, 480, 900, 900]
    assert waits[0] * 1000 == FIRST_MS
    assert waits[-1] * 1000 == LONGEST_MS
    asyncio.run(lockout.begin("bob", HERE))


def test_a_wait_that_is_over_lets_the_right_one_in_and_forgets(lockout: Lockout, clock: ManualClock) -> None:
    fail(lockout, 10)
    clock.advance(29.999)
    assert wait_of(lockout) == 1
    clock.advance(0.001)
    asyncio.run(lockout.begin("ann", HERE))
    asyncio.run(lockout.succeeded("ann", HERE))
    fail(lockout, 9)
    assert asyncio.run(lockout.locked()) == []


def test_fifty_failures_of_an_address_stop_it_whatever_the_name(lockout: Lockout) -> None:
    for number in range(MOST["address"]):
        fail(lockout, 1, f"user {number}" if number % 2 else None)
    assert wait_of(lockout, "ann") == 30
    assert wait_of(lockout, None) == 30
    asyncio.run(lockout.begin("ann", "198.51.100.9"))


def test_successes_do_not_wash_an_address_clean(lockout: Lockout) -> None:
    for number in range(49):
        fail(lockout, 1, f"user {number}")
        asyncio.run(lockout.begin("mine", HERE))
        asyncio.run(lockout.succeeded("mine", HERE))
    fail(lockout, 1, "user 49")
    assert wait_of(lockout, "mine") == 30


def test_failures_count_for_fifteen_minutes(lockout: Lockout, clock: ManualClock) -> None:
    fail(lockout, 9)
    clock.advance(WINDOW_MS / 1000)
    fail(lockout, 9)
    assert asyncio.run(lockout.locked()) == []
    fail(lockout, 1)
    assert wait_of(lockout) == 30
    clock.advance(30 + WINDOW_MS / 1000 + 1)
    fail(lockout, 9)
    assert asyncio.run(lockout.locked()) == []


def test_tries_at_once_are_no_more_than_tries_one_by_one(lockout: Lockout) -> None:
    async def all_at_once() -> list[object]:
        return await asyncio.gather(*(lockout.begin("ann", HERE) for _ in range(30)), return_exceptions=True)

    outcomes = asyncio.run(all_at_once())
    assert sum(one is None for one in outcomes) == 10


def test_other_processes_and_starts_know_it_and_somebody_unlocks_it(
    lockout: Lockout, state: State, clock: ManualClock
) -> None:
    fail(lockout, 10)
    other = Lockout(state, clock)
    assert wait_of(other) == 30
    [one] = asyncio.run(other.locked())
    assert (one.kind, one.subject, one.failures) == ("name", "ann", 10)
    asyncio.run(other.unlock("Ann"))
    asyncio.run(lockout.begin("ann", HERE))
    with pytest.raises(NotFound, match="has not failed lately"):
        asyncio.run(lockout.unlock("bob"))


def test_the_audit_is_told_once_how_often(lockout: Lockout, clock: ManualClock) -> None:
    fail(lockout, 9)
    assert asyncio.run(lockout.untold()) == []
    fail(lockout, 1)
    assert [(one.subject, one.untold) for one in asyncio.run(lockout.untold())] == [("ann", 10)]
    assert asyncio.run(lockout.untold()) == []
    clock.advance(30)
    fail(lockout, 1)
    assert [one.untold for one in asyncio.run(lockout.untold())] == [1]


def test_guessing_the_old_password_in_a_session_is_counted_too(state: State, clock: ManualClock) -> None:
    room = AccessRoom.of(state, clock)
    ann = asyncio.run(room.people.create("ann", "correct horse battery", Grant(Role.READ), []))
    fail(room.lockout, 9)
    with pytest.raises(Unauthenticated):
        asyncio.run(room.people.change_password(ann.id, "wrong", "another long one"))
    with pytest.raises(Throttled):
        asyncio.run(room.people.change_password(ann.id, "correct horse battery", "another long one"))
