import contextlib
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.parser import text_string_to_metric_families

from trimtab.agent.scrape.exposition import Page, Pairs, read
from trimtab.agent.scrape.remote_write import Metadata
from trimtab.base.errors import InvalidInput

Key = tuple[str, Pairs]


def key(name: str, labels: Pairs) -> Key:
    return name, tuple(sorted(labels))


def parse(text: str, openmetrics: bool = False, known: dict[str, Key] | None = None) -> Page[Key]:
    return read(text, openmetrics, known or {}, key)


def samples(text: str, openmetrics: bool = False) -> list[tuple[Key, float, int | None]]:
    return parse(text, openmetrics).samples


def test_a_line_is_a_series_a_value_and_perhaps_a_time() -> None:
    text = 'up 1\nhttp_total{code="200",method="get"} 1.5e3 1764000000123\n\n  \n# a remark\nx{a="1"} +Inf\ny NaN\n'
    found = samples(text)
    assert found[:3] == [
        (("up", ()), 1.0, None),
        (("http_total", (("code", "200"), ("method", "get"))), 1500.0, 1_764_000_000_123),
        (("x", (("a", "1"),)), math.inf, None),
    ]
    assert math.isnan(found[3][1])


@pytest.mark.parametrize(
    ("line", "labels"),
    [
        (r'a{path="C:\\dir\n\"x\""} 1', (("path", 'C:\\dir\n"x"'),)),
        ('a{text="} # {b=1} 7"} 1', (("text", "} # {b=1} 7"),)),
        ('a{ x = "1" , y="2", } 1', (("x", "1"), ("y", "2"))),
        ("a{} 1", ()),
        ('a {x="1"}  1', (("x", "1"),)),
        ('a{x="ä 東"}\t1', (("x", "ä 東"),)),
    ],
)
def test_labels_are_read_with_their_escapes(line: str, labels: Pairs) -> None:
    assert samples(line) == [(("a", labels), 1.0, None)]


def test_openmetrics_has_seconds_exemplars_and_an_end() -> None:
    text = (
        "# TYPE lat histogram\n"
        'lat_bucket{le="1.0"} 8 1764000000.5 # {trace_id="a b"} 0.67 1764000000.1\n'
        'lat_bucket{le="+Inf"} 9 # {trace_id="}"} 1.5\n'
        "# EOF\nrubbish after the end\n"
    )
    assert samples(text, openmetrics=True) == [
        (("lat_bucket", (("le", "1.0"),)), 8.0, 1_764_000_000_500),
        (("lat_bucket", (("le", "+Inf"),)), 9.0, None),
    ]


def test_metadata_is_gathered() -> None:
    page = parse("# HELP a What it is.\n# TYPE a counter\n# UNIT a seconds\n# TYPE b untyped\n# just a remark\n")
    assert page.families == {"a": Metadata("a", "counter", "What it is.", "seconds"), "b": Metadata("b", "unknown")}


@pytest.mark.parametrize(
    "line",
    ["a", "a b", "a{x=1} 1", 'a{x="1" 1', 'a{x="1"y="2"} 1', "1a 2", "a 1 2 3", 'a{x="1",x="2"} 1', "a 1_000", "{} 1"],
)
def test_a_malformed_line_is_named_and_fails_the_page(line: str) -> None:
    with pytest.raises(InvalidInput, match="cannot read line 2"):
        samples(f"fine 1\n{line}\n")


def test_a_series_that_comes_twice_fails_the_page() -> None:
    for known in ({}, {"a": key("a", ())}):
        with pytest.raises(InvalidInput, match="line 3: a comes twice"):
            parse("a 1\nb 1\na 2\n", known=known)


def test_what_was_met_before_is_not_decoded_again() -> None:
    made: list[str] = []

    def remember(name: str, labels: Pairs) -> str:
        made.append(name)
        return name

    text = 'a{x="1"} 1\nb 2 1764000000000\n'
    first = read(text, False, {}, remember)
    second = read(text.replace(" 1\n", " 5\n"), False, first.seen, remember)
    assert made == ["a", "b"]
    assert second.samples == [("a", 5.0, None), ("b", 2.0, 1_764_000_000_000)]
    assert second.seen == first.seen


def registry() -> CollectorRegistry:
    found = CollectorRegistry()
    Gauge("depth", 'Of the "queue"\nnow', ["name"], registry=found).labels('we"ird\\\n').set(-0.25)
    Counter("served", "Requests", ["code"], registry=found).labels("200").inc(7)
    Histogram("took_seconds", "Time", registry=found).observe(0.3)
    return found


@pytest.mark.parametrize("openmetrics", [False, True])
def test_it_reads_what_prometheus_client_writes(openmetrics: bool) -> None:
    known = registry()
    text = (generate_openmetrics if openmetrics else generate_latest)(known).decode()
    expected = {
        key(one.name, tuple(one.labels.items())): one.value for family in known.collect() for one in family.samples
    }
    assert {made: value for made, value, _ in samples(text, openmetrics)} == expected


@given(
    st.dictionaries(st.from_regex(r"[a-z][a-z0-9_]{0,5}", fullmatch=True), st.text(), max_size=4),
    st.floats(allow_nan=False),
)
def test_it_agrees_with_prometheus_clients_parser(labels: dict[str, str], value: float) -> None:
    def quote(text: str) -> str:
        return text.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")

    inside = ",".join(f'{name}="{quote(text)}"' for name, text in labels.items())
    line = f"metric{{{inside}}} {value!r}"
    (family,) = text_string_to_metric_families(line + "\n")
    (expected,) = family.samples
    assert samples(line) == [(key("metric", tuple(expected.labels.items())), expected.value, None)]


@given(st.text())
def test_no_text_breaks_it(text: str) -> None:
    with contextlib.suppress(InvalidInput):
        parse(text)


def test_only_a_line_feed_ends_a_line() -> None:
    assert samples('a{x="one\u2028two\x0bthree\x85"} 1\n') == [
        (("a", (("x", "one\u2028two\x0bthree\x85"),)), 1.0, None)
    ]
    assert samples("a 1\r\nb 2\r\n")[1][0] == ("b", ())
