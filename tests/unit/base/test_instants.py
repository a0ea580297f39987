"""Moments as people and programs write them."""

import pytest

from trimtab.base.errors import InvalidInput
from trimtab.base.timerange import parse_instant_ms

NOW_MS = 1_764_490_000_000


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("now", NOW_MS),
        ("-3h", NOW_MS - 10_800_000),
        ("1764490000", NOW_MS),
        ("1764490000000", NOW_MS),
        ("2025-11-30T08:06:40Z", NOW_MS),
    ],
)
def test_each_form_is_read(text: str, expected: int) -> None:
    assert parse_instant_ms(text, NOW_MS) == expected


@pytest.mark.parametrize("text", ["²", "-²", "9" * 5000, "yesterday", "2026-13-01"])
def test_what_is_none_is_told(text: str) -> None:
    with pytest.raises(InvalidInput, match="cannot read"):
        parse_instant_ms(text, NOW_MS)
