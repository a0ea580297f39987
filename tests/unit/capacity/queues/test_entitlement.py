import pytest

from trimtab.capacity.queues.entitlement import Quota, Use, hours_of

HOUR = 3600.0
QUOTAS = [
    Quota(team="a", gpus=8, cohort="c"),
    Quota(team="b", gpus=8, cohort="c"),
    Quota(team="z", gpus=8, cohort="other"),
]


def _hours(*uses, quotas=QUOTAS, hours=10):
    return {one.team: one for one in hours_of(quotas, uses, 0, hours * HOUR)}


def _use(team, gpus, from_h, to_h, held=True):
    return Use(team, gpus, from_h * HOUR, to_h * HOUR, held)


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
