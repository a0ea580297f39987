"""Statistics of many segments against a slow reading of their definitions, and against pandas."""

import math
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from depth import examples
from trimtab.metrics.segments import Segments, compute, percentile
from trimtab.metrics.statistics import Family, Statistic, parse_statistic

NAMES = [
    "SampleCount", "Sum", "Average", "Minimum", "Maximum",
    "p0", "p1", "p29", "p50", "p90", "p99.9", "p99.9999999999", "p100",
    "tm0", "tm29", "tm90", "tm100", "tc29", "tc58", "ts90", "ts0.0000000001", "wm98", "wm29", "wm0", "IQM",
    "TM(29%:71%)", "TC(10%:)", "TS(:58%)", "WM(2%:98%)", "TC(33.3333333333%:66.6666666667%)",
    "TM(2:5)", "TC(:3)", "TS(3:)", "WM(2:5)", "PR(2:5)", "PR(:3)", "PR(3:)", "TC(0:0.5)",
]  # fmt: skip

number = st.one_of(st.integers(0, 6).map(float), st.floats(0, 10, allow_subnormal=False))
samples = st.lists(st.tuples(number, st.integers(1, 5)), min_size=1, max_size=30)


def slow(statistic: Statistic, expanded: list[float]) -> float:
    """The statistic of one expanded multiset, by its definition, in plain Python."""
    values = sorted(expanded)
    match statistic.family:
        case Family.SAMPLE_COUNT:
            return len(values)
        case Family.SUM:
            return math.fsum(values)
        case Family.AVERAGE:
            return math.fsum(values) / len(values)
        case Family.MINIMUM:
            return values[0]
        case Family.MAXIMUM:
            return values[-1]
        case Family.PERCENTILE:
            rank = (len(values) - 1) * (statistic.high or 0)
            low = values[math.floor(rank)]
            return low + (values[math.ceil(rank)] - low) * float(rank - math.floor(rank))
    if statistic.percent:
        cut_low = math.floor(len(values) * (statistic.low or 0))
        cut_high = math.floor(len(values) * (1 - (1 if statistic.high is None else statistic.high)))
        kept = values[cut_low : len(values) - cut_high]
        fill = [*kept[:1] * cut_low, *kept, *kept[-1:] * cut_high]
    else:
        low = -math.inf if statistic.low is None else float(statistic.low)
        high = math.inf if statistic.high is None else float(statistic.high)
        kept = [value for value in values if low < value <= high]
        fill = [min(max(value, low), high) for value in values]
    match statistic.family:
        case Family.TRIMMED_COUNT:
            return len(kept)
        case Family.TRIMMED_SUM:
            return math.fsum(kept)
        case Family.TRIMMED_MEAN:
            return math.fsum(kept) / len(kept) if kept else math.nan
        case Family.WINSORIZED_MEAN:
            return math.fsum(fill) / len(fill) if fill else math.nan
        case Family.PERCENTILE_RANK:
            return 100 * len(kept) / len(values)
    raise AssertionError(statistic)


def expand(counted: list[tuple[float, int]]) -> list[float]:
    return [value for value, count in counted for _ in range(count)]


def segmented(groups: list[list[tuple[float, int]]]) -> Segments:
    rows = sorted((key, value, count) for key, group in enumerate(groups) for value, count in group)
    key, value, count = zip(*rows, strict=True)
    return Segments.of(np.array(key, dtype=np.int64), np.array(value, dtype=float), np.array(count, dtype=float))


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=examples(40))
@given(groups=st.lists(samples, min_size=1, max_size=4))
@example(groups=[[(float(value), 1) for value in range(100)]])
@example(groups=[[(1.0, 1)], [(2.0, 100)], [(3.0, 1), (0.0, 1)]])
def test_every_statistic_is_its_definition(name: str, groups: list[list[tuple[float, int]]]) -> None:
    statistic = parse_statistic(name)
    expected = [slow(statistic, expand(group)) for group in groups]
    assert expected == pytest.approx(list(compute(segmented(groups), statistic)), rel=1e-9, abs=1e-12, nan_ok=True)


def test_percentiles_and_sums_equal_pandas(rng: np.random.Generator) -> None:
    frame = pd.DataFrame({"key": rng.integers(0, 50, 5000), "value": rng.lognormal(3, 2, 5000)})
    frame = frame.sort_values(["key", "value"])
    segments = Segments.of(frame.key.to_numpy(), frame.value.to_numpy(), np.ones(len(frame)))
    grouped = frame.groupby("key").value
    for percent in (0, 1, 25, 50, 90, 99, 99.9, 100):
        expected = grouped.quantile(percent / 100).to_numpy()
        np.testing.assert_allclose(compute(segments, parse_statistic(f"p{percent}")), expected, rtol=1e-12)
    for name, method in (("Sum", "sum"), ("Average", "mean"), ("Minimum", "min"), ("Maximum", "max")):
        np.testing.assert_allclose(compute(segments, parse_statistic(name)), getattr(grouped, method)(), rtol=1e-12)


def test_a_share_of_the_samples_is_exact_where_floating_point_is_not() -> None:
    assert 28 == math.floor(0.29 * 100)
    hundred = segmented([[(float(value), 1) for value in range(100)]])
    assert [71.0] == list(compute(hundred, parse_statistic("TC(29%:)")))
    assert [29.0] == list(compute(hundred, parse_statistic("tc29")))


def test_a_share_of_very_many_samples_is_exact() -> None:
    many = Segments.of(np.zeros(2, dtype=np.int64), np.array([1.0, 2.0]), np.array([2.0**51, 2.0**51]))
    kept = 2**52 - math.floor(Fraction(1, 10**12) * 2**52)
    assert [float(kept)] == list(compute(many, parse_statistic("TC(0.0000000001%:)")))


def test_a_negative_value_takes_trimmed_statistics_away_but_not_percentiles() -> None:
    segments = segmented([[(-1.0, 1), (3.0, 1)], [(1.0, 1)]])
    for name in ("tm90", "TC(1:2)", "ts90", "wm90", "IQM", "PR(:2)"):
        values = compute(segments, parse_statistic(name))
        assert [True, False] == np.isnan(values).tolist()
    assert [1.0, 1.0] == list(compute(segments, parse_statistic("p50")))


def test_samples_known_only_as_a_set_take_every_sample_statistic_away() -> None:
    segments = segmented([[(1.0, 2)], [(5.0, 1)]])
    poisoned = Segments.of(
        np.append(segments.keys.repeat(1), [1]), np.array([1.0, 5.0, np.nan]), np.array([2.0, 1.0, 7.0])
    )
    for name in ("p0", "p50", "tc90", "PR(:9)", "IQM"):
        assert [False, True] == np.isnan(compute(poisoned, parse_statistic(name))).tolist()


def test_sums_of_small_segments_are_not_hurt_by_big_neighbours() -> None:
    segments = segmented([[(1e300, 1)], [(1e-3, 1), (2e-3, 1)]])
    assert [1e300, pytest.approx(3e-3, rel=1e-15)] == list(compute(segments, parse_statistic("Sum")))


def test_fractional_counts_do_not_break_ranks() -> None:
    segments = Segments.of(np.array([0, 0, 1]), np.array([1.0, 2.0, 9.0]), np.array([0.5, 0.25, 0.25]))
    assert [1.0, 9.0] == list(percentile(segments, Fraction(1, 2)))
    assert np.all(np.isfinite(compute(segments, parse_statistic("tm50"))))


def test_no_samples_give_no_segments() -> None:
    empty = Segments.of(np.empty(0, np.int64), np.empty(0), np.empty(0))
    for name in NAMES:
        assert 0 == len(compute(empty, parse_statistic(name)))


@pytest.mark.parametrize("name", ["Last", "Rate"])
def test_statistics_of_time_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="needs times"):
        compute(segmented([[(1.0, 1)]]), parse_statistic(name))
