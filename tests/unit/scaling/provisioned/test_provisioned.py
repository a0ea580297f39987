from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from depth import examples
from trimtab.base.errors import InvalidInput
from trimtab.scaling.provisioned.comparison import on_demand, planned, tracked
from trimtab.scaling.provisioned.concurrency import Invocations, concurrency_of
from trimtab.scaling.provisioned.environments import COLD, PROVISIONED_MS, SPILLED, SPILLED_MS, serve
from trimtab.scaling.provisioned.levels import HOUR_MS, Function, Objective, hours_of, plan_levels
from trimtab.scaling.provisioned.prices import Prices, held_seconds, rounded_up

PRICES, FUNCTION = Prices(), Function()
runs = st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 900)), min_size=1, max_size=60)


def invocations_of(some: list[tuple[int, int]]) -> Invocations:
    return Invocations.of(np.array([one[0] for one in some]), np.array([one[1] for one in some]))


@settings(max_examples=examples(60), deadline=None)
@given(runs, st.integers(0, 3000), st.integers(1, 1500))
def test_concurrency_is_exactly_what_a_count_of_every_millisecond_gives(
    some: list[tuple[int, int]], start: int, length: int
) -> None:
    found = concurrency_of(invocations_of(some))
    slow = [sum(begin <= ms < begin + took for begin, took in some) for ms in range(start, start + length)]
    expected = [slow.count(level) for level in range(max(slow) + 1)]
    assert expected == found.time_at(start, start + length)[: len(expected)].astype(int).tolist()
    assert length == found.time_at(start, start + length).sum()
    assert sum(slow) / length == pytest.approx(found.mean_by(start, length, 1)[0])
    assert sum(one >= 2 for one in slow) / length == pytest.approx(found.share_at_least(2, start, start + length))


def slow_serve(some: list[tuple[int, int]], level: int, keep: int, cold: int) -> tuple[int, int, int, int]:
    held: list[int] = []  # ends
    others: list[int] = []  # when each environment is or was last free
    counts = [0, 0, 0, 0]
    for begin, took in sorted(some, key=lambda one: one[0]):
        held = [end for end in held if end > begin]
        if len(held) < level:
            held.append(begin + took)
            counts[1] += took
            continue
        idle = [free for free in others if free <= begin and free >= begin - keep]
        if idle:
            others.remove(max(idle))
        else:
            took += cold
            counts[0] += 1
        others.append(begin + took)
        counts[2] += took
        counts[3] += 1
    return counts[0], counts[1], counts[2], counts[3]


@settings(max_examples=examples(80), deadline=None)
@given(runs, st.integers(0, 4), st.sampled_from([0, 50, 600, 10_000]), st.sampled_from([0, 200]))
def test_environments_serve_as_a_slow_count_does(some: list[tuple[int, int]], level: int, keep: int, cold: int) -> None:
    given_to = invocations_of(some)
    levels = np.array([level])
    found = serve(given_to, levels, 10_000, origin_ms=0, bucket_ms=10_000, buckets=1, keep_ms=keep, cold_ms=cold)[0]
    expected = slow_serve(some, level, keep, cold)
    assert expected == tuple(int(found[one]) for one in (COLD, PROVISIONED_MS, SPILLED_MS, SPILLED))


def test_the_break_even_is_exact() -> None:
    assert Decimal("0.6") == PRICES.break_even
    gigabytes, hour, busy = Decimal("1.5"), 3600, 2_160_000  # 60 % of an hour, in ms
    held = PRICES.holding(hour, gigabytes)

    def difference(ms: int) -> Decimal:
        return held + PRICES.running(ms, 0, gigabytes) - PRICES.running(0, ms, gigabytes)

    assert 0 == difference(busy)
    assert difference(busy + 1) < 0 < difference(busy - 1)


@pytest.mark.parametrize(("seconds", "billed"), [(0, 0), (1, 300), (300, 300), (301, 600), (3600, 3600)])
def test_held_time_is_rounded_up_to_five_minutes(seconds: int, billed: int) -> None:
    assert billed == rounded_up(seconds)


def test_each_environment_is_billed_from_its_enabling_to_its_disabling() -> None:
    assert 300 + 300 == held_seconds([1, 2, 1], 60)  # 3 minutes of one, 1 minute of the other
    assert 300 + 300 == held_seconds([1, 0, 1], 60)  # twice enabled
    assert 0 == held_seconds([], 60)
    assert 2 * 3600 + 3600 == held_seconds([1, 2], 3600)


def daily(days: int, seed: int = 1) -> Invocations:
    generator, starts = np.random.default_rng(seed), []
    for hour in range(days * 24):
        rate = 300 * (1.2 + np.sin(hour / 24 * 2 * np.pi))
        starts.append(hour * HOUR_MS + generator.integers(0, HOUR_MS, generator.poisson(rate)))
    begins = np.concatenate(starts)
    return Invocations.of(begins, generator.lognormal(9.9, 0.5, len(begins)).astype(np.int64))


def test_planned_levels_keep_the_objective_and_cost_less_than_target_tracking() -> None:
    some = daily(5)
    theirs, nothing = tracked(some, FUNCTION, PRICES), on_demand(some, FUNCTION, PRICES)
    ours, levels = planned(some, FUNCTION, PRICES, Objective(max(0.0005, theirs.cold_share)))
    assert ours.cost < theirs.cost
    assert ours.cold_share <= max(0.0005, theirs.cold_share) * 1.5
    free, _ = planned(some, FUNCTION, PRICES, Objective(None))
    assert free.cost <= nothing.cost * Decimal("1.02")
    assert "hold" in levels.why(100)


def test_shifting_the_future_changes_no_past_level() -> None:
    some = daily(4)
    cut = 60 * HOUR_MS
    before = some.starts_ms < cut
    other = Invocations.of(
        np.concatenate([some.starts_ms[before], cut + np.arange(0, 2 * HOUR_MS, 400)]),
        np.concatenate([some.durations_ms[before], np.full(18_000, 9000)]),
    )
    tables = [hours_of(one, FUNCTION, PRICES) for one in (some, other)]
    wanted = [plan_levels(one, FUNCTION, PRICES, Objective(0.01)) for one in tables]
    assert wanted[0].held[:60].tolist() == wanted[1].held[:60].tolist()
    assert len(set(wanted[0].held[:60].tolist())) > 3


def test_wrong_settings_are_refused() -> None:
    for wrong in (lambda: Objective(1.5), lambda: Objective(0.1, Decimal(-1)), lambda: Prices(used=Decimal(1))):
        with pytest.raises(InvalidInput):
            wrong()
    with pytest.raises(InvalidInput, match="in order"):
        Invocations(np.array([5, 1]), np.array([1, 1]))
    with pytest.raises(InvalidInput, match="expected"):
        Invocations.of(np.array([], dtype=np.int64), np.array([], dtype=np.int64))
