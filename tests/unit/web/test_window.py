import pytest

from trimtab.base.errors import InvalidInput
from trimtab.web.window import read_window

NOW = 1_764_000_000_000
HOUR = 3_600_000


def test_auto_is_the_last_hour() -> None:
    window = read_window({}, NOW, NOW - 10 * HOUR)
    assert (window.start_ms, window.end_ms, window.words) == (NOW - HOUR, NOW, "last 60 min")


def test_auto_begins_with_the_data_where_that_is_younger() -> None:
    window = read_window({}, NOW, NOW - 600_000)
    assert (window.start_ms, window.words) == (NOW - 600_000, "since start, 10 min")


def test_auto_is_never_shorter_than_two_minutes() -> None:
    assert read_window({}, NOW, NOW - 5_000).start_ms == NOW - 120_000


@pytest.mark.parametrize(("choice", "hours"), [("1h", 1), ("6h", 6), ("24h", 24), ("7d", 168), ("3h", 3)])
def test_a_range_ends_now(choice: str, hours: int) -> None:
    window = read_window({"range": choice}, NOW, None)
    assert (window.end_ms - window.start_ms, window.moving) == (hours * HOUR, True)


def test_two_instants_stand_still() -> None:
    window = read_window({"from": "2025-11-24T10:00", "to": "2025-11-24T11:00:00Z"}, NOW, None)
    assert (window.end_ms - window.start_ms, window.moving, window.choice) == (HOUR, False, "custom")
    assert window.words == "2025-11-24 10:00:00 to 2025-11-24 11:00:00"
    assert dict(window.parameters) == {"from": "2025-11-24T10:00:00Z", "to": "2025-11-24T11:00:00Z"}


def test_a_relative_start_moves_and_is_kept_relative() -> None:
    window = read_window({"from": "-90m"}, NOW, None)
    assert (window.moving, dict(window.parameters)) == (True, {"from": "-90m", "to": "now"})


@pytest.mark.parametrize("parameters", [{"range": "soon"}, {"from": "yesterday"}, {"from": "now", "to": "-1h"}])
def test_what_cannot_be_read_is_refused(parameters: dict[str, str]) -> None:
    with pytest.raises(InvalidInput):
        read_window(parameters, NOW, None)
