"""Idle dollars by cause: each rule with its evidence and without it, and that everything adds up."""

from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from trimtab.base.records import replace
from trimtab.economics.shared.model import Use
from trimtab.economics.unit.idle.data_stall import data_stall
from trimtab.economics.unit.idle.forgotten_notebook import forgotten_notebook
from trimtab.economics.unit.idle.model import Cause, Holding
from trimtab.economics.unit.idle.never_used import never_used
from trimtab.economics.unit.idle.over_minimum import over_minimum
from trimtab.economics.unit.idle.post_run_tail import post_run_tail
from trimtab.economics.unit.idle.queue_empty import empty_hours
from trimtab.economics.unit.idle.split import split_idle
from trimtab.economics.unit.model import HeldActivity, HostSigns, Served
from trimtab.fleet.claims import holder_name
from unit.economics.unit.made import DAY, HOUR, START, activity, ledger, piece, run

WAITS, QUIET = HostSigns(0.3, 0.12), HostSigns(0.3, 0.01)


def holding(what: HeldActivity, name: str = "train", hosts: tuple[HostSigns, ...] = (), **more: Any) -> Holding:
    return Holding("h", run(name, **more), what, START + 7 * DAY, hosts)


def test_a_gpu_that_never_worked_is_never_used_and_a_short_look_is_no_evidence() -> None:
    found = never_used(holding(activity([0.0] * 5, [0.01] * 5)))
    assert found is not None
    assert (Cause.NEVER_USED, pytest.approx(9.95)) == (found.cause, found.gpu_hours)
    assert never_used(holding(activity([0.0]))) is None
    assert never_used(holding(activity([0.0, 0.0, 0.4, 0.0]))) is None


def test_a_tail_is_from_the_last_work_of_any_gpu_on() -> None:
    found = post_run_tail(holding(activity([0.9, 0.9, 0.0, 0.0, 0.0], [0.9, 0.9, 0.9, 0.0, 0.0])))
    assert found is not None
    assert 4.0 == found.gpu_hours  # two GPUs for two hours
    assert post_run_tail(holding(activity([0.9, 0.9, 0.0], step_s=600))) is None  # ten minutes
    assert post_run_tail(holding(activity([0.9, 0.0, 0.0]), tags={"kind": "Deployment"})) is None


def test_a_notebook_is_forgotten_after_hours_and_its_first_is_a_pause() -> None:
    found = forgotten_notebook(holding(activity([0.4, 0.0, 0.0, 0.0, 0.0, 0.3]), "lab-3"))
    assert found is not None
    assert 3.0 == found.gpu_hours
    assert forgotten_notebook(holding(activity([0.4, 0.0, 0.0, 0.3]), "lab-3")) is None
    assert forgotten_notebook(holding(activity([0.0] * 6), "collaborate")) is None


def test_replicas_beyond_what_the_load_needs_are_over_the_minimum() -> None:
    busy, quiet = [0.8] * 4, [0.2] * 8
    rows = {name: activity(busy + quiet) for name in ("a", "b", "c", "d")}
    mine = holding(rows["a"], tags={"kind": "Deployment"})
    found = over_minimum(replace(mine, served=Served("m", "svc"), replicas=rows))
    assert found is not None
    assert Cause.OVER_MINIMUM is found.cause
    assert 0 < found.gpu_hours < 8 * 0.8  # of the quiet hours, a part
    assert "keeps 4 replicas" in found.evidence
    steady = {name: activity([0.7] * 12) for name in ("a", "b")}
    assert over_minimum(replace(mine, activity=steady["a"], served=Served("m", "svc"), replicas=steady)) is None
    assert over_minimum(replace(mine, served=Served("m", "svc"), replicas={"a": rows["a"]})) is None


def test_a_stall_needs_processors_that_wait() -> None:
    slow = activity([0.3] * 4)
    found = data_stall(holding(slow, hosts=(QUIET, WAITS)))
    assert found is not None
    assert 2.8 == pytest.approx(found.gpu_hours)
    assert "wait for data 12%" in found.evidence
    assert data_stall(holding(slow, hosts=(QUIET,))) is None
    assert data_stall(holding(activity([0.8] * 4), hosts=(WAITS,))) is None


def test_a_queue_is_empty_in_hours_in_which_nothing_waited() -> None:
    waited = run("w", submit_ms=START + HOUR)
    waited = replace(waited, start_ms=START + 3 * HOUR - 1)
    assert 0.5 == empty_hours([waited], ("1", "atlas"), START, START + 4 * HOUR)
    assert 1.0 == empty_hours([waited], ("1", "other"), START, START + 4 * HOUR)


def test_every_idle_dollar_has_one_cause_and_the_rest_says_so() -> None:
    first, second = run("train"), run("unknown")
    mine, other = holder_name(first), holder_name(second)
    book = ledger(
        [first, second],
        [
            piece(mine, Use.ACTIVE, "60", 6.0),
            piece(mine, Use.IDLE, "40", 4.0),
            piece(other, Use.IDLE, "7", 1.0),
            piece("", Use.UNALLOCATED, "24", 24.0, day=1),
            piece("", Use.DOWN, "5"),
        ],
    )
    what = activity([1.0] * 4 + [0.5] * 4 + [0.0] * 2)  # two hours lost at work, two in the tail
    found = split_idle(book, {mine: Holding(mine, first, what, START + 7 * DAY)})
    by_cause = {cause: cost for cause, _, cost, _ in found.by_cause()}
    assert {Cause.POST_RUN_TAIL: Decimal(20), Cause.UNEXPLAINED: Decimal(7), Cause.QUEUE_EMPTY: Decimal(24)} == by_cause
    assert {"USD": Decimal(51)} == found.total
    assert ({"USD": Decimal(20)}, {"USD": Decimal(5)}) == (found.partly, found.down)
    assert pytest.approx(7 / 51) == found.unexplained_share
    idle = sum((one.cost for one in book.slices if one.use in (Use.IDLE, Use.UNALLOCATED)), Decimal(0))
    assert idle == sum(found.total.values()) + sum(found.partly.values())


def test_unknown_activity_is_no_evidence_of_anything() -> None:
    what = activity([np.nan] * 6)
    for rule in (never_used, post_run_tail, forgotten_notebook, over_minimum, data_stall):
        assert rule(holding(what, "lab-1", (WAITS,))) is None
