import pytest

from trimtab.base.errors import InvalidInput
from trimtab.sources.prometheus.selector import EVERY_SERIES, parse


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("up", '{__name__="up"}'),
        ('{job="a"}', '{job="a"}'),
        (' up { job="a", } ', '{__name__="up",job="a"}'),
        ("up{}", '{__name__="up"}'),
        (EVERY_SERIES, EVERY_SERIES),
    ],
)
def test_a_selector_becomes_matchers(text: str, expected: str) -> None:
    assert parse(text).text == expected


def test_names_are_put_in_as_a_pattern_that_means_only_them() -> None:
    found = parse('{job="a"}').of(["up", "a.b", "c|d", 'q"'])
    assert found.text == '{job="a",__name__=~"up|a\\\\.b|c\\\\|d|q\\""}'


@pytest.mark.parametrize("text", ["", "{}", "rate(up[5m])", "up{", "1up"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="cannot use selector"):
        parse(text)
