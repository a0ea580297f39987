import math

from trimtab.charts.sparkline import sparkline


def test_a_gap_splits_the_line() -> None:
    assert sparkline([1, 2, None, 3, 4]).count("<polyline") == 2
    assert sparkline([1, 2, math.nan, 3, 4]).count("<polyline") == 2


def test_a_lonely_point_is_still_seen() -> None:
    drawn = sparkline([None, 5, None], width=100)
    assert 'points="49,' in drawn
    assert " 51," in drawn


def test_nothing_draws_nothing() -> None:
    assert "<poly" not in sparkline([])
    assert "<poly" not in sparkline([None, None])


def test_the_axis_starts_at_zero_and_ends_at_top() -> None:
    assert 'points="0,32 100,2"' in sparkline([0, 1], width=100, height=34, top=1)


def test_it_is_hidden_from_screen_readers_unless_it_has_a_label() -> None:
    assert 'aria-hidden="true"' in sparkline([1, 2])
    assert 'role="img" aria-label="CPU of web-1"' in sparkline([1, 2], label="CPU of web-1")
