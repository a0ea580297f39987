"""What machines have to tell: how long a notice is open, what is one and the same, and what is left out."""

from collections.abc import Sequence
from typing import Any

import pytest
from tests.unit.fleet.health.cluster import CLUSTER, at, fault, path

from trimtab.fleet.health.actions import Proposal
from trimtab.fleet.health.fault import Fault, FaultKind
from trimtab.fleet.health.impact import Effect, Impact
from trimtab.fleet.health.loss import Harm
from trimtab.fleet.health.notices import Notice, Topic, codes, notices_of
from trimtab.fleet.health.room import HealthReport
from trimtab.fleet.health.rules import ActionKind
from trimtab.inventory.runs.model import Condition, LifeStretch, NodeLife

UNTIL_H = 24 * 30.0


def report(*faults: Fault, proposals: Sequence[Proposal] = (), **over_h: float) -> HealthReport:
    harms = tuple(Harm(impact=Impact(fault=one, effect=Effect.NOBODY)) for one in faults for _ in range(2))
    over = {one: at(over_h[one.machine.rpartition("/")[2]]) for one in faults if one.machine[-2:] in over_h}
    return HealthReport(start_ms=at(0), end_ms=at(UNTIL_H), harms=harms, over=over, proposals=tuple(proposals))


def life(node: str, *stretches: tuple[float, float | None, Condition, str]) -> NodeLife:
    parts = (
        LifeStretch(at(begin), None if end is None else at(end), condition, reason, 8, "H100", "", "")
        for begin, end, condition, reason in stretches
    )
    return NodeLife("1", CLUSTER, node, tuple(parts))


def times(notice: Notice) -> tuple[int, int | None]:
    return notice.start_ms, notice.end_ms


def test_a_fault_that_asks_for_a_reset_is_open_until_its_device_is_back_or_seven_days_have_gone() -> None:
    old, back, new = fault("n1", 3, 10), fault("n2", 3, 700), fault("n3", 3, 701)
    found = notices_of(report(old, back, new, n2=705), [])
    assert [("n3", None), ("n2", at(705)), ("n1", at(10 + 24 * 7))] == [(one.machine.name, one.end_ms) for one in found]
    assert all(one.asked and one.code == "GPU_XID_79" and one.device == 3 for one in found)
    assert "XID 79 on GPU 3 of n3: " in found[0].text
    assert 3 == len({one.id for one in found})
    assert found == notices_of(report(old, back, new, n2=705), [])  # with the same ids


def test_a_fault_that_asks_for_nothing_is_over_and_one_of_the_program_is_left_out() -> None:
    worn, own = fault("n1", 1, 5, code=63), fault("n1", 1, 6, code=13)
    [found] = notices_of(report(worn, own), [])
    assert ("GPU_XID_63", at(5), False) == (found.code, found.end_ms, found.asked)


def test_times_out_of_use_are_joined_while_the_condition_stays() -> None:
    up, drained, down, off = Condition.UP, Condition.DRAINED, Condition.DOWN, Condition.POWERED_DOWN
    found = notices_of(
        report(),
        [
            life("n1", (0, 1, up, ""), (1, 2, drained, "disk"), (2, 3, drained, "firmware"), (3, 4, down, "gone")),
            life("n2", (5, 6, drained, "a"), (7, None, drained, "a"), (4, 5, off, "")),
        ],
    )
    told = [(one.machine.name, one.topic, *times(one)) for one in found]
    assert [
        ("n2", Topic.DRAINED, at(7), None),
        ("n2", Topic.DRAINED, at(5), at(6)),
        ("n1", Topic.DOWN, at(3), at(4)),
        ("n1", Topic.DRAINED, at(1), at(3)),
    ] == told
    assert "n1 is taken out of use: disk; firmware" == found[3].text
    assert "n1 is down: gone" == found[2].text
    assert [False, False, True, False] == [one.asked for one in found]


def test_a_machine_that_fell_silent_is_told_once_where_its_scheduler_says_that_it_is_down() -> None:
    silent = fault("n1", None, 5, code=None, kind=FaultKind.SILENT)
    assert ["GPU_MACHINE_FELL_SILENT"] == [one.code for one in notices_of(report(silent), [])]
    lives = [life("n1", (5, None, Condition.DOWN, "Not responding"))]
    assert ["MACHINE_DOWN"] == [one.code for one in notices_of(report(silent), lives)]


@pytest.mark.parametrize(
    ("kind", "code"),
    [(ActionKind.CORDON, "MACHINE_CORDON_DUE"), (ActionKind.RMA, "GPU_RMA_DUE"), (ActionKind.RESET, None)],
)
def test_an_action_is_told_with_its_command_unless_its_fault_tells_it(kind: ActionKind, code: str | None) -> None:
    saved: Any = None  # what it would have saved is in no notice
    one = Proposal(
        kind=kind, machine=path("n1"), device=None, since_ms=at(1), why="why", command="do this", saved=saved
    )
    found = notices_of(report(proposals=[one]), [])
    assert ([] if code is None else [(code, "why", "do this", None)]) == [
        (notice.code, notice.text, notice.command, notice.end_ms) for notice in found
    ]


def test_every_code_of_a_notice_is_known_beforehand() -> None:
    known = codes()
    assert (Topic.FAULT, Topic.DRAINED, Topic.ACTION) == (
        known["GPU_XID_79"], known["MACHINE_DRAINED"], known["GPU_RMA_DUE"],
    )  # fmt: skip
    assert "GPU_ROW_REMAPPING_FAILED" in known
