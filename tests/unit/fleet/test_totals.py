import pytest

from trimtab.fleet.frame import Totals


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
