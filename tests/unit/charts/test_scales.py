import math

from trimtab.charts.scales import LinearScale, extent_from_zero


def test_a_scale_maps_its_ends_and_its_middle() -> None:
    scale = LinearScale(0, 10, 100, 0)
    assert [scale(0), scale(5), scale(10)] == [100, 50, 0]


def test_a_domain_without_width_maps_to_the_start() -> None:
    assert LinearScale(3, 3, 0, 100)(3) == 0


def test_an_extent_starts_at_zero() -> None:
    assert extent_from_zero([3, 7]) == (0, 7)


def test_an_extent_goes_below_zero_where_values_do() -> None:
    assert extent_from_zero([-3, 7]) == (-3, 7)


def test_an_extent_of_nothing_or_zeros_has_width() -> None:
    assert extent_from_zero([]) == (0, 1)
    assert extent_from_zero([None, math.nan]) == (0, 1)
    assert extent_from_zero([0, 0]) == (0, 1)
