"""The state machine against the slow reference, and what the tables do not show."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.alarms import reference

from trimtab.alarms.evaluate import (
    Periods,
    Verdict,
    apply,
    breaching,
    evaluate,
    few_samples,
    judge,
    judged,
    reach,
    run,
    transitions,
)
from trimtab.alarms.model import Judgement, Missing, Operator, State, StateValue

POINTS = st.lists(st.sampled_from([True, False, None]), min_size=1, max_size=60)
MODES = st.sampled_from(list(Missing))


def periods(*values: float | None, **more: np.ndarray) -> Periods:
    numbers = np.array([np.nan if value is None else value for value in values], dtype=np.float64)
    return Periods(np.arange(len(numbers), dtype=np.int64) * 60_000, numbers, **more)


@given(POINTS, st.integers(1, 8), st.integers(1, 8), MODES)
def test_every_evaluation_over_a_history_is_as_the_reference_finds_it(
    points: list[bool | None], n: int, m: int, missing: Missing
) -> None:
    m = min(m, n)
    given_periods = periods(*(None if point is None else float(point) for point in points))
    judgement = Judgement(Operator.GREATER, 0.5, n, m, missing)
    real = ~np.isnan(given_periods.values)
    ends = np.arange(1, len(points) + 1, dtype=np.int64)
    found = judge(real, breaching(given_periods, judgement), ends, judgement)
    padded = [None] * reach(n) + points
    expected = [reference.verdict(padded[: reach(n) + end], n, m, missing.value) for end in ends.tolist()]
    assert [Verdict(int(code)).name for code in found] == [text.upper() for text in expected]


@given(
    st.lists(st.tuples(st.sampled_from([True, False, None]), st.booleans()), min_size=1, max_size=40),
    st.integers(1, 6),
    st.integers(1, 6),
    MODES,
)
def test_few_samples_keep_the_state_as_the_reference_does(
    points: list[tuple[bool | None, bool]], n: int, m: int, missing: Missing
) -> None:
    m = min(m, n)
    given_periods = periods(*(None if point is None else float(point) for point, _ in points))
    judgement = Judgement(Operator.GREATER, 0.5, n, m, missing)
    few = np.array([flag for _, flag in points])
    ends = np.arange(1, len(points) + 1, dtype=np.int64)
    found = judge(~np.isnan(given_periods.values), breaching(given_periods, judgement), ends, judgement, few)
    padded = [(None, False)] * reach(n) + points
    expected = [
        reference.verdict([point for point, _ in seen], n, m, missing.value, [flag for _, flag in seen])
        for seen in (padded[: reach(n) + end] for end in ends.tolist())
    ]
    assert [Verdict(int(code)).name for code in found] == [text.upper() for text in expected]


@given(st.lists(st.sampled_from(list(Verdict)), max_size=40), st.sampled_from(list(StateValue)))
def test_transitions_are_the_changes_of_the_running_state(verdicts: list[Verdict], before: StateValue) -> None:
    states = run(verdicts, before)
    expected = [
        (at, old, new) for at, (old, new) in enumerate(zip([before, *states], states, strict=False)) if old is not new
    ]
    assert list(transitions(np.array(verdicts, dtype=np.int8), before)) == expected


@given(POINTS, st.integers(1, 6), MODES)
def test_what_lies_beyond_the_evaluation_range_changes_nothing(
    points: list[bool | None], n: int, missing: Missing
) -> None:
    values = [None if point is None else float(point) for point in points]
    judgement = Judgement(Operator.GREATER, 0.5, n, 1, missing)
    padded = [None] * reach(n) + values
    assert evaluate(periods(*padded), judgement) is evaluate(periods(*padded[-reach(n) :]), judgement)


@pytest.mark.parametrize(
    ("operator", "expected"),
    [
        (Operator.GREATER_OR_EQUAL, [False, True, True]),
        (Operator.GREATER, [False, False, True]),
        (Operator.LESS_OR_EQUAL, [True, True, False]),
        (Operator.LESS, [True, False, False]),
    ],
)
def test_operators_compare_with_the_threshold(operator: Operator, expected: list[bool]) -> None:
    assert breaching(periods(1, 2, 3), Judgement(operator, 2.0, 1)).tolist() == expected


@pytest.mark.parametrize(
    ("operator", "expected"),
    [
        (Operator.OUTSIDE, [True, False, True]),
        (Operator.BELOW_LOWER, [True, False, False]),
        (Operator.ABOVE_UPPER, [False, False, True]),
    ],
)
def test_operators_compare_with_a_band(operator: Operator, expected: list[bool]) -> None:
    given_periods = periods(1, 5, 9, low=np.full(3, 4.0), high=np.full(3, 6.0))
    assert breaching(given_periods, Judgement(operator, None, 1)).tolist() == expected


def test_a_value_without_a_band_to_compare_with_is_missing() -> None:
    given_periods = periods(9, 9, low=np.array([4.0, np.nan]), high=np.array([6.0, np.nan]))
    judgement = Judgement(Operator.OUTSIDE, None, 1, 1, Missing.MISSING)
    assert evaluate(given_periods, judgement) is Verdict.ALARM
    assert evaluate(given_periods.cut(1, 2), judgement) is Verdict.INSUFFICIENT_DATA


def test_too_few_samples_keep_the_state_where_asked() -> None:
    given_periods = periods(1, 9, samples=np.array([5000.0, 12.0]))
    few = few_samples(given_periods.samples, Fraction(99, 100))
    assert few.tolist() == [False, True]
    judgement = Judgement(Operator.GREATER, 5.0, 1)
    assert evaluate(given_periods, judgement) is Verdict.ALARM
    assert evaluate(given_periods, judgement, few) is Verdict.KEEP
    assert evaluate(given_periods.cut(0, 1), judgement, few[:1]) is Verdict.OK


@pytest.mark.parametrize(
    ("percentile", "needed"), [("0.99", 1000), ("0.5", 20), ("0.1", 100), ("0.9", 100), ("0.999", 10_000)]
)
def test_few_is_fewer_than_ten_over_the_rarer_share(percentile: str, needed: float) -> None:
    assert few_samples(np.array([needed - 1, needed]), Fraction(percentile)).tolist() == [True, False]


@pytest.mark.parametrize("extreme", [0, 1])
def test_the_extremes_never_have_enough_samples(extreme: int) -> None:
    assert few_samples(np.array([1e12]), Fraction(extreme)).tolist() == [True]


def test_of_a_wide_range_the_newest_n_values_are_judged() -> None:
    found = judged(periods(7, 1, None, 2, 3), Judgement(Operator.GREATER, 0.0, 3))
    assert found.values.tolist() == [1, 2, 3]
    assert found.starts.tolist() == [60_000, 180_000, 240_000]


def test_a_verdict_that_agrees_with_the_state_changes_nothing() -> None:
    state = State(StateValue.OK, "fine", None, 1, 1)
    assert apply(Verdict.OK, state, 5, "still fine", None) is None
    assert apply(Verdict.KEEP, state, 5, "unknown", None) is None
    changed = apply(Verdict.ALARM, state, 5, "broken", "{}")
    assert changed is not None
    assert (changed.old, changed.new) == (StateValue.OK, State(StateValue.ALARM, "broken", "{}", 5, 5))


def test_a_month_of_minutes_is_judged_at_once() -> None:
    rng = np.random.default_rng(4)
    values = rng.normal(size=43_200)
    values[rng.random(len(values)) < 0.2] = np.nan
    judgement = Judgement(Operator.GREATER, 0.5, 60, 30)
    given_periods = periods(*values)
    ends = np.arange(1, len(values) + 1, dtype=np.int64)
    found = judge(~np.isnan(values), breaching(given_periods, judgement), ends, judgement)
    for end in (1, 59, 60, 30_000, 43_200):
        assert found[end - 1] == evaluate(given_periods.cut(0, end), judgement)
