"""Logs Insights on the Logs page over made-up answers."""

import csv
import html
import json
import re
from urllib.parse import quote

import pytest
from tests.unit.web.conftest import Open

from asgi_client import AsgiClient
from browser.pretend_insights import TRACE
from trimtab.web.app import WebState


def address(query: str, more: str = "", path: str = "/logs") -> str:
    return f"{path}?mode=insights&query={quote(query)}{more}"


def test_without_a_query_there_are_examples_and_the_language(pages: AsgiClient) -> None:
    text = html.unescape(pages.get("/logs?mode=insights").text)
    assert "Errors over time" in text
    assert "pct(x, 99)" in text
    assert "query-rows" not in text


def test_events_lead_to_their_context_trace_and_host(pages: AsgiClient) -> None:
    text = html.unescape(pages.get(address("fields @timestamp, @traceId, host, @message")).text)
    assert "450 rows" in text
    assert f'href="/traces/{TRACE}"' in text
    assert re.search(r'href="/hosts/web-1\?from=[^"]+&to=', text)
    around = re.search(r'href="(/logs\?[^"]*around=2\.[0-9.]+)"', text)
    assert around is not None
    assert "charged order 0 <b>" in text
    assert "order 0 <b>" not in pages.get(address("fields @message")).text
    assert text.count("<tr>") == 1 + 200
    assert pages.get(address("fields @message", "&page=3")).text.count("<tr>") == 1 + 50


def test_a_mistake_is_shown_at_its_character(pages: AsgiClient) -> None:
    text = pages.get(address("fields @message | filtr x")).text
    assert "Invalid syntax at character 19" in text
    assert "<mark>filtr</mark>" in text
    assert 'data-start="18" data-end="23"' in text
    assert pages.get(address("filtr x", path="/logs.csv")).status_code == 400


@pytest.mark.parametrize(
    ("query", "form", "has"),
    [
        ("stats count(*) as n by bin(5m)", "", "<time-series data-held"),
        ("stats count(*) as n, avg(ms) by bin(5m), path", "lines", "<time-series data-held"),
        ("stats count(*) as n by bin(5m), path", "columns", 'class="columns"'),
        ("stats count(*) as n by path", "", 'class="drawing wide-only"'),
    ],
)
def test_groups_are_drawn(pages: AsgiClient, query: str, form: str, has: str) -> None:
    assert has in pages.get(address(query, f"&chart={form}")).text
    assert has not in pages.get(address(query, "&chart=none")).text


def test_lines_have_a_value_for_each_bin(pages: AsgiClient) -> None:
    text = html.unescape(pages.get(address("stats count(*) as n by bin(5m), path")).text)
    drawn = re.search(r'data-held="(\{.*?\})" label', text)
    assert drawn is not None
    held = json.loads(drawn[1])
    assert (held["step"], held["count"]) == (300_000, 30)
    assert sorted(line["label"] for line in held["series"]) == ["v0", "v1", "v2"]
    assert sum(value is not None for line in held["series"] for value in line["values"]) == 30


def test_rows_as_csv_and_json(pages: AsgiClient) -> None:
    query = "stats count(*) as n by path"
    rows = list(csv.reader(pages.get(address(query, path="/logs.csv")).text.splitlines()))
    assert rows[:2] == [["path", "n"], ["v0", "7"]]
    found = pages.get(address("fields @message", path="/logs.json")).json()
    assert found["columns"] == ["@timestamp", "@traceId", "host", "@message"]
    assert "@traceId" not in found["rows"][0]


def test_the_vocabulary_has_what_events_have(pages: AsgiClient) -> None:
    found = pages.get("/logs/vocabulary.json").json()
    fields = {one["name"]: one["says"] for one in found["fields"]}
    assert fields["status"] == "in 50 % of events"
    assert {"@message", "@duration", "level", "pod"} <= fields.keys()
    assert {"stats", "lookup"} <= {one["name"] for one in found["commands"]}


def test_a_query_is_saved_used_and_forgotten(open_pages: Open, fleet: WebState) -> None:
    pages = open_pages(fleet)
    form = {"name": "Slow", "query": "filter ms > 5", "groups": "/shop/payments"}
    assert pages.post("/logs/queries", data=form).status_code == 303
    text = html.unescape(pages.get("/logs?mode=insights").text)
    used = re.search(r'href="([^"]+)" title="filter ms > 5"', text)
    assert used is not None
    assert "group=/shop/payments" in used[1]
    id_ = re.search(r'name="id" value="([^"]+)"', text)
    assert id_ is not None
    assert pages.post("/logs/queries", data={"name": "Bad", "query": "filtr"}).status_code == 400
    pages.post("/logs/queries", data={"do": "delete", "id": id_[1]})
    assert ">Slow<" not in pages.get("/logs?mode=insights").text


def test_without_groups_the_page_says_how_to_begin(open_pages: Open, nothing: WebState) -> None:
    assert "No log group yet" in open_pages(nothing).get("/logs?mode=insights").text
