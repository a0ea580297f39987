import pytest

from trimtab.fleet.frame import Totals
from trimtab.fleet.model import PARTS, unmeasured


@pytest.mark.parametrize(
    ("hours", "share"),
    [
        (Totals(), None),
        (Totals(existing=8, held=8, active=4), 0.5),
        (Totals(existing=8, held=8, unmeasured=8), None),  # nothing measures who had it
        (Totals(existing=8, held=8, active=2, unmeasured=4), 0.25),
        (Totals(existing=8, free=8), 0.0),
        (Totals(existing=8, unknown=8), None),  # nobody says who had it
        (Totals(existing=8, unknown=6, down=2), None),
        (Totals(existing=8, unknown=6, free=2), 0.0),
        (Totals(existing=8, down=8), 0.0),
    ],
)
def test_the_active_share_is_told_where_it_is_known(hours: Totals, share: float | None) -> None:
    assert hours.active_share == share


@pytest.mark.parametrize(
    ("amount", "known", "left"),
    [
        (8 * PARTS, 8 * PARTS - 3.3, 0.0),  # sums of doubles over days
        (8 * PARTS, 8 * PARTS + 3.3, 0.0),
        (8 * PARTS, 7 * PARTS, PARTS),
        (8 * PARTS, 0.0, 8 * PARTS),
    ],
)
def test_what_rounding_leaves_was_measured(amount: int, known: float, left: float) -> None:
    assert left == float(unmeasured(amount, known))
