"""The savings ledger: what is realised against the counterfactual, and how predictions are graded."""

from decimal import Decimal

from trimtab.advice.facts import DAY_MS
from trimtab.advice.ledger.grading import by_check
from trimtab.advice.ledger.measure import counterfactual, realised_a_month, realised_so_far
from trimtab.advice.ledger.model import Entry, EntryState, Grade, grade_of
from trimtab.base.records import replace

CHANGE = 40 * DAY_MS + 5_000


def days(before: str, after: str, *, from_day: int = 0, to_day: int = 60) -> dict[int, Decimal]:
    return {
        day * DAY_MS: Decimal(before if day * DAY_MS <= CHANGE else after)
        for day in range(from_day, to_day)
        if Decimal(before if day * DAY_MS <= CHANGE else after)
    }


def test_a_resource_that_is_gone_saves_what_it_cost() -> None:
    """10 a day for 19 days since, and a month of 730 hours: 10 × 730 / 24 = 304.17."""
    found = counterfactual(days("10", "0"), [], CHANGE, 60 * DAY_MS)
    assert found is not None
    assert (28, 19, 0) == (found.days_before, found.days_after, found.peers)
    assert (Decimal("304.17"), Decimal("190.00")) == (realised_a_month(found), realised_so_far(found))


def test_the_trend_of_comparable_resources_counts() -> None:
    """Comparable ones doubled, so it would have cost 20 a day; it costs 8: 12 a day are saved, 12 × 19 = 228."""
    found = counterfactual(days("10", "8"), [days("5", "10"), days("7", "14")], CHANGE, 60 * DAY_MS)
    assert found is not None
    assert (2.0, 2) == (found.trend, found.peers)
    assert Decimal("228.00") == realised_so_far(found)


def test_a_comparable_one_that_ended_is_no_trend() -> None:
    found = counterfactual(days("10", "10"), [days("5", "0")], CHANGE, 60 * DAY_MS)
    assert found is not None
    assert (1.0, 0) == (found.trend, found.peers)


def test_a_week_of_bill_is_needed_on_both_sides() -> None:
    assert counterfactual(days("10", "0"), [], CHANGE, 46 * DAY_MS) is None
    assert counterfactual(days("10", "0", from_day=37), [], CHANGE, 60 * DAY_MS) is None


def test_predictions_are_graded_by_check() -> None:
    assert Grade.AS_PREDICTED is grade_of(Decimal(100), Decimal(110))
    assert Grade.LESS is grade_of(Decimal(100), Decimal(60))
    assert Grade.MORE is grade_of(Decimal(100), Decimal(130))
    assert Grade.NOTHING is grade_of(Decimal(100), Decimal(0))
    assert Grade.AS_PREDICTED is grade_of(Decimal(0), Decimal(0))
    one = Entry("f1", "c", "r", "1", "us-east-1", "search", EntryState.MEASURED, predicted=Decimal(100))
    lines = [
        replace(one, realised=Decimal(80)),
        replace(one, finding="f2", resource="r2", realised=Decimal(110)),
        replace(one, finding="f3", state=EntryState.APPLIED),
        replace(one, finding="f4", state=EntryState.ACCEPTED),
    ]
    (found,) = by_check(lines)
    assert (3, 2, Decimal(200), Decimal(190)) == (found.applied, found.measured, found.predicted, found.realised)
    assert found.mean_error is not None
    assert abs(found.mean_error - 0.15) < 1e-9
