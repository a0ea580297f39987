"""The pages of traces over made-up ones."""

import html
import re
from urllib.parse import parse_qsl, urlsplit

import pytest
from tests.unit.web.conftest import Open

from asgi_client import AsgiClient
from browser.pretend_traces import BIG, BIG_SPANS
from trimtab.traces.filters.parser import parse
from trimtab.web.app import WebState


def text(pages: AsgiClient, address: str) -> str:
    found = pages.get(address)
    assert found.status_code == 200, found.text
    return html.unescape(found.text)


def test_traces_are_listed_with_what_explains_their_latency_and_their_models(pages: AsgiClient) -> None:
    shown = text(pages, "/traces?live=off")
    assert "60 traces" in shown
    assert "decode" in shown
    assert "llama-8b" in shown
    assert 60 == shown.count('class="log-time"')
    points = pages.get("/traces/points.json?live=off").json()["points"]
    assert 60 == len(points)
    assert {0, 1} == {failed for _, _, failed, _, _ in points}


def test_facets_lead_to_traces_through_a_service_and_to_those_that_failed_there(pages: AsgiClient) -> None:
    shown = text(pages, "/traces?q=duration > 0&live=off")
    sidebar = shown[shown.index('aria-label="Facets"') : shown.index('aria-label="Table of traces"')]
    through, failed = sidebar.split("Failed in")
    asked = [
        dict(parse_qsl(urlsplit(href).query))["q"]
        for part in (through, failed)
        for href in re.findall(r'href="([^"]+)"', part)
    ]
    services = re.findall(r">([^<]+)</a>", through)
    assert [f'(duration > 0) AND service("{name}")' for name in services] == asked[: len(services)]
    assert '(duration > 0) AND service("model") { fault OR error OR throttle }' in asked[len(services) :]
    for one in asked:
        parse(one)


def test_a_baseline_says_what_changed(pages: AsgiClient) -> None:
    shown = text(pages, "/traces?range=30m&baseline=before&live=off")
    assert re.search(r"Median: \d+ ms <span class=\"muted\">was \d+ ms", shown)
    assert "There is no trace in the baseline" in text(pages, "/traces?baseline=week&live=off")


def test_the_order_of_the_table_and_of_its_csv_is_in_the_address(pages: AsgiClient) -> None:
    rows = pages.get("/traces.csv?sort=duration_ms&live=off").text.splitlines()
    lengths = [float(row.split(",")[4]) for row in rows[1:]]
    assert ("trace,at", sorted(lengths, reverse=True)) == (rows[0][:8], lengths)


def test_mistakes_in_an_expression_say_where(pages: AsgiClient) -> None:
    assert "at character" in text(pages, "/traces?q=duration >")
    assert 400 == pages.get("/traces.json?q=duration >").status_code
    assert 400 == pages.get("/traces?low=much").status_code


def test_a_drag_over_the_picture_is_a_condition_on_durations(pages: AsgiClient) -> None:
    assert "100 ms to 500 ms" in text(pages, "/traces?low=100&high=500&live=off")


def test_a_trace_is_a_waterfall_whose_span_is_in_the_address(pages: AsgiClient) -> None:
    (id_, *_) = re.findall(r'/traces/([0-9a-f]{32})"', text(pages, "/traces?sort=failed&live=off"))
    shown = text(pages, f"/traces/{id_}?span={'d' * 16}")
    assert "On the critical path" in shown
    assert "no answer from <model>" in shown
    assert "no answer from <model>" not in pages.get(f"/traces/{id_}?span={'d' * 16}").text  # escaped
    assert "900 in, 120 out" in shown
    rows = pages.get(f"/traces/{id_}.json").json()["rows"]
    assert [0, 1, 1, 2, 1] == [row[0] for row in rows]
    assert ["queue", "decode"] == [name for row in rows for name, _ in row[9]]
    assert "receipt" in text(pages, f"/traces/{id_}/spans/{'e' * 16}")
    assert 404 == pages.get(f"/traces/{id_}?span=0").status_code
    assert 404 == pages.get("/traces/" + "1" * 32).status_code
    assert 400 == pages.get("/traces/short").status_code


def test_ten_thousand_spans_are_one_answer(pages: AsgiClient) -> None:
    assert BIG_SPANS == len(pages.get(f"/traces/{BIG}.json").json()["rows"])


def test_the_service_map_names_components_and_the_chosen_one_in_full(pages: AsgiClient) -> None:
    shown = text(pages, "/service-map?live=off&range=30m&baseline=before&node=model")
    assert "3 components" in shown
    assert "slower" in shown
    assert "Called by" in shown
    assert 'q=service("model")' in shown.replace("%22", '"').replace("%28", "(").replace("%29", ")")
    assert [["shop", "model"], ["shop", "orders-db"]] == [
        line.split(",")[:2] for line in pages.get("/service-map.csv?live=off").text.splitlines()[1:]
    ]


@pytest.mark.parametrize(
    "address", ["/traces/compare?range=30m&live=off", "/traces/compare?range=30m&live=off&suspects=1"]
)
def test_a_comparison_names_the_part_and_the_version(pages: AsgiClient, address: str) -> None:
    shown = text(pages, address)
    assert "of the difference is <b>model decode</b>" in shown
    assert "model.version" in shown
    if "suspects" in address:
        assert re.search(r'<td class="num">1</td><th scope="row">model</th>', shown)


def test_empty_pages_say_how_traces_are_sent(nothing: WebState, open_pages: Open, pages: AsgiClient) -> None:
    empty = open_pages(nothing)
    for path in ("/traces", "/service-map"):
        assert "OTEL_EXPORTER_OTLP_ENDPOINT" in empty.get(path).text
    assert "Nothing to compare" in empty.get("/traces/compare").text
    assert "No trace fits" in text(pages, '/traces?q=service("nobody")&live=off')
