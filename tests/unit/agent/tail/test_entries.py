"""Entries of files: whole, with what they say of themselves."""

import json
from typing import Any

import pytest

from trimtab.agent.tail.entries import LINE, Entries
from trimtab.agent.tail.times import Times

NOW = 1_795_687_384_000
TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


def records(text: str, begin: str = "") -> list[dict[str, Any]]:
    found, _ = Entries(begin, Times(zone="UTC")).records(text.encode(), 0, NOW)
    return [json.loads(line) for line in found.splitlines()]


def texts(text: str, begin: str = "") -> list[str]:
    return [record[LINE] for record in records(text, begin)]


def test_what_is_indented_continues_and_blank_lines_at_the_end_are_left_out() -> None:
    assert texts("a\nTraceback:\n  x\n\n  y\nlast\r\n\n") == ["a", "Traceback:\n  x\n\n  y", "last"]
    assert texts("\n\n") == []


def test_a_pattern_says_how_an_entry_begins() -> None:
    assert texts("# 1\nx\n# 2\n  y\n", "# ") == ["# 1\nx", "# 2\n  y"]
    assert texts("a\n  b\n", "") == ["a\n  b"]
    assert texts("a\n  b\n", "^") == ["a", "  b"]


@pytest.mark.parametrize(("lines", "last"), [(b"a\nb\n  c\n", 2), (b"a\n", 0), (b"  a\n  b\n", 0), (b"", 0)])
def test_where_the_last_entry_begins(lines: bytes, last: int) -> None:
    assert Entries("", Times()).last_begin(lines) == last


def test_a_json_line_tells_its_time_severity_and_trace_and_stays_as_it_is() -> None:
    line = f'{{"ts": 1795687380.5,  "level": "warn", "msg": "x", "trace_id": "{TRACE}", "span_id": "{SPAN}"}}'
    assert records(line) == [
        {LINE: line, "date": 1_795_687_380_500, "severity": "warn", "trace_id": TRACE, "span_id": SPAN}
    ]
    (numbered,) = records('{"level": 50, "time": 1795687380500}')
    assert (numbered["severity"], numbered["date"]) == ("ERROR", 1_795_687_380_500)


@pytest.mark.parametrize("line", ['{"level": ', "{}", "[1]", '{"level": {"a": 1}, "trace_id": 7, "time": "soon"}'])
def test_json_that_says_nothing_is_a_line_of_now(line: str) -> None:
    assert records(line) == [{LINE: line, "date": NOW}]


def test_a_line_of_text_tells_its_trace_too() -> None:
    (found,) = records(f"2026-11-26 10:03:00 done trace_id={TRACE} span_id={SPAN}")
    assert (found["trace_id"], found["span_id"], found["date"]) == (TRACE, SPAN, NOW - 4000)


def test_a_line_without_a_time_has_that_of_the_one_before() -> None:
    dates = [record["date"] for record in records("first\n2026-11-26 10:03:00 a\nb\n2026-11-26 10:03:01 c\n")]
    assert dates == [NOW, NOW - 4000, NOW - 4000, NOW - 3000]


def test_bytes_that_are_no_text_are_replaced() -> None:
    found, _ = Entries("", Times()).records(b"caf\xe9\n", 0, NOW)
    assert json.loads(found)[LINE] == "caf\N{REPLACEMENT CHARACTER}"
