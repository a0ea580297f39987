import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from trimtab.base.clock import ManualClock
from trimtab.jobs.lock import LEASE_MS, MARGIN_MS, Lock
from trimtab.store.state.database import State


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    state = State.open("", tmp_path)
    yield state
    state.close()


def test_one_of_two_holds_the_lock_until_it_gives_it_back(state: State) -> None:
    clock = ManualClock()
    first, second = Lock(state, clock, "jobs"), Lock(state, clock, "jobs")
    assert not first.held
    assert asyncio.run(first.renew())
    assert not asyncio.run(second.renew())
    assert first.held
    asyncio.run(first.release())
    assert not first.held
    assert asyncio.run(second.renew())
    assert not asyncio.run(first.renew())


def test_a_holder_that_stops_renewing_gives_up_before_another_takes_over(state: State) -> None:
    clock = ManualClock()
    first, second = Lock(state, clock, "jobs"), Lock(state, clock, "jobs")
    asyncio.run(first.renew())
    clock.advance((LEASE_MS - MARGIN_MS) / 1000)
    assert not first.held
    assert not asyncio.run(second.renew())
    clock.advance((MARGIN_MS + 1) / 1000)
    assert asyncio.run(second.renew())
    asyncio.run(first.release())
    assert second.held
    assert not asyncio.run(first.renew())


def test_renewing_extends_the_lease_also_after_the_row_was_wiped(state: State) -> None:
    clock = ManualClock()
    lock = Lock(state, clock, "jobs")
    asyncio.run(lock.renew())
    clock.advance(20)
    state.wipe()
    assert asyncio.run(lock.renew())
    clock.advance(20)
    assert lock.held


def test_locks_of_other_names_do_not_meet(state: State) -> None:
    clock = ManualClock()
    assert asyncio.run(Lock(state, clock, "a").renew())
    assert asyncio.run(Lock(state, clock, "b").renew())
