"""Jobs on spot: what rules cost, that none is late, and that nobody looks ahead."""

import itertools

import numpy as np
import pytest

from trimtab.base.errors import InvalidInput
from trimtab.capacity.spot.advise import advise
from trimtab.capacity.spot.checkpoint import between_interruptions, checkpointing, share_lost, young
from trimtab.capacity.spot.choose import by_backtest, pick, rules
from trimtab.capacity.spot.model import Availability, Job, Rule
from trimtab.capacity.spot.replay import least_cost, replay, starts_of

JOB = Job(work_h=4, deadline_h=6, delay_h=0.5, spot_price=0.3)
GREEDY = Rule("spot, then on demand", margin_h=np.inf)


def made(*zones: str) -> Availability:
    """Zones of ticks of half an hour: `#` is up."""
    up = np.array([[mark == "#" for mark in zone] for zone in zones], dtype=np.uint8)
    return Availability(tuple("abcdef"[: len(zones)]), 0.5, up)


def wandering(seed: int, hours: int, zones: int, gap_h: float = 1 / 6) -> Availability:
    """Zones that come and go, for hours at a time."""
    random = np.random.default_rng(seed)
    ticks = int(hours / gap_h)
    up = np.zeros((zones, ticks), dtype=np.uint8)
    for zone in range(zones):
        leave, come = random.uniform(0.01, 0.1), random.uniform(0.01, 0.2)
        now = random.random() < 0.5
        for tick in range(ticks):
            now = random.random() > leave if now else random.random() < come
            up[zone, tick] = now
    return Availability(tuple(map(str, range(zones))), gap_h, up)


def test_a_job_that_spot_never_leaves_costs_the_spot_price_of_its_work_and_one_start():
    found = replay(made("#" * 12), JOB, GREEDY, np.array([0]))
    assert (4.5, 0, 1, 4.5) == (found.spot_h[0], found.on_demand_h[0], found.restarts[0], found.end_h[0])
    assert found.cost[0] == pytest.approx(0.3 * 4.5)


def test_without_spot_a_job_waits_as_long_as_it_can_and_ends_at_its_deadline():
    found = replay(made("." * 12), JOB, GREEDY, np.array([0]))
    assert (0, 4.5, 6.0) == (found.spot_h[0], found.on_demand_h[0], found.end_h[0])
    assert not found.late[0]


def test_an_interruption_costs_a_start_and_another_zone_takes_over():
    found = replay(made("####........", "..########.."), JOB, GREEDY, np.array([0]))
    assert (5.0, 0, 2) == (found.spot_h[0], found.on_demand_h[0], found.restarts[0])


def test_on_demand_only_starts_at_once():
    rule = Rule("on demand", uniform=1e6)
    found = replay(made("#" * 12), JOB, rule, np.array([0]))
    assert (0, 4.5, 4.5) == (found.spot_h[0], found.on_demand_h[0], found.end_h[0])


@pytest.mark.parametrize("seed", range(6))
def test_no_rule_is_ever_late_nor_below_the_bound(seed):
    available, job = wandering(seed, 90, 1 + seed % 3), Job(20, 25, 1 / 6)
    starts = starts_of(available, job)
    least = least_cost(available, job, starts)
    for rule in rules(job):
        found = replay(available, job, rule, starts)
        assert not found.late.any()
        assert (found.cost >= least - 1e-6).all()
        assert np.allclose(found.spot_h + found.on_demand_h >= 20, True)


@pytest.mark.parametrize("seed", range(4))
def test_the_bound_is_what_the_best_of_all_schedules_costs(seed):
    """Every schedule of 8 ticks over one zone and on demand, by brute force; the dual may lie below, never above."""
    job = Job(work_h=2.0, deadline_h=4.0, delay_h=0.5, spot_price=0.3)
    available = Availability(("a",), 0.5, np.random.default_rng(seed).integers(0, 2, (1, 8)).astype(np.uint8))
    best = np.inf
    for places in itertools.product("-so", repeat=8):
        done = cost = 0.0
        before = "-"
        for tick, place in enumerate(places):
            if place == "s" and not available.up[0, tick]:
                break
            if place != "-" and done < job.work_h:
                cost += 0.5 * (0.3 if place == "s" else 1.0)
                done += 0.5 if place == before else 0.0
            before = place
        else:
            best = min(best, cost) if done >= job.work_h else best
    least = float(least_cost(available, job, np.array([0]))[0])
    assert least <= best + 1e-6
    assert least >= 0.75 * best


def test_what_comes_later_changes_no_earlier_decision():
    job = Job(20, 25, 1 / 6)
    whole = wandering(3, 200, 2)
    cut = 100
    other = Availability(whole.zones, whole.gap_h, whole.up.copy())
    other.up[:, int(cut / whole.gap_h) :] ^= 1
    starts = starts_of(whole, job)
    ended = starts * whole.gap_h + job.deadline_h <= cut
    one, two = (by_backtest(each, job, starts, rules(job)) for each in (whole, other))
    assert (one.picks[starts * whole.gap_h <= cut] == two.picks[starts * whole.gap_h <= cut]).all()
    assert (one.outcomes.cost[ended] == two.outcomes.cost[ended]).all()
    assert (one.outcomes.cost[~ended] != two.outcomes.cost[~ended]).any()


def test_a_job_is_given_the_rule_that_did_better_on_jobs_that_had_ended():
    costs = np.stack([np.full(200, 0.5), np.full(200, 0.4)])
    picks = pick(costs, np.arange(200.0), 60)
    first = int(np.argmax(picks))
    assert (0, 1) == (picks[0], picks[-1])
    assert first == 47 + 60  # with 48 known jobs, the last of which ended now


def test_a_job_can_start_at_every_hour_that_leaves_its_time():
    assert [0, 2, 4] == starts_of(made("#" * 16), JOB).tolist()
    assert [] == starts_of(made("#" * 11), JOB).tolist()


def test_checkpoints_come_by_youngs_rule():
    available = made("####..######..##")
    assert (3.0, 2) == between_interruptions(available)
    found = checkpointing(available, 0.05)
    assert found.every_h == pytest.approx((2 * 0.05 * 3.0) ** 0.5)
    assert all(found.lost <= share_lost(found.every_h * off, 0.05, 3.0) for off in (0.5, 0.9, 1.1, 2))
    with pytest.raises(InvalidInput, match="expected both above 0"):
        young(0, 3)


def test_advice_names_a_rule_for_now_and_takes_fewer_starts_of_a_very_long_past():
    job = Job(20, 25, 1 / 6)
    found = advise(wandering(5, 300, 2), job, 0.02)
    assert 276 == found.jobs
    assert found.bound <= found.chosen.outcomes.cost.mean() / job.work_h
    assert found.rule in rules(job)
    days = Availability(("a",), 24.0, np.ones((1, 20_000), dtype=np.uint8))
    assert 4_000 < advise(days, Job(100, 400, 1 / 6), 0.02).jobs <= 5_000
    with pytest.raises(InvalidInput, match="leave no room"):
        advise(days, Job(100, 101, 1 / 6), 0.02)
    with pytest.raises(InvalidInput, match="expected at least"):
        advise(wandering(5, 10, 1), job, 0.02)
