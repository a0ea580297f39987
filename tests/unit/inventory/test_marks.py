"""Marks of what changed: a run over many days and nodes is one, and who comes late gets everything."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import pytest
from sqlalchemy import func, select

from trimtab.base.clock import ManualClock
from trimtab.base.records import replace
from trimtab.inventory.room import InventoryRoom
from trimtab.inventory.runs.forget import Forgetting
from trimtab.inventory.runs.marks import NEWER, OPEN_MS
from trimtab.inventory.runs.model import Condition, Held, Node, Run, RunKey, RunState
from trimtab.store.state.database import State
from trimtab.store.state.tables import fleet_marks

T = TypeVar("T")
DAY, HOUR = 86_400_000, 3_600_000
T0 = 20_000 * DAY
KEY = RunKey("1", "atlas", "7")
NODES = tuple(f"n{number:03}" for number in range(100))
RUN = Run(
    KEY, "slurm", RunState.RUNNING, T0, start_ms=T0 + HOUR, gpus=800.0, nodes=100, node_names=NODES,
    held=tuple(Held(node, 8.0) for node in NODES),
)  # fmt: skip
UP = Node("1", "atlas", "n1", Condition.UP, gpus=8.0)


def run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


@pytest.fixture
def room(state: State) -> InventoryRoom:
    return InventoryRoom.of(state, ManualClock())


def since(room: InventoryRoom, version: int) -> tuple[int, list[tuple[str, int, int | None]]]:
    """The newest version; node, first day and the day after the last, in days since T0 (None: open).

    What is marked of the time before T0, in which bills alone may name nodes, is left out.
    """
    newest, found = run(room.marks.since(version))
    assert all(account == "1" and (cluster == "atlas" or last <= T0) for account, cluster, _, _, last in found)
    assert all(version < mark <= newest or mark == NEWER for mark in found.values())
    return newest, [
        (node, max((first - T0) // DAY, 0), None if last == OPEN_MS else (last - T0) // DAY)
        for _, _, node, first, last in sorted(found)
        if last > T0
    ]


def test_a_run_of_many_days_and_nodes_is_one_row(room: InventoryRoom, state: State) -> None:
    run(room.runs.put([RUN], T0 + 2 * HOUR))
    first, marked = since(room, 0)
    assert [(node, 0, None) for node in NODES] == marked
    ended = replace(RUN, state=RunState.COMPLETED, end_ms=T0 + 30 * DAY + HOUR)
    run(room.runs.put([ended], T0 + 31 * DAY))
    second, marked = since(room, first)
    assert second == first + 1
    assert [(node, 30, None) for node in NODES] == marked  # until then it holds what it held
    rows = state.read_sync(
        lambda connection: connection.execute(select(func.count()).select_from(fleet_marks)).scalar()
    )
    assert 2 == rows
    assert (second, []) == since(room, second)
    run(room.runs.put([replace(ended, end_ms=T0 + 29 * DAY)], T0 + 32 * DAY))
    assert {(29, 31)} == {(start, end) for _, start, end in since(room, second)[1]}


@pytest.mark.parametrize(
    ("changed", "days"),
    [
        ({"state": RunState.SUSPENDED, "reason": "held", "name": "other", "user": "mira", "tags": {"a": "b"}}, None),
        ({"exit_code": 1, "scheduler": "flux", "tasks": 2, "nodes": 99}, None),
        ({"team": "vision"}, (0, 11)),
        ({"queue": "night"}, (0, 11)),
        ({"gpu_type": "H200"}, (0, 11)),
        ({"whole_nodes": True}, (0, 11)),
        ({"start_ms": T0 + 2 * DAY}, (0, 11)),
        ({"gpus": 400.0}, (0, 11)),
        ({"held": tuple(Held(node, 4.0) for node in NODES)}, (0, 11)),
        ({"held": tuple(Held(node, 8.0, end_ms=T0 + 5 * DAY) for node in NODES)}, (5, 11)),
        ({"end_ms": T0 + 12 * DAY}, (10, 12)),
        ({"end_ms": T0 + 9 * DAY + HOUR}, (9, 11)),
        ({"end_ms": T0, "team": "vision"}, (0, 11)),
    ],
)
def test_a_change_marks_the_days_on_which_it_holds_otherwise(
    room: InventoryRoom, changed: dict[str, Any], days: tuple[int, int] | None
) -> None:
    ended = replace(RUN, state=RunState.COMPLETED, end_ms=T0 + 10 * DAY + HOUR)
    run(room.runs.put([ended], T0 + 20 * DAY))
    version, _ = since(room, 0)
    assert 1 == run(room.runs.put([replace(ended, **changed)], T0 + 21 * DAY)).changed
    marked = since(room, version)[1]
    found = {(start, end) for _, start, end in marked}
    assert found if days else not found
    assert days is None or (min(start for start, _ in found), max(end or 0 for _, end in found)) == days
    assert {node for node, _, _ in marked} == (set(NODES) if days else set())


def test_a_repeat_marks_nothing_and_a_run_that_waits_neither(room: InventoryRoom) -> None:
    run(room.runs.put([RUN], T0 + 2 * HOUR))
    version, _ = since(room, 0)
    run(room.runs.put([RUN], T0 + 3 * HOUR))
    run(room.runs.put([Run(replace(KEY, job="8"), "slurm", RunState.PENDING, T0, gpus=8.0)], T0 + 3 * HOUR))
    assert (version, []) == since(room, version)


def test_a_run_that_vanished_is_marked(room: InventoryRoom) -> None:
    run(room.runs.put([RUN], T0 + 2 * HOUR))
    version, _ = since(room, 0)
    run(room.runs.put([], T0 + 3 * HOUR, {("1", "atlas"): frozenset()}))
    assert [(node, 0, None) for node in NODES] == since(room, version)[1]


def test_a_run_without_nodes_is_marked_under_no_name(room: InventoryRoom) -> None:
    run(room.runs.put([replace(RUN, held=(), node_names=(), end_ms=T0 + 2 * HOUR)], T0 + 3 * HOUR))
    assert [("", 0, 1)] == since(room, 0)[1]


def test_nodes_are_marked_from_what_changed_to_the_next_report(room: InventoryRoom) -> None:
    for day in (0, 2, 4):
        run(room.nodes.put([UP], T0 + day * DAY))
    version, marked = since(room, 0)
    assert [("n1", 0, None)] == marked
    run(room.nodes.put([replace(UP, allocated=8.0)], T0 + 5 * DAY))
    assert [] == since(room, version)[1]  # what is allocated is the runs' business
    run(room.nodes.put([replace(UP, condition=Condition.DOWN)], T0 + DAY))
    version, marked = since(room, version)
    assert [("n1", 1, 2)] == marked
    run(room.nodes.put([], T0 + 6 * DAY, frozenset({("1", "atlas")})))
    assert [("n1", 6, None)] == since(room, version)[1]


@pytest.mark.parametrize("version", ["that the marks know", "that they never knew"])
def test_the_time_before_a_cluster_is_asked_is_marked_for_the_names_that_bills_have(
    room: InventoryRoom, version: str
) -> None:
    """Also for who knows no mark: a bill that came first was read without knowing which machines are nodes."""
    if version == "that the marks know":
        run(room.runs.put([replace(RUN, held=(), node_names=(), end_ms=T0 + HOUR)], T0))
    known, _ = run(room.marks.newest()), run(room.nodes.put([replace(UP, instance_id="i-0a")], T0))
    _, found = run(room.marks.since(known))
    early = {(cluster, node) for _, cluster, node, first, last in found if first == 0 and last >= T0}
    assert {("atlas", "n1"), ("", "n1"), ("", "i-0a")} == early


def test_who_comes_after_the_marks_are_pruned_gets_everything(room: InventoryRoom, state: State) -> None:
    def prune(now_ms: int) -> None:
        run(Forgetting(state, ManualClock(now_ms), 9999, lambda: True).drop())

    run(room.nodes.put([UP], T0))
    old, _ = since(room, 0)
    run(room.nodes.put([replace(UP, gpus=7.0)], T0 + DAY))
    prune(T0 + 2 * DAY)
    run(room.runs.put([RUN], T0 + 2 * DAY))
    kept, _ = since(room, 0)
    prune(T0 + 3 * DAY)  # too early
    assert ("n1", 1, None) in since(room, old)[1]
    prune(T0 + 10 * DAY)
    newest, marked = since(room, old)
    assert {("n1", 0, None), *((node, 0, None) for node in NODES)} == set(marked)
    assert newest == kept
    assert (newest, []) == since(room, kept)
    state.wipe()
    assert (0, []) == since(room, newest)
    run(room.nodes.put([UP], T0))
    assert (1, [("n1", 0, None)]) == since(room, newest)
