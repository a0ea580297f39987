import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.base.errors import InvalidInput
from trimtab.fleet.telemetry.window import LONGEST_S, Grid

NOW = 1_764_000_123_456


@given(end=st.integers(NOW - 10**12, NOW), seconds=st.integers(1, LONGEST_S - 21_600))
def test_some_period_holds_the_whole_range_in_one_bucket(end: int, seconds: int) -> None:
    grid = Grid.over(end - seconds * 1000, end)
    period = grid.whole_period_s() * 1000
    assert grid.start_ms // period == (grid.end_ms - 1) // period
    assert period <= 3 * grid.seconds * 1000
    assert 1 <= grid.steps <= 1602


@given(start=st.integers(0, NOW), step=st.sampled_from([57, 60, 300]), seconds=st.integers(1, 86_400))
def test_a_grid_covers_its_range_in_whole_steps(start: int, step: int, seconds: int) -> None:
    grid = Grid.over(start, start + seconds * 1000, step)
    assert grid.start_ms <= start
    assert grid.end_ms >= start + seconds * 1000
    assert grid.start_ms % (step * 1000) == grid.end_ms % (step * 1000) == 0


@given(start=st.integers(0, NOW), step=st.sampled_from([57, 60, 300]), seconds=st.integers(1, 86_400))
def test_a_range_of_whole_steps_has_as_many_and_any_other_is_covered(start: int, step: int, seconds: int) -> None:
    end = start + seconds * 1000
    grid, cover = Grid.as_long(start, end, step), Grid.over(start, end, step)
    assert grid.end_ms == cover.end_ms
    assert grid.steps == seconds // step if seconds % step == 0 else grid == cover


def test_a_day_until_now_has_a_days_hours() -> None:
    assert 86_400 == Grid.as_long(NOW - 86_400_000, NOW).seconds


@pytest.mark.parametrize("seconds", [0, -5, LONGEST_S + 1])
def test_an_empty_or_endless_range_is_refused(seconds: int) -> None:
    with pytest.raises(InvalidInput, match="cannot compute KPIs"):
        Grid.over(NOW, NOW + seconds * 1000)
