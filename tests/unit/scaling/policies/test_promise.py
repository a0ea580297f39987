import numpy as np
import pytest

from trimtab.base.records import replace
from trimtab.capacity.simulate.fleet import Array, Fleet, Pool
from trimtab.capacity.simulate.replay import replay_plan
from trimtab.scaling.policies.promise import (
    USUAL,
    Evidence,
    Reason,
    at_risk,
    evidence_of,
    judge,
    keep,
    promised_at,
    safe,
)

DAY = 288
FLEET = Fleet((Pool("own", 10.0),), tick_s=300.0, launch_s=600.0)
LEAD = 3
AT = np.arange(20 * DAY)
SMOOTH = 100.0 + 80.0 * np.sin(AT / DAY * 2 * np.pi)
"""Every day as the day before."""


def _burst(demand: Array, day: int, load: float, ticks: int = 6) -> Array:
    some = demand.copy()
    some[day * DAY : day * DAY + ticks] = load
    return some


def test_a_service_that_repeats_itself_is_promised_after_a_week() -> None:
    kept = keep(SMOOTH, FLEET, np.full(len(SMOOTH), 19.0), 0.01)
    assert kept.since == USUAL.least_days * DAY
    assert (kept.verdict.promised, kept.verdict.reason) == (True, Reason.KEPT_SO_FAR)
    assert (kept.violating, kept.kept, kept.held.any()) == (0.0, True, False)
    assert (kept.desired == 19.0).all()


def test_a_short_past_is_judged_by_what_others_did() -> None:
    known = evidence_of(SMOOTH, FLEET, USUAL)
    assert judge(known.until(6), FLEET, 0.01).reason is Reason.SHORT_PAST
    assert "6 whole days are known" in judge(known.until(6), FLEET, 0.01).words
    assert judge(known.until(7), FLEET, 0.01).promised
    strict = judge(known.until(7), FLEET, 0.001)  # 0.01 days' demand may come unseen: 1 + 10 days are needed
    assert (strict.promised, strict.reason) == (False, Reason.SHORT_PAST)
    assert "ask again after 11 days" in strict.words
    assert not judge(known.until(10), FLEET, 0.001).promised
    assert judge(known.until(12), FLEET, 0.001).promised
    assert not judge(known.until(0), FLEET, 0.5).promised


def test_bursts_faster_than_a_launch_are_told_before_they_are_promised() -> None:
    wild = SMOOTH
    for day, load in ((3, 400.0), (5, 900.0), (6, 2000.0)):
        wild = _burst(wild, day, load)
    verdict, since = promised_at(evidence_of(wild[: 8 * DAY], FLEET, USUAL), FLEET, 0.01, USUAL)
    assert (since, verdict.promised, verdict.reason) == (None, False, Reason.FASTER_THAN_LAUNCH)
    assert "within a launch (600 s)" in verdict.words
    assert "no policy that goes by the past can serve them" in verdict.words
    assert verdict.words.startswith("1.00% is not promised: ")
    assert keep(wild, FLEET, np.full(len(wild), 19.0), 0.001).kept is None


def test_bursts_below_the_highest_of_a_week_are_surprises_as_well() -> None:
    wild = _burst(SMOOTH, 2, 170.0, ticks=3)
    wild[2 * DAY - 20 : 2 * DAY] = 20.0
    past = evidence_of(wild, FLEET, USUAL)
    assert past.surprised[2] == pytest.approx(510.0)  # below 180, but 20 was the most of the hour before
    assert past.beyond[1:].sum() == 0.0
    assert past.surprised[3:].sum() == 0.0


def test_surprises_weigh_with_their_error() -> None:
    asked, none = np.full(8, 100.0), np.zeros(8)
    lumpy = Evidence(asked, np.array([0, 4.0, 0, 0, 0, 0, 0, 0]), none, none)
    even = Evidence(asked, np.array([0, 1.0, 1.0, 1.0, 1.0, 0, 0, 0]), none, none)
    assert judge(lumpy, FLEET, 0.01).expected == pytest.approx((4 + 4 + 1) / 700)
    assert judge(even, FLEET, 0.01).expected == pytest.approx((4 + 2 + 1) / 700)
    assert judge(lumpy, FLEET, 0.01).reason is Reason.BURSTS
    assert "try shorter launches, or allow 1.3%" in judge(lumpy, FLEET, 0.01).words
    assert judge(even, FLEET, 0.0101).promised


def test_a_maximum_that_is_too_small_is_named() -> None:
    small = replace(FLEET, most=12)
    verdict = judge(evidence_of(SMOOTH, small, USUAL), small, 0.01)
    assert verdict.reason is Reason.MOST_REPLICAS
    assert "above what 12 replicas" in verdict.words


def test_the_safe_rule_holds_while_the_promise_is_at_risk() -> None:
    plan = np.where(AT < 10 * DAY, 19.0, 10.0)  # a plan that goes wrong on day 10
    kept = keep(SMOOTH, FLEET, plan, 0.01)
    first = int(np.flatnonzero(kept.held)[0])
    assert 10 * DAY < first
    assert kept.desired[first] == safe(180.0, FLEET) == 23
    assert (kept.desired[~kept.held] == plan[~kept.held]).all()
    assert kept.violating <= 0.01
    alone = replay_plan(SMOOTH, FLEET, plan, start_with=19).rows
    assert alone[7 * DAY :, 5].sum() / SMOOTH[7 * DAY :].sum() > 0.3
    assert "the safe rule asks for 23" in kept.why(first)
    assert kept.why(0) == ""
    again = replay_plan(SMOOTH, FLEET, kept.desired, start_with=1).rows  # as the simulator's fleet has it
    assert again[7 * DAY :, 5].sum() / SMOOTH[7 * DAY :].sum() == pytest.approx(kept.violating)


def test_most_of_what_is_allowed_may_be_used_up() -> None:
    assert not at_risk(0.85, 100.0, 0.01)
    assert at_risk(0.86, 100.0, 0.01)


def test_a_promise_does_not_look_ahead() -> None:
    plan = np.where(AT < 9 * DAY, 19.0, 12.0)
    cut = 12 * DAY + 7
    whole, part = keep(SMOOTH, FLEET, plan, 0.01), keep(SMOOTH[:cut], FLEET, plan[:cut], 0.01)
    assert (whole.desired[:cut] == part.desired).all()
    assert whole.since == part.since
    changed = np.concatenate([SMOOTH[:cut], 9.0 * SMOOTH[cut:]])
    assert (keep(changed, FLEET, plan, 0.01).desired[:cut] == part.desired).all()
