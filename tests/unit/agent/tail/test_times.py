"""Times of lines, as programs write them."""

import pytest

from trimtab.agent.tail.times import Times

AT = 1_795_687_384_000  # 2026-11-26T10:03:04Z
NOW = AT + 1000


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [
        ("2026-11-26T10:03:04Z INFO", 0),
        ("2026-11-26 10:03:04,125 INFO", 125),
        ("INFO [2026/11/26 10:03:04.1252891] x", 125),
        ("2026-11-26T11:03:04.5+01:00 x", 500),
        ("2026-11-26 11:03:04 +0100 x", 0),
        ('10.0.0.1 - - [26/Nov/2026:12:03:04 +0200] "GET / HTTP/1.1" 200', 0),
        ("Nov 26 10:03:04 host app[1]: x", 0),
        ("<34>Nov 26 10:03:04 host app: x", 0),
        ("1795687384 x", 0),
        ("1795687384.25 x", 250),
        ("1795687384125 x", 125),
    ],
)
def test_usual_forms_are_found(text: str, milliseconds: int) -> None:
    assert Times(zone="UTC").of_text(text, NOW) == AT + milliseconds


@pytest.mark.parametrize("text", ["", "no time", "Now 26 10:03:04", "2026-13-45 10:03:04 x", "12345", "18:03:04 x"])
def test_what_is_no_time_is_none(text: str) -> None:
    assert Times(zone="UTC").of_text(text, NOW) is None


def test_a_line_without_a_year_is_of_the_last_time_that_it_was_so() -> None:
    times = Times(zone="UTC")
    assert times.of_text("Dec 31 23:59:59 host x", NOW) == 1_767_225_599_000  # of 2025
    assert times.of_text("Feb 29 00:00:00 host x", NOW) == 1_709_164_800_000  # of 2024


def test_a_zone_of_the_file_and_a_form_of_its_own() -> None:
    times = Times("%d.%m.%Y %H:%M:%S", "Europe/Berlin")
    assert times.of_text("[26.11.2026 11:03:04] x", NOW) == AT
    assert times.of_text("2026-11-26T10:03:04Z", NOW) is None
    assert Times("none").of_text("2026-11-26T10:03:04Z", NOW) is None


@pytest.mark.parametrize("value", [AT // 1000, AT, AT * 1000, AT * 1_000_000, "2026-11-26T10:03:04Z"])
def test_numbers_of_json_are_seconds_or_parts_of_them(value: object) -> None:
    assert Times().of_value(value, NOW) == AT
    assert Times("none").of_value(value, NOW) is None


@pytest.mark.parametrize("value", [True, None, 12, [], -1.0])
def test_other_values_are_no_times(value: object) -> None:
    assert Times().of_value(value, NOW) is None
