"""Histograms of durations."""

from hypothesis import given
from hypothesis import strategies as st

from trimtab.inference.load.histogram import Histogram, bounds, bucket


@given(st.integers(0, 10**10))
def test_a_bucket_holds_its_value_within_half_a_percent(us: int) -> None:
    low, high = bounds(bucket(us))
    assert low <= us < high
    assert high - low <= max(1, low / 255)


@given(st.lists(st.integers(1, 10**7), min_size=1, max_size=300), st.sampled_from((0.01, 0.5, 0.9, 0.99, 1.0)))
def test_quantiles_are_those_of_the_sorted_values(values: list[int], share: float) -> None:
    histogram = Histogram()
    for one in values:
        histogram.record(one)
    rank = max(1, -(-len(values) * share // 1))
    exact = sorted(values)[int(rank) - 1]
    found = histogram.quantile(share)
    assert found is not None
    assert abs(found - exact) <= exact / 200 + 1


def test_parts_add_up() -> None:
    one, other = Histogram({5: 2}), Histogram({5: 1, 900: 4})
    whole = Histogram.merged((one, other))
    assert (7, {5: 3, 900: 4}) == (whole.total, whole.counts)
    assert 3 == whole.within(10)


def test_nothing_has_no_quantile() -> None:
    assert None is Histogram().quantile(0.5)
    assert None is Histogram().mean()
