import pytest

from trimtab.agent.listing import table, value_text
from trimtab.agent.reading import Reading


@pytest.mark.parametrize(
    ("unit", "value", "text"),
    [
        ("By", 512, "512 B"),
        ("By", 1536, "1.5 KiB"),
        ("By", 3 * 1024**3, "3.0 GiB"),
        ("1", 0.125, "12.5 %"),
        ("s", 90_061.0, "1 d 01:01"),
        ("{thread}", 0.5, "0.5"),
        ("{process}", 12, "12"),
    ],
)
def test_values_are_readable(unit: str, value: float, text: str) -> None:
    assert value_text(Reading("x", unit, value)) == text


def test_columns_are_aligned() -> None:
    lines = table([Reading("a.long.name", "1", 0.5, (("k", "v"), ("l", "w"))), Reading("b", "By", 1)]).splitlines()
    assert lines == ["a.long.name  v, w  50.0 %", "b                     1 B"]


def test_nothing_gives_an_empty_table() -> None:
    assert table([]) == ""
