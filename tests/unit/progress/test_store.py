"""What is told of progress is kept once, thinned where it is much, and goes with its run."""

import asyncio
from pathlib import Path

import pytest

from trimtab.base.clock import ManualClock
from trimtab.inventory.runs.forget import Forgetting
from trimtab.inventory.runs.model import Run, RunKey, RunState
from trimtab.inventory.runs.store import RunStore
from trimtab.progress.course import course_of
from trimtab.progress.model import Mark, MarkKind, Workload
from trimtab.progress.store import Kept, ProgressStore, Told, merge
from trimtab.store.state.database import State

KEY = RunKey("123456789012", "atlas", "101")
DAY_MS = 86_400_000


def steps(first: int, last: int, each_ms: int = 1000) -> list[Mark]:
    return [Mark(at_ms=step * each_ms, kind=MarkKind.STEP, step=step, loss=1.0) for step in range(first, last)]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def state(tmp_path: Path) -> State:
    return State.open("", tmp_path)


def kept(state: State, clock: ManualClock, key: RunKey = KEY) -> Kept | None:
    return asyncio.run(ProgressStore(state, clock).of([key])).get(key)


def test_what_is_told_is_kept_as_told(state: State, clock: ManualClock) -> None:
    marks = [Mark(at_ms=1, kind=MarkKind.STEP, step=3, score=0.5), Mark(at_ms=2, kind=MarkKind.END)]
    told = Told(KEY, "callback", marks, Workload(parameters=8e9))
    assert 1 == asyncio.run(ProgressStore(state, clock).add([told]))
    assert Kept(tuple(marks), Workload(parameters=8e9), ("callback",)) == kept(state, clock)


def test_telling_the_same_again_changes_nothing(state: State, clock: ManualClock) -> None:
    store = ProgressStore(state, clock)
    told = Told(KEY, "callback", steps(0, 10))
    assert (1, 0) == (asyncio.run(store.add([told])), asyncio.run(store.add([told])))
    assert 10 == len((kept(state, clock) or Kept((), Workload(), ())).marks)


def test_later_facts_come_first_and_complete_earlier_ones(state: State, clock: ManualClock) -> None:
    store = ProgressStore(state, clock)
    asyncio.run(store.add([Told(KEY, "a", (), Workload(batch=8, sequence=512))]))
    asyncio.run(store.add([Told(KEY, "b", (), Workload(batch=16)), Told(KEY, "a")]))
    assert Kept((), Workload(batch=16, sequence=512), ("a", "b")) == kept(state, clock)


def test_many_steps_are_thinned_and_what_they_tell_stays() -> None:
    saved = Mark(at_ms=50_000, kind=MarkKind.SAVED, step=50)
    again = [Mark(at_ms=9_000_000 + step * 1000, kind=MarkKind.STEP, step=step) for step in range(51, 3000)]
    all_marks = [*steps(0, 51), saved, *steps(51, 2000), *again]
    thinned = merge([], all_marks, 500)
    whole, less = course_of(all_marks), course_of(thinned)
    assert whole is not None
    assert less is not None
    assert len(thinned) <= 500
    assert saved in thinned
    for name in ("step", "restarts", "lost_steps", "checkpoints", "steps"):
        assert getattr(whole, name) == pytest.approx(getattr(less, name), abs=8)
    for phase, seconds in whole.seconds.items():
        assert seconds == pytest.approx(less.seconds[phase], abs=20)


def test_a_step_that_several_ranks_print_is_kept_once() -> None:
    marks = [Mark(at_ms=1000 + rank, kind=MarkKind.STEP, step=7) for rank in range(8)]
    assert 1 == len(merge([], marks))


def test_progress_goes_with_its_run_and_without_one_after_as_long(state: State, clock: ManualClock) -> None:
    now_ms = clock.now_ms()
    ended = Run(KEY, "slurm", RunState.COMPLETED, now_ms, start_ms=now_ms, end_ms=now_ms)
    asyncio.run(RunStore(state).put([ended], now_ms))
    orphan = RunKey(KEY.account, KEY.cluster, "102")
    asyncio.run(ProgressStore(state, clock).add([Told(KEY, "a", steps(0, 2)), Told(orphan, "a", steps(0, 2))]))
    clock.advance(29 * 86_400)
    asyncio.run(Forgetting(state, clock, 30, lambda: True).drop())
    assert kept(state, clock) is not None
    assert kept(state, clock, orphan) is not None
    clock.advance(2 * 86_400)
    asyncio.run(Forgetting(state, clock, 30, lambda: True).drop())
    assert (None, None) == (kept(state, clock), kept(state, clock, orphan))
