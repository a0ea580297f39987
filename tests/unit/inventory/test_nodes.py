"""Lives of nodes: what they were and when, whatever the order in which reports arrive, also after they went."""

import asyncio
import itertools
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from depth import examples
from trimtab.access.scope import EVERYTHING, RowRule, Scope
from trimtab.base.clock import ManualClock
from trimtab.base.records import replace
from trimtab.inventory.room import InventoryRoom
from trimtab.inventory.runs.forget import Forgetting
from trimtab.inventory.runs.model import Condition, LifeStretch, Node, NodeLife
from trimtab.store.state.database import State
from trimtab.store.state.tables import node_reports

T = TypeVar("T")
T0, MINUTE, HOUR, DAY = 1_764_028_800_000, 60_000, 3_600_000, 86_400_000
UP = Node("1", "atlas", "n1", Condition.UP, gpus=8.0, gpu_type="h100", instance_type="p5.48xlarge", instance_id="i-a")
OFF = replace(UP, condition=Condition.POWERED_DOWN, gpus=0.0, instance_id="", state="IDLE+CLOUD+POWERED_DOWN")
ATLAS = frozenset({("1", "atlas")})
_numbers = itertools.count()


def run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InventoryRoom]:
    """One database for all examples of a property, each with clusters of its own."""
    state = State.open("", tmp_path_factory.mktemp("state"))
    yield InventoryRoom.of(state, ManualClock())
    state.close()


@pytest.fixture
def room(state: State) -> InventoryRoom:
    return InventoryRoom.of(state, ManualClock())


def lives(room: InventoryRoom, start_ms: int = T0, end_ms: int = T0 + 30 * DAY) -> dict[str, list[tuple[Any, ...]]]:
    """By node: from, to (minutes; None: still), condition, GPUs, instance."""
    return {
        life.name: [
            (
                (one.from_ms - T0) // MINUTE,
                None if one.to_ms is None else (one.to_ms - T0) // MINUTE,
                one.condition.value,
                one.gpus,
                one.instance_id,
            )
            for one in life.stretches
        ]
        for life in run(room.nodes.existed(EVERYTHING, start_ms, end_ms))
    }


def test_a_node_that_is_powered_down_keeps_its_past_and_its_instances(room: InventoryRoom) -> None:
    for minute, node in ((0, UP), (10, OFF), (20, replace(UP, instance_id="i-b")), (30, OFF)):
        run(room.nodes.put([node], T0 + minute * MINUTE, ATLAS))
    assert {"n1": [(0, 10, "up", 8.0, "i-a"), (20, 30, "up", 8.0, "i-b")]} == lives(room)
    (life,) = run(room.nodes.existed(EVERYTHING, T0 + 25 * MINUTE, T0 + DAY))
    expected = LifeStretch(T0 + 20 * MINUTE, T0 + 30 * MINUTE, Condition.UP, "", 8.0, "h100", "p5.48xlarge", "i-b")
    assert NodeLife("1", "atlas", "n1", (expected,)) == life
    assert (T0 + 20 * MINUTE, T0 + 30 * MINUTE) == (life.came_ms, life.gone_ms)
    assert ["powered down"] == [node.condition.value for node in run(room.nodes.all(EVERYTHING))]
    assert [] == run(room.nodes.existed(EVERYTHING, T0 + 10 * MINUTE, T0 + 20 * MINUTE))
    assert [] == run(room.nodes.existed(Scope(frozenset({"2"})), T0, T0 + DAY))


def test_who_is_bound_to_tags_sees_no_node_and_no_number_of_them(room: InventoryRoom) -> None:
    run(room.nodes.put([UP], T0, ATLAS))
    bound = Scope(rows=(RowRule("team", frozenset({"vision"})),))
    assert [] == run(room.nodes.all(bound))
    assert [] == run(room.nodes.existed(bound, T0 - DAY, T0 + DAY))
    assert {} == run(room.nodes.stretches(bound, T0 - DAY, T0 + DAY))
    assert 1 == len(run(room.nodes.all(EVERYTHING)))


def test_a_node_that_the_scheduler_no_longer_lists_existed(room: InventoryRoom) -> None:
    other = replace(UP, name="n2", instance_id="i-c")
    run(room.nodes.put([UP, other], T0, ATLAS))
    run(room.nodes.put([UP, other], T0 + 5 * MINUTE, ATLAS))
    run(room.nodes.put([other], T0 + 20 * MINUTE, ATLAS))
    assert [(0, 20, "up", 8.0, "i-a")] == lives(room)["n1"]
    assert ["n2"] == [node.name for node in run(room.nodes.all(EVERYTHING))]
    seen = run(room.nodes.stretches(EVERYTHING, T0, T0 + DAY))["atlas", "n1"]
    assert [(T0, T0 + 5 * MINUTE)] == [(one.from_ms, one.to_ms) for one in seen]  # as far as anybody looked
    run(room.nodes.put([UP, other], T0 + 40 * MINUTE, ATLAS))
    assert [(0, 20, "up", 8.0, "i-a"), (40, None, "up", 8.0, "i-a")] == lives(room)["n1"]


def test_silence_ends_nothing(room: InventoryRoom) -> None:
    run(room.nodes.put([UP], T0))
    run(room.nodes.put([replace(UP, condition=Condition.DRAINED, reason="ecc")], T0 + 10 * MINUTE))
    assert [(0, 10, "up", 8.0, "i-a"), (10, None, "drained", 8.0, "i-a")] == lives(room, T0, T0 + 99 * DAY)["n1"]
    assert [(10, None, "drained", 8.0, "i-a")] == lives(room, T0 + 98 * DAY, T0 + 99 * DAY)["n1"]


def test_what_is_allocated_is_no_part_of_a_life_and_a_changed_count_is(room: InventoryRoom) -> None:
    for minute, node in ((0, UP), (5, replace(UP, allocated=8.0)), (9, replace(UP, gpus=7.0))):
        run(room.nodes.put([node], T0 + minute * MINUTE))
    assert [(0, 9, "up", 8.0, "i-a"), (9, None, "up", 7.0, "i-a")] == lives(room)["n1"]
    assert 3 == len(run(room.nodes.stretches(EVERYTHING, T0, T0 + DAY))["atlas", "n1"])


def test_a_late_report_holds_until_the_next_there_was(room: InventoryRoom) -> None:
    down = replace(UP, condition=Condition.DOWN)
    for minute, node in ((0, UP), (10, UP), (20, UP)):
        run(room.nodes.put([node], T0 + minute * MINUTE))
    assert 1 == run(room.nodes.put([down], T0 + 5 * MINUTE))
    assert 0 == run(room.nodes.put([UP], T0 + 15 * MINUTE))
    assert [(0, 5), (5, 10), (10, None)] == [part[:2] for part in lives(room)["n1"]]
    assert ["up"] == [node.condition.value for node in run(room.nodes.all(EVERYTHING))]
    assert 2 == run(room.nodes.put([replace(UP, name="n0")], T0 + 8 * MINUTE, ATLAS))  # n1 was not there then
    assert [(0, 5), (5, 8), (10, None)] == [part[:2] for part in lives(room)["n1"]]
    assert [(8, None)] == [part[:2] for part in lives(room)["n0"]]


@dataclass(frozen=True)
class Report:
    """What was said at a minute: of these nodes, or of all that there were."""

    minute: int
    whole: bool
    said: Mapping[str, Node]


_KINDS = (
    UP,
    OFF,
    replace(UP, condition=Condition.DRAINED, reason="ecc"),
    replace(UP, gpus=7.0),
    replace(UP, allocated=4.0),
    replace(UP, instance_id="i-b"),
)
_said = st.dictionaries(st.sampled_from(("n1", "n2")), st.sampled_from(_KINDS), max_size=2)
_report = st.builds(Report, st.integers(0, 300), st.booleans(), _said)
_reports = st.lists(_report, max_size=8, unique_by=lambda one: one.minute)


def expected(reports: Sequence[Report], name: str) -> list[tuple[Any, ...]]:
    """The stretches of a node by the rule: what was said last holds."""
    found: list[tuple[Any, ...]] = []
    for one in sorted(reports, key=lambda report: report.minute):
        node = one.said.get(name)
        if node is None and not one.whole:
            continue
        if found and found[-1][1] is None:
            found[-1] = (found[-1][0], one.minute, *found[-1][2:])
        if node is not None and node.condition is not Condition.POWERED_DOWN:
            facts = (node.condition.value, node.gpus, node.instance_id)
            if found and found[-1][1] == one.minute and found[-1][2:] == facts:
                found[-1] = (found[-1][0], None, *facts)
            else:
                found.append((one.minute, None, *facts))
    return [one for one in found if one[0] != one[1]]


@settings(max_examples=examples(80), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_reports.flatmap(lambda reports: st.tuples(st.just(reports), st.permutations(reports))))
def test_the_order_of_arrival_changes_nothing(shared: InventoryRoom, drawn: tuple[list[Report], list[Report]]) -> None:
    answers = []
    for arrived in drawn:
        cluster = f"c{next(_numbers)}"
        for one in arrived:
            nodes = [replace(node, name=name, cluster=cluster) for name, node in one.said.items()]
            whole = frozenset({("1", cluster)}) if one.whole else frozenset()
            run(shared.nodes.put(nodes, T0 + one.minute * MINUTE, whole))
        scoped = [life for life in run(shared.nodes.existed(EVERYTHING, T0, T0 + DAY)) if life.cluster == cluster]
        there = [replace(node, cluster="") for node in run(shared.nodes.all(EVERYTHING, cluster))]
        seen = {
            name: stretches
            for (of, name), stretches in run(shared.nodes.stretches(EVERYTHING, T0, T0 + DAY)).items()
            if of == cluster
        }
        answers.append(([(life.name, life.stretches) for life in scoped], there, seen))
        for life in scoped:
            got = [
                (
                    (one.from_ms - T0) // MINUTE,
                    None if one.to_ms is None else (one.to_ms - T0) // MINUTE,
                    one.condition.value,
                    one.gpus,
                    one.instance_id,
                )
                for one in life.stretches
            ]
            assert expected(arrived, life.name) == got
        assert {name for name in ("n1", "n2") if expected(arrived, name)} == {life.name for life in scoped}
    assert answers[0] == answers[1]


def test_what_went_long_ago_is_forgotten(room: InventoryRoom, state: State) -> None:
    run(room.nodes.put([UP], T0, ATLAS))
    run(room.nodes.put([replace(UP, name="n2")], T0 + DAY, ATLAS))
    run(Forgetting(state, ManualClock(T0 + 10 * DAY), 7, lambda: True).drop())
    assert {"n2"} == set(lives(room))


def test_of_two_reports_of_one_moment_the_later_counts(room: InventoryRoom) -> None:
    run(room.nodes.put([UP], T0))
    run(room.nodes.put([], T0 + 10 * MINUTE, ATLAS))
    run(room.nodes.put([UP], T0 + 10 * MINUTE, ATLAS))
    assert [(0, None, "up", 8.0, "i-a")] == lives(room)["n1"]


def test_stretches_of_before_reports_were_kept_bound_a_late_report(room: InventoryRoom, state: State) -> None:
    drained = replace(UP, condition=Condition.DRAINED)
    for minute, node in ((10, UP), (20, drained)):
        run(room.nodes.put([node], T0 + minute * MINUTE))
    state.change_sync(lambda connection: connection.execute(delete(node_reports)))
    run(room.nodes.put([replace(UP, gpus=7.0)], T0 + 5 * MINUTE))
    run(room.nodes.put([replace(UP, gpus=6.0)], T0 + 15 * MINUTE))
    assert [(5, 10, 7.0), (10, 15, 8.0), (15, 20, 6.0), (20, None, 8.0)] == [
        (start, end, gpus) for start, end, _, gpus, _ in lives(room)["n1"]
    ]
