"""Reports of runs and nodes: kept once however often they come, with waits by reason and nodes out of use."""

import asyncio
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest

from trimtab.access.scope import EVERYTHING, RowRule, Scope
from trimtab.base.clock import ManualClock
from trimtab.base.errors import NotFound
from trimtab.base.records import replace
from trimtab.inventory.room import InventoryRoom
from trimtab.inventory.runs.attempts import earlier_key
from trimtab.inventory.runs.filter import RunFilter
from trimtab.inventory.runs.forget import Forgetting
from trimtab.inventory.runs.model import Condition, Held, Node, Run, RunKey, RunState
from trimtab.store.state.database import State

T = TypeVar("T")
T0, MINUTE = 1_764_000_000_000, 60_000
KEY = RunKey("1", "atlas", "7")
WAITS = Run(KEY, "slurm", RunState.PENDING, T0, name="sft", user="wei", team="assistant", reason="Priority", gpus=8.0)
RUNS = replace(
    WAITS,
    state=RunState.RUNNING,
    reason="",
    start_ms=T0 + 30 * MINUTE,
    nodes=1,
    node_names=("n1",),
    held=(Held("n1", 8.0, tuple(range(8))),),
)


def run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


@pytest.fixture
def room(tmp_path: Path) -> Iterator[InventoryRoom]:
    state = State.open("", tmp_path)
    yield InventoryRoom.of(state, ManualClock())
    state.close()


def one(room: InventoryRoom) -> Run:
    return run(room.runs.one(EVERYTHING, "7"))


def test_a_repeat_changes_nothing_and_an_older_report_neither(room: InventoryRoom) -> None:
    assert 1 == run(room.runs.put([RUNS], T0 + 40 * MINUTE)).changed
    assert 0 == run(room.runs.put([RUNS], T0 + 41 * MINUTE)).changed
    assert T0 + 41 * MINUTE == one(room).seen_ms
    assert 0 == run(room.runs.put([WAITS], T0 + 10 * MINUTE)).changed
    assert RunState.RUNNING is one(room).state


def test_what_it_waited_for_is_kept_by_reason(room: InventoryRoom) -> None:
    run(room.runs.put([WAITS], T0 + MINUTE))
    run(room.runs.put([replace(WAITS, reason="Resources")], T0 + 10 * MINUTE))
    run(room.runs.put([replace(WAITS, reason="Resources")], T0 + 20 * MINUTE))
    still = run(room.runs.stretches([KEY]))[KEY]
    assert [("Priority", 0, 10), ("Resources", 10, 20)] == [
        (part.reason, (part.from_ms - T0) // MINUTE, (part.to_ms - T0) // MINUTE) for part in still
    ]
    run(room.runs.put([RUNS], T0 + 40 * MINUTE))
    done = run(room.runs.stretches([KEY]))[KEY]
    assert T0 + 30 * MINUTE == done[-1].to_ms  # until it began, not until somebody saw that


def test_a_run_that_was_first_seen_running_waited_for_what_accounting_says(room: InventoryRoom) -> None:
    run(room.runs.put([replace(RUNS, reason="Resources")], T0 + 40 * MINUTE))
    (waited,) = run(room.runs.stretches([KEY]))[KEY]
    assert ("Resources", T0, T0 + 30 * MINUTE) == (waited.reason, waited.from_ms, waited.to_ms)


def test_accounting_that_forgot_the_gpus_does_not_erase_them(room: InventoryRoom) -> None:
    run(room.runs.put([RUNS], T0 + 40 * MINUTE))
    ended = replace(RUNS, state=RunState.COMPLETED, end_ms=T0 + 60 * MINUTE, held=(Held("n1", 8.0),))
    run(room.runs.put([ended], T0 + 61 * MINUTE))
    assert (RunState.COMPLETED, tuple(range(8))) == (one(room).state, one(room).held[0].indexes)


def test_what_is_open_here_and_not_there_has_vanished(room: InventoryRoom) -> None:
    run(room.runs.put([RUNS], T0 + 40 * MINUTE))
    kept = run(room.runs.put([], T0 + 50 * MINUTE, {("1", "atlas"): frozenset({"7"})}))
    assert (0, RunState.RUNNING, T0 + 50 * MINUTE) == (kept.lost, one(room).state, one(room).seen_ms)
    gone = run(room.runs.put([], T0 + 70 * MINUTE, {("1", "atlas"): frozenset()}))
    assert (1, RunState.LOST, T0 + 50 * MINUTE) == (gone.lost, one(room).state, one(room).end_ms)


def test_lists_filter_page_and_keep_to_a_scope(room: InventoryRoom) -> None:
    many = [replace(RUNS, key=RunKey("1", "atlas", str(n)), submit_ms=T0 + n, name=f"run-{n}") for n in range(5)]
    other = replace(RUNS, key=RunKey("2", "atlas", "x"), team="vision", user="lena")
    run(room.runs.put([*many, other], T0 + 40 * MINUTE))
    first = run(room.runs.listed(EVERYTHING, RunFilter(team="assistant"), 3))
    rest = run(room.runs.listed(EVERYTHING, RunFilter(team="assistant"), 3, first[-1].key))
    assert ["4", "3", "2", "1", "0"] == [found.key.job for found in (*first, *rest)]
    assert ["x"] == [found.key.job for found in run(room.runs.listed(Scope(frozenset({"2"})), RunFilter(), 9))]
    rows = Scope(rows=(RowRule("team", frozenset({"vision"})),))
    assert ["x"] == [found.key.job for found in run(room.runs.listed(rows, RunFilter(), 9))]
    assert ["3"] == [found.key.job for found in run(room.runs.listed(EVERYTHING, RunFilter(text="RUN-3 wei"), 9))]
    assert [] == run(room.runs.listed(EVERYTHING, RunFilter(end_ms=T0), 9))
    with pytest.raises(NotFound, match="trimtab runs list"):
        run(room.runs.one(Scope(frozenset({"1"})), "x"))


def test_nodes_remember_when_they_were_out_of_use(room: InventoryRoom) -> None:
    def node(condition: Condition, allocated: float = 0.0) -> Node:
        return Node("1", "atlas", "n1", condition, gpus=8.0, allocated=allocated, partitions=("p5",), labels={"a": "b"})

    for minute, condition, allocated in (
        (0, Condition.UP, 8.0),
        (5, Condition.UP, 8.0),
        (10, Condition.DRAINED, 0.0),
        (20, Condition.DRAINED, 0.0),
        (30, Condition.UP, 0.0),
    ):
        run(room.nodes.put([node(condition, allocated)], T0 + minute * MINUTE))
    found = run(room.nodes.stretches(EVERYTHING, T0, T0 + 60 * MINUTE))["atlas", "n1"]
    assert [(0, 10, "up"), (10, 30, "drained"), (30, 30, "up")] == [
        ((part.from_ms - T0) // MINUTE, (part.to_ms - T0) // MINUTE, part.condition.value) for part in found
    ]
    assert {"n1": [(T0 + 10 * MINUTE, T0 + 30 * MINUTE)]} == run(
        room.nodes.out_of_use(EVERYTHING, T0, T0 + 60 * MINUTE)
    )
    assert {} == run(room.nodes.out_of_use(Scope(frozenset({"2"})), T0, T0 + 60 * MINUTE))
    assert [("n1", ("p5",), {"a": "b"})] == [
        (known.name, known.partitions, known.labels) for known in run(room.nodes.all(EVERYTHING))
    ]


def test_a_node_that_a_whole_report_lacks_is_gone(room: InventoryRoom) -> None:
    run(room.nodes.put([Node("1", "atlas", "n1", Condition.UP, gpus=8.0)], T0))
    run(room.nodes.put([Node("1", "atlas", "n2", Condition.UP, gpus=8.0)], T0 + MINUTE, frozenset({("1", "atlas")})))
    assert ["n2"] == [known.name for known in run(room.nodes.all(EVERYTHING))]


def test_what_ended_long_ago_is_forgotten_and_what_is_open_stays(room: InventoryRoom, tmp_path: Path) -> None:
    day = 86_400_000
    old = replace(RUNS, key=RunKey("1", "atlas", "old"), state=RunState.COMPLETED, end_ms=T0 + 60 * MINUTE)
    new = replace(old, key=RunKey("1", "atlas", "new"), end_ms=T0 + 9 * day)
    run(room.runs.put([old, new, RUNS], T0 + 9 * day))
    for at, condition in ((0, Condition.UP), (1, Condition.DRAINED), (9, Condition.UP)):
        run(room.nodes.put([Node("1", "atlas", "n1", condition, gpus=8.0)], T0 + at * day))
    state = State.open("", tmp_path)
    forgetting = Forgetting(state, ManualClock(T0 + 10 * day), 7, lambda: True)
    assert 1 == run(forgetting.drop())
    assert 0 == run(Forgetting(state, ManualClock(T0 + 10 * day), 7, lambda: False).drop())
    state.close()
    assert {"new", "7"} == {found.key.job for found in run(room.runs.listed(EVERYTHING, RunFilter(), 9))}
    assert [] == run(room.runs.stretches([old.key])).get(old.key, [])
    left = run(room.nodes.stretches(EVERYTHING, T0, T0 + 20 * day))["atlas", "n1"]
    assert [Condition.DRAINED, Condition.UP] == [part.condition for part in left]


AGAIN = replace(WAITS, submit_ms=T0 + 60 * MINUTE, reason="BeginTime")
SECOND = replace(
    RUNS, submit_ms=T0 + 60 * MINUTE, start_ms=T0 + 80 * MINUTE, held=(Held("n2", 8.0),), node_names=("n2",)
)
FIRST = earlier_key(RUNS)


def test_a_run_that_goes_back_to_the_queue_keeps_what_its_first_attempt_held(room: InventoryRoom) -> None:
    run(room.runs.put([RUNS], T0 + 40 * MINUTE))
    run(room.runs.put([AGAIN], T0 + 62 * MINUTE))
    first = run(room.runs.one(EVERYTHING, FIRST.job))
    assert "7@20251124T160000Z" == first.key.job
    assert (RunState.CANCELLED, "requeued", T0 + 60 * MINUTE) == (first.state, first.reason, first.end_ms)
    assert tuple(range(8)) == first.held[0].indexes
    assert 8 * 30 * 60 == first.gpu_seconds(0, T0 + 900 * MINUTE)
    assert (RunState.PENDING, None, 60 * MINUTE) == (one(room).state, one(room).start_ms, one(room).submit_ms - T0)
    run(room.runs.put([SECOND], T0 + 90 * MINUTE))
    run(room.runs.put([SECOND], T0 + 91 * MINUTE))
    assert T0 + 80 * MINUTE == one(room).start_ms
    assert {KEY: [FIRST], FIRST: [KEY]} == {
        key: [other.key for other in others]
        for key, others in run(room.runs.attempts([one(room), first])).items()
    }  # fmt: skip
    waits = run(room.runs.stretches([KEY, FIRST]))
    assert [(T0, T0 + 30 * MINUTE)] == [(part.from_ms, part.to_ms) for part in waits[FIRST]]
    assert [(T0 + 60 * MINUTE, T0 + 80 * MINUTE)] == [(part.from_ms, part.to_ms) for part in waits[KEY]]


def test_attempts_that_are_told_together_and_again_and_late_are_kept_once(room: InventoryRoom) -> None:
    ended = replace(RUNS, state=RunState.PREEMPTED, end_ms=T0 + 59 * MINUTE, reason="")
    assert 2 == run(room.runs.put([SECOND, ended], T0 + 90 * MINUTE)).changed
    assert 0 == run(room.runs.put([ended, SECOND], T0 + 91 * MINUTE)).changed
    assert 0 == run(room.runs.put([ended], T0 + 92 * MINUTE)).changed
    found = run(room.runs.listed(EVERYTHING, RunFilter(), 10))
    assert [(KEY, "n2"), (FIRST, "n1")] == [(part.key, part.held[0].node) for part in found]
    assert (RunState.PREEMPTED, T0 + 59 * MINUTE) == (found[1].state, found[1].end_ms)


def test_accounting_says_exactly_how_an_attempt_ended_that_was_seen_to_go(room: InventoryRoom) -> None:
    run(room.runs.put([RUNS], T0 + 40 * MINUTE))
    failed = replace(RUNS, state=RunState.NODE_FAILED, end_ms=T0 + 58 * MINUTE, held=(Held("n1", 8.0),))
    version, _ = run(room.marks.since(0))
    run(room.runs.put([failed, AGAIN], T0 + 62 * MINUTE))
    first = run(room.runs.one(EVERYTHING, FIRST.job))
    assert (RunState.NODE_FAILED, T0 + 58 * MINUTE) == (first.state, first.end_ms)
    assert tuple(range(8)) == first.held[0].indexes  # which GPUs it had only the controller said
    assert "n1" in {node for _, _, node, _, _ in run(room.marks.since(version))[1]}


def test_a_later_job_of_the_same_id_leaves_the_earlier_one_alone(room: InventoryRoom) -> None:
    done = replace(RUNS, state=RunState.COMPLETED, end_ms=T0 + 50 * MINUTE)
    run(room.runs.put([done], T0 + 55 * MINUTE))
    version, _ = run(room.marks.since(0))
    run(room.runs.put([replace(AGAIN, name="another", user="mira")], T0 + 62 * MINUTE))
    marked = {node for _, _, node, _, _ in run(room.marks.since(version))[1]}
    assert marked == {"n1"}  # who held its hours is called otherwise now
    first = run(room.runs.one(EVERYTHING, FIRST.job))
    assert (RunState.COMPLETED, T0 + 50 * MINUTE, "wei") == (first.state, first.end_ms, first.user)


def test_what_ran_and_what_waited_at_a_moment() -> None:
    def at(state: RunState, start_ms: int | None, end_ms: int | None) -> list[str]:
        one = Run(RunKey("1", "atlas", "1"), "slurm", state, 10, start_ms=start_ms, end_ms=end_ms)
        return ["ran" if one.ran_at(ms) else "waited" if one.waited_at(ms) else "" for ms in (9, 10, 19, 20, 29, 30)]

    waits, runs, none = "waited", "ran", ""
    assert at(RunState.RUNNING, 20, None) == [none, waits, waits, runs, runs, runs]
    assert at(RunState.COMPLETED, 20, 30) == [none, waits, waits, runs, runs, none]
    assert at(RunState.PENDING, None, None) == [none, waits, waits, waits, waits, waits]
    assert at(RunState.CANCELLED, None, 20) == [none, waits, waits, none, none, none]
    assert at(RunState.LOST, 20, None) == [none, waits, waits, none, none, none]
    assert at(RunState.LOST, None, None) == [none] * 6
