"""Array arithmetic against a slow reference that goes point by point."""

import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.metrics.expressions.arithmetic import OPERATORS, Dropped, combine
from trimtab.metrics.expressions.functions.catalog import CATALOG
from trimtab.metrics.expressions.values import Grid, Lines, Tag, aligned

START = 1_764_000_000_000
values = st.one_of(st.none(), st.sampled_from([0.0, 1.0, -1.0, 2.0, 0.5, -3.0, 1e200]))
rows = st.lists(values, min_size=1, max_size=6)
PERIODS = st.sampled_from([10, 20, 60])


def line(row: list[float | None], period_s: int = 60, start_ms: int = START) -> Lines:
    grid = Grid(start_ms, period_s * 1000, len(row))
    return Lines(grid, np.array([[math.nan if one is None else one for one in row]]), (Tag("t"),), False)


def points(lines: Lines) -> dict[int, float]:
    return {
        time: value
        for time, value in zip(lines.grid.times.tolist(), lines.values[0].tolist(), strict=True)
        if not math.isnan(value)
    }


PYTHON: dict[str, Callable[[float, float], float]] = {
    "+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b, "/": lambda a, b: a / b,
    "^": lambda a, b: math.pow(a, b),
    "==": lambda a, b: a == b, "!=": lambda a, b: a != b, "<": lambda a, b: a < b, "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b, ">=": lambda a, b: a >= b, "&&": lambda a, b: bool(a and b),
    "||": lambda a, b: bool(a or b),
}  # fmt: skip


def one(sign: str, left: float, right: float) -> float | None:
    try:
        found = float(PYTHON[sign](left, right))
    except (ZeroDivisionError, ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


@given(st.sampled_from(sorted(OPERATORS)), rows, PERIODS, rows, PERIODS)
def test_two_series_meet_with_zeros(
    sign: str, left: list[float | None], left_s: int, right: list[float | None], right_s: int
) -> None:
    first, second = line(left, left_s), line(right, right_s)
    found = combine(sign, first, second, dropped := Dropped())
    a, b = points(first), points(second)
    expected = {time: one(sign, a.get(time, 0.0), b.get(time, 0.0)) for time in a.keys() | b.keys()}
    assert isinstance(found, Lines)
    assert points(found) == pytest.approx({time: value for time, value in expected.items() if value is not None})
    assert dropped.any == (None in expected.values())


@given(st.sampled_from(sorted(OPERATORS)), rows, st.sampled_from([0.0, 2.0, -1.5]), st.booleans())
def test_a_number_adds_no_points(sign: str, row: list[float | None], number: float, number_first: bool) -> None:
    series = line(row)
    pair = (number, series) if number_first else (series, number)
    found = combine(sign, *pair, Dropped())
    expected = {
        time: one(sign, number, value) if number_first else one(sign, value, number)
        for time, value in points(series).items()
    }
    assert isinstance(found, Lines)
    assert points(found) == pytest.approx({time: value for time, value in expected.items() if value is not None})


@given(rows, PERIODS, st.integers(0, 5), rows, PERIODS)
def test_aligned_series_keep_their_points(
    left: list[float | None], left_s: int, shift: int, right: list[float | None], right_s: int
) -> None:
    pair = (line(left, left_s, START + shift * 10_000), line(right, right_s))
    moved = aligned(*pair)
    assert moved[0].grid == moved[1].grid
    assert [points(one) for one in pair] == [points(one) for one in moved]


@given(rows)
def test_changes_are_those_between_neighbours_that_exist(row: list[float | None]) -> None:
    series = line(row)
    setting = type("Setting", (), {"grid": series.grid, "dropped": Dropped()})()
    known = list(points(series).items())
    pairs = list(pairwise(known))
    expected = {
        "DIFF": {at: value - before for (_, before), (at, value) in pairs},
        "DIFF_TIME": {at: (at - earlier) / 1000 for (earlier, _), (at, _) in pairs},
        "RATE": {at: (value - before) / ((at - earlier) / 1000) for (earlier, before), (at, value) in pairs},
        "RUNNING_SUM": {at: sum(value for _, value in known[: number + 1]) for number, (at, _) in enumerate(known)},
    }
    for name, wanted in expected.items():
        compute = CATALOG[name].compute
        assert compute is not None
        found = compute(setting, [series])
        assert isinstance(found, Lines)
        assert points(found) == pytest.approx(wanted)
