"""Dashboards as Grafana reads them, with links that carry the range both ways."""

import json
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest

from trimtab.reports.dashboards.body import parse_body
from trimtab.reports.dashboards.model import Variable
from trimtab.reports.dashboards.starters import STARTERS
from trimtab.reports.dashboards.timing import Span
from trimtab.reports.dashboards.variables import Chosen
from trimtab.reports.exports.grafana import grafana_link, to_dashboard
from trimtab.reports.exports.provisioning import grafana_files
from trimtab.reports.imports.document import read_document

URL = "http://trimtab:4750"
CHART = {"title": "a", "data": {"queries": [{"query": "up", "label": "{{job}}"}]}}
METRIC = {"title": "b", "metrics": [["Shop", "Latency", "Service", "cart"]], "period": 60, "stat": "p99"}


def test_panels_become_panels() -> None:
    widgets = [
        {"type": "chart", "properties": CHART},
        {"type": "metric", "properties": METRIC},
        {"type": "text", "properties": {"markdown": "# c"}},
        {"type": "alarm", "properties": {"alarms": []}},
    ]
    board = to_dashboard("mine", json.dumps({"widgets": widgets, "start": "-PT6H"}), URL)
    chart, metric, text, alarm = board["panels"]
    assert ("timeseries", "up", "{{job}}") == (
        chart["type"],
        *(chart["targets"][0][key] for key in ("expr", "legendFormat")),
    )
    assert 'quantile_over_time(0.99, Latency{Service="cart"}[60s])' == metric["targets"][0]["expr"]
    assert "# c" == text["options"]["content"]
    assert "open the dashboard in trimtab" in alarm["options"]["content"]
    assert {"from": "now-6h", "to": "now"} == board["time"]


def test_links_carry_the_range_both_ways() -> None:
    board = to_dashboard("mine", '{"widgets": []}', URL)
    assert f"{URL}/dashboards/mine?from=${{__from}}&to=${{__to}}" == board["links"][0]["url"]
    chosen = [Chosen(Variable("v", "pattern", "${team}", "select", "Team", "", True), "a b", ())]
    now = 1_764_000_000_000
    back = urlsplit(grafana_link("http://grafana/", "mine", Span(now - 3_600_000, now), chosen))
    assert f"/d/{board['uid']}" == back.path
    assert {"from": ["now-60m"], "to": ["now"], "var-team": ["a b"]} == parse_qs(back.query)
    fixed = urlsplit(grafana_link("http://grafana", "mine", Span(now - 3_600_000, now, moving=False), []))
    assert {"from": [str(now - 3_600_000)], "to": [str(now)]} == parse_qs(fixed.query)


def test_provisioning_has_the_data_source_and_every_dashboard() -> None:
    files = grafana_files([], URL)
    (source,) = msgspec.yaml.decode(files["datasources/trimtab.yaml"])["datasources"]
    assert ("prometheus", URL) == (source["type"], source["url"])
    assert {f"dashboards/trimtab/{name}.json" for name in STARTERS} <= set(files)


@pytest.mark.parametrize("name", STARTERS)
def test_what_was_exported_imports_again(name: str) -> None:
    board = to_dashboard(name, STARTERS[name].text, URL)
    found = read_document(board)
    titles = [one.title for one in parse_body(json.loads(STARTERS[name].text)).widgets if one.kind == "chart"]
    assert sorted(titles) == sorted(
        one["properties"]["title"] for one in found.body["widgets"] if one["type"] == "chart"
    )
