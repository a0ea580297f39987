from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.capacity.queues.entitlement import Claimant, Period, Quota, Step, hours_over

HOUR = 3600.0
QUOTAS = [
    Quota(team="a", gpus=8, cohort="c"),
    Quota(team="b", gpus=8, cohort="c"),
    Quota(team="z", gpus=8, cohort="other"),
]


def _hours(*uses, quotas=QUOTAS, hours=10):
    [found] = hours_over([Period(quotas, 0, hours * HOUR)], [step for steps in uses for step in steps])
    return {one.team: one for one in found}


def _use(team, gpus, from_h, to_h, held=True, queue=""):
    by = Claimant(team, queue)
    return [Step(from_h * HOUR, by, gpus, held), Step(to_h * HOUR, by, -gpus, held)]


def test_what_is_held_beyond_the_quota_is_borrowed_and_the_cohort_lends_it():
    found = _hours(_use("a", 12, 0, 5))
    assert (80, 60, 20, 0) == (found["a"].entitled, found["a"].held, found["a"].borrowed, found["a"].starved)
    assert (20, 0) == (found["b"].lent, found["z"].lent)


def test_who_waits_for_what_is_his_is_starved_and_lends_none_of_it():
    found = _hours(_use("a", 14, 0, 10), _use("b", 2, 0, 10), _use("b", 9, 0, 10, held=False))
    assert (60, 60, 0, 90) == (found["a"].borrowed, found["b"].starved, found["b"].lent, found["b"].waited)


def test_several_lend_by_what_they_have_unused():
    quotas = [*QUOTAS[:2], Quota(team="d", gpus=24, cohort="c")]
    found = _hours(_use("a", 16, 0, 1), quotas=quotas)
    assert (2, 6) == (found["b"].lent, found["d"].lent)


def test_no_more_is_lent_than_is_unused():
    assert 80 == _hours(_use("a", 99, 0, 10))["b"].lent


def test_only_the_range_counts_and_changes_within_it():
    found = _hours(_use("a", 8, -5, 2), _use("a", 4, 1, 20), hours=3)
    assert (16 + 8, 4) == (found["a"].held, found["a"].borrowed)


def test_a_team_without_a_quota_borrows_all_and_nobody_lends_to_it():
    found = _hours(_use("x", 4, 0, 1))
    assert (None, 4, 0) == (found["x"].entitled, found["x"].borrowed, sum(one.lent for one in found.values()))


def test_hours_add_up_however_they_are_cut():
    whole = _hours(_use("a", 10, 0, 7), _use("b", 3, 2, 9))["a"]
    cut = _hours(_use("a", 10, 0, 3), _use("a", 10, 3, 7), _use("b", 3, 2, 9))["a"]
    assert (whole.held, whole.borrowed) == pytest.approx((cut.held, cut.borrowed))


def test_what_was_let_go_before_the_range_makes_nobody_a_team_of_it():
    assert {"a", "b", "z"} == set(_hours(_use("gone", 3 / 7, -4, -1), _use("gone", 1 / 7, -5, 0), hours=3))


def test_sevenths_that_come_and_go_leave_nothing():
    uses = [_use("mig", at / 7, at / 10, 2) for at in range(1, 7)]
    [found] = hours_over([Period([], 3 * HOUR, 4 * HOUR)], [step for steps in uses for step in steps])
    assert [] == found


def test_periods_go_on_from_each_other_with_the_quotas_of_each():
    more = [Quota(team="a", gpus=2, queues=("x",))]
    steps = [*_use("a", 4, 0, 6), *_use("x", 1, 1, 5), *_use("y", 1, 2, 4, queue="x")]
    first, second = hours_over([Period(QUOTAS, 0, 3 * HOUR), Period(more, 3 * HOUR, 8 * HOUR)], steps)
    assert {"a": 12, "b": 0, "x": 2, "y": 1, "z": 0} == {one.team: one.held for one in first}
    # x is nobody's queue first; then what y asked for in it is a's, and x, which names a team, has no quota
    assert {"a": 13, "x": 2} == {one.team: one.held for one in second}
    assert 13 - 2 * 3 == next(one.borrowed for one in second if one.team == "a")


STEPS = st.lists(
    st.tuples(
        st.sampled_from("abzx"),
        st.sampled_from(["", "b-queue"]),
        st.integers(1, 24),
        st.floats(-5, 15),
        st.floats(0.01, 9),
        st.booleans(),
    ),
    max_size=12,
)


@given(STEPS, st.lists(st.floats(0.5, 9.5), max_size=3))
def test_what_is_held_lies_within_the_quota_or_is_borrowed_and_lent_is_what_others_borrow(uses, cuts):
    quotas = [*QUOTAS[:1], Quota(team="b", gpus=8, cohort="c", queues=("b-queue",)), QUOTAS[2]]
    steps = [
        step
        for team, queue, gpus, begun, length, held in uses
        for step in _use(team, gpus, begun, begun + length, held, queue)
    ]
    edges = [0, *sorted(cuts), 10]
    periods = [Period(quotas, begin * HOUR, end * HOUR) for begin, end in pairwise(edges) if begin < end]
    [whole], parts = hours_over([Period(quotas, 0, 10 * HOUR)], steps), hours_over(periods, steps)
    for one in whole:
        within = one.held - one.borrowed
        assert -1e-6 <= within <= (one.entitled or 0.0) + 1e-6
        assert within + one.starved + one.lent <= (one.entitled or 0.0) + 1e-6
        assert one.starved <= one.waited + 1e-6
        cut = [part for some in parts for part in some if part.team == one.team]
        for name in ("held", "borrowed", "lent", "starved", "waited"):
            assert getattr(one, name) == pytest.approx(sum(getattr(part, name) for part in cut), abs=1e-6), name
    held = sum(
        gpus * max(min(begun + length, 10) - max(begun, 0), 0) for *_, gpus, begun, length, is_held in uses if is_held
    )
    assert sum(one.held for one in whole) == pytest.approx(held, abs=1e-6)
    of_cohort = [one for one in whole if one.team in "ab"]
    assert sum(one.lent for one in of_cohort) <= sum(one.borrowed for one in of_cohort) + 1e-6
