"""What the command line says of a month that is not over, and of days that cannot be compared."""

import pytest

from trimtab.cli.cost_estimate import _error
from trimtab.cli.cost_forecast import _print_closing
from trimtab.client.cost_explorer_wire import ForecastLine, MonthClose
from trimtab.client.live_costs_wire import ComparedDay

SEPTEMBER = 1_756_684_800_000


def test_the_lines_of_the_open_month_are_shown_with_why_and_how_closed_months_went(
    capsys: pytest.CaptureFixture[str],
) -> None:
    tax = ForecastLine("tax", "0", "21000", "20500", "21500", "a share of everything before tax")
    found = MonthClose(
        SEPTEMBER, SEPTEMBER + 30 * 86_400_000, "60000", "40000", "60000", "121000", "119000", "123000", [tax], 8, 5,
        0.012, 0.8, "8 closed months are few",
    )  # fmt: skip
    _print_closing(found, "USD")
    said = capsys.readouterr()
    shown = " ".join((said.out + said.err).split())
    for words in (
        "2025-09, by line",
        "use ahead 40,000.00",
        "tax 21,000.00 20,500.00 21,500.00 0.00 a share of everything before tax",
        "On the same day of 5 closed months the forecast was 1.2% off (median) and 80% of them lay inside",
        "8 closed months are few.",
    ):
        assert words in shown


def test_a_day_without_telemetry_has_no_percentage() -> None:
    assert "–" == _error(ComparedDay(SEPTEMBER, "58", "100", "telemetry was silent", silent=True))
    assert "-42.0%" == _error(ComparedDay(SEPTEMBER, "58", "100"))
