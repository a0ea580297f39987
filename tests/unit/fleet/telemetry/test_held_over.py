"""Values of GPUs that report more rarely than a step."""

import numpy as np

from trimtab.fleet.telemetry.held_over import held_over
from trimtab.fleet.telemetry.window import Grid

NONE = float("nan")


def test_a_value_stands_until_the_next_report_where_that_is_within_five_minutes() -> None:
    grid = Grid.over(0, 8 * 60_000, 60)
    values = np.array(
        [
            [0.1, NONE, NONE, 0.4, NONE, NONE, NONE, NONE],  # stops after the fourth minute
            [0.1, NONE, NONE, NONE, NONE, NONE, NONE, 0.8],  # the next report is too far
            [NONE, NONE, 0.3, NONE, 0.5, 0.6, 0.7, 0.8],  # of the time before its first report nothing is said
            [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8],
            [NONE] * 8,
        ]
    )
    told = values.copy()
    expected = np.array(
        [
            [0.1, 0.1, 0.1, 0.4, NONE, NONE, NONE, NONE],
            [0.1, NONE, NONE, NONE, NONE, NONE, NONE, 0.8],
            [NONE, NONE, 0.3, 0.3, 0.5, 0.6, 0.7, 0.8],
            [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8],
            [NONE] * 8,
        ]
    )
    np.testing.assert_array_equal(held_over(values, grid), expected)
    np.testing.assert_array_equal(values, told)  # the argument stays


def test_no_gap_changes_nothing() -> None:
    values = np.array([[0.1, 0.2], [0.3, 0.4]])
    np.testing.assert_array_equal(held_over(values, Grid.over(0, 120_000, 60)), values)
