from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.base.errors import InvalidInput
from trimtab.doors.statsd.line import Line, Type, read_line, read_number, read_tags
from trimtab.doors.statsd.window import Windows


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("hits:1|c", Line("hits", Type.COUNTER, ("1",))),
        ("hits:3|c|@0.5", Line("hits", Type.COUNTER, ("3",), 0.5)),
        ("load:-2.5|g", Line("load", Type.GAUGE, ("-2.5",))),
        ("t:320|ms|@0.1|#env:b,hot", Line("t", Type.TIMER, ("320",), 0.1, (("env", "b"), ("hot", "true")))),
        ("size:1:2.5:3|h", Line("size", Type.HISTOGRAM, ("1", "2.5", "3"))),
        ("size:1|d", Line("size", Type.DISTRIBUTION, ("1",))),
        ("users:a:b|s", Line("users", Type.SET, ("a:b",))),
        ("hits:1|c|#a:1|c:83c0|e:it|card:low|T99", Line("hits", Type.COUNTER, ("1",), 1.0, (("a", "1"),), 99)),
        ("ä:1|c|#", Line("ä", Type.COUNTER, ("1",))),
    ],
)
def test_lines(text: str, expected: Line) -> None:
    assert expected == read_line(text)


@pytest.mark.parametrize("text", ["_e{5,4}:title|text", "_sc|name|0"])
def test_events_and_service_checks_are_no_metrics(text: str) -> None:
    assert read_line(text) is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("hits", "not name:value"),
        ("hits:1", "not name:value"),
        (":1|c", "name has not"),
        ("x" * 256 + ":1|c", "name has not"),
        ("hits:1|x", "none of c, g"),
        ("hits:1|c|@0", "sample rate"),
        ("hits:1|c|@2", "sample rate"),
        ("hits:1|c|@1e-300", "sample rate"),
        ("hits:1|c|@often", "not a number"),
        ("hits:1|c|Tnow", "seconds since 1970"),
        ("hits:1|c|#" + ",".join(f"k{at}:v" for at in range(31)), "more than 30 tags"),
        ("hits:1|c|#k:" + "v" * 1025, "its value than 1024"),
    ],
)
def test_what_is_wrong_is_said(text: str, reason: str) -> None:
    with pytest.raises(InvalidInput, match=reason):
        read_line(text)


@pytest.mark.parametrize("text", ["", "x", "nan", "inf", "1_0", " 1", "0x1", "1e99999", "\u0661", "1e300"])
def test_what_is_no_number(text: str) -> None:
    with pytest.raises(InvalidInput):
        read_number(text)


@pytest.mark.parametrize(
    ("text", "value"), [("1", 1.0), ("-2.5", -2.5), ("+3", 3.0), (".5", 0.5), ("1e3", 1000.0), ("2.", 2.0)]
)
def test_numbers(text: str, value: float) -> None:
    assert value == read_number(text)


def test_values_of_a_repeated_tag_are_joined_and_empty_tags_ignored() -> None:
    assert (("a", "1,2"), ("b", "x:y")) == read_tags("a:2,,a:1,b:x:y,:none")


@given(text=st.text(alphabet=":|@#,cgmshdT_e{}0123456789.-+nai ", max_size=40))
def test_any_line_is_taken_or_refused(text: str) -> None:
    windows = Windows()
    windows.roll(1_000_000)
    with suppress(InvalidInput):
        line = read_line(text)
        if line is not None:
            windows.add(line)
    windows.end()
