"""Percentiles of buckets: as Prometheus' histogram_quantile, and sensible where layouts meet."""

import math
from itertools import accumulate, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.metrics.intervals import Intervals, concatenate, quantile


def explicit(bounds: list[float], counts: list[int], segment: int = 0) -> Intervals:
    edges = np.array([-math.inf, *bounds, math.inf])
    number = len(counts)
    return Intervals(
        np.full(number, segment, dtype=np.int64), edges[:-1], edges[1:], np.array(counts, dtype=float),
        np.zeros(number, dtype=np.bool_),
    )  # fmt: skip


def exponential(scale: int, counts: dict[int, int], segment: int = 0) -> Intervals:
    index = np.array(list(counts), dtype=float)
    base = 2.0 ** (2.0**-scale)
    return Intervals(
        np.full(len(counts), segment, dtype=np.int64), base**index, base ** (index + 1),
        np.array(list(counts.values()), dtype=float), np.ones(len(counts), dtype=np.bool_),
    )  # fmt: skip


def histogram_quantile(q: float, bounds: list[float], counts: list[int]) -> float:
    """Prometheus' bucketQuantile, transcribed from its documentation."""
    rank, upper = q * sum(counts), list(accumulate(counts))
    number = next(at for at, seen in enumerate(upper) if seen >= rank and counts[at])
    if number == len(bounds):
        return bounds[-1]
    if number == 0 and bounds[0] <= 0:
        return bounds[0]
    low = bounds[number - 1] if number else 0.0
    return low + (bounds[number] - low) * (rank - upper[number] + counts[number]) / counts[number]


@given(
    bounds=st.lists(st.integers(-5, 40), min_size=1, max_size=6, unique=True).map(sorted),
    data=st.data(),
    q=st.floats(0.001, 1),
)
def test_explicit_buckets_answer_as_prometheus_does(bounds: list[int], data: st.DataObject, q: float) -> None:
    number = len(bounds) + 1
    counts = data.draw(st.lists(st.integers(0, 9), min_size=number, max_size=number).filter(any))
    segments, values = quantile(explicit([float(bound) for bound in bounds], counts), q)
    assert [0] == segments.tolist()
    assert histogram_quantile(q, bounds, counts) == pytest.approx(values[0], rel=1e-9, abs=1e-9)


def test_exponential_buckets_spread_geometrically() -> None:
    assert 2**2.5 == pytest.approx(quantile(exponential(0, {2: 4}), 0.5)[1][0])
    mirrored = exponential(0, {2: 4})
    negative = Intervals(mirrored.segment, -mirrored.high, -mirrored.low, mirrored.count, mirrored.geometric)
    assert -(2**2.25) == pytest.approx(quantile(negative, 0.75)[1][0])


def test_equal_layouts_add_up_and_segments_keep_apart() -> None:
    rows = concatenate([explicit([1, 2], [0, 2, 0], 5), explicit([1, 2], [4, 2, 0], 5), explicit([9], [2, 0], 6)])
    segments, values = quantile(rows, 0.5)
    assert ([5, 6], [1.0, 4.5]) == (segments.tolist(), values.tolist())


def test_layouts_that_cross_are_cut_at_each_others_bounds() -> None:
    rows = concatenate([explicit([0, 4], [0, 4, 0]), explicit([2, 6], [0, 4, 0])])
    # One value a unit from 0 to 2, two from 2 to 4, one from 4 to 6.
    assert [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0] == pytest.approx(
        [quantile(rows, rank / 8)[1][0] for rank in (0, 1, 2, 4, 6, 7, 8)]
    )


def test_raw_values_are_points_among_buckets() -> None:
    point = Intervals(np.array([0]), np.array([3.0]), np.array([3.0]), np.array([8.0]), np.array([False]))
    rows = concatenate([explicit([2, 4], [0, 2, 0]), point])
    assert [3.0] * 3 == [quantile(rows, q)[1][0] for q in (0.2, 0.5, 0.85)]
    assert 2.5 == quantile(rows, 0.05)[1][0]


@given(
    finer=st.dictionaries(st.integers(-40, 40), st.integers(1, 9), min_size=1, max_size=20),
    coarser=st.dictionaries(st.integers(-5, 5), st.integers(1, 9), min_size=1, max_size=8),
)
def test_mixed_scales_stay_monotonic_and_within_bounds(finer: dict[int, int], coarser: dict[int, int]) -> None:
    parts = [exponential(3, finer), exponential(0, coarser)]
    rows = concatenate(parts)
    found = [quantile(rows, q / 20)[1][0] for q in range(21)]
    assert all(low <= high * (1 + 1e-9) for low, high in pairwise(found))
    assert rows.low.min() == pytest.approx(found[0])
    assert rows.high.max() == pytest.approx(found[-1])


def test_a_bucket_without_bounds_has_no_percentile() -> None:
    assert np.isnan(quantile(explicit([], [5]), 0.5)[1]).all()
    assert 0 == len(quantile(explicit([1], [0, 0]), 0.5)[0])
