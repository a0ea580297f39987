"""Dashboards in a real browser, over a real server: seen, edited, shared; fit for a phone and for everyone."""

import datetime as dt
import json
import re
from collections.abc import Iterator
from typing import Any

import boto3
import httpx
import pytest
from playwright.sync_api import BrowserContext, Page, expect

from browser.conftest import Served, Watched
from browser.looks import assert_fit
from live_server import LiveServer

pytestmark = [pytest.mark.browser, pytest.mark.wire]

ROWS = [["Shop", "Latency", "Service", "cart"], ["...", "search"]]
GAUGE = {"left": {"min": 0, "max": 100}}
LINES = {"horizontal": [{"value": 80, "label": "slow"}, [{"value": 10}, {"value": 20}]]}
PROMQL = {"queries": [{"query": 'avg by (Service) (Latency{namespace="Shop"})', "label": "{{Service}}"}]}


def widget(kind: str, x: int, y: int, **properties: Any) -> dict[str, Any]:
    return {"type": kind, "x": x, "y": y, "width": 8, "height": 5, "properties": properties}


def body(alarm: str) -> dict[str, Any]:
    return {
        "start": "-PT1H",
        "variables": [
            {"type": "pattern", "pattern": "cart", "id": "service", "label": "Service", "inputType": "select",
             "defaultValue": "cart", "search": '{Shop,Service} MetricName="Latency"', "populateFrom": "Service"}
        ],
        "widgets": [
            widget("metric", 0, 0, title="Lines", metrics=ROWS, annotations=LINES),
            widget("metric", 8, 0, title="Stacked", metrics=ROWS, stacked=True, legend={"position": "right"}),
            widget("metric", 16, 0, title="Value", metrics=ROWS[:1], view="singleValue", sparkline=True),
            widget("metric", 0, 5, title="Gauge", metrics=ROWS[:1], view="gauge", yAxis=GAUGE),
            widget("metric", 8, 5, title="Bars", metrics=ROWS, view="bar"),
            widget("metric", 16, 5, title="Pie", metrics=ROWS, view="pie"),
            widget("metric", 0, 10, title="Table", metrics=ROWS, view="table", table={"summaryColumns": ["MAX"]}),
            widget("log", 8, 10, title="Log", query="fields @message"),
            widget("alarm", 16, 10, title="Alarms", alarms=[alarm]),
            widget("text", 0, 15, markdown="# Hello\nsome **text** <script>alert(1)</script>"),
            widget("chart", 8, 15, title="PromQL", data=PROMQL),
            widget("metric", 16, 15, title="Broken", metrics=[[{"expression": "SUM("}]]),
            widget("explorer", 0, 20, title="Explorer", metrics=[
                {"metricName": "Latency", "resourceType": "Shop", "stat": "Average"}], labels=[{"key": "Service"}]),
            widget("metric", 8, 20, title="Empty", metrics=[["Shop", "Nothing"]]),
        ],
    }  # fmt: skip


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    live = LiveServer(tmp_path_factory.mktemp("dashboards")).start()
    made = {"endpoint_url": live.url, "region_name": "us-east-1"}
    client = boto3.client("cloudwatch", aws_access_key_id="a", aws_secret_access_key="b", **made)
    now = dt.datetime.now(dt.UTC)
    data = [
        {
            "MetricName": "Latency",
            "Timestamp": now - dt.timedelta(minutes=minute),
            "Value": 20.0 + 30 * at + minute % 7,
            "Dimensions": [{"Name": "Service", "Value": service}],
        }
        for minute in range(60)
        for at, service in enumerate(("cart", "search"))
    ]
    client.put_metric_data(Namespace="Shop", MetricData=data)
    watch = {"MetricName": "Latency", "Namespace": "Shop", "Statistic": "Average", "Period": 60}
    form = {"EvaluationPeriods": 1, "Threshold": 1000, "ComparisonOperator": "GreaterThanThreshold", **watch}
    client.put_metric_alarm(AlarmName="slow", **form)
    arn = client.describe_alarms(AlarmNames=["slow"])["MetricAlarms"][0]["AlarmArn"]
    httpx.put(f"{live.url}/rest/v1/dashboards/shop", json={"body": body(arn)}).raise_for_status()
    yield Served(live.url)
    live.stop()


def drawn(page: Page) -> Page:
    """The page, once nothing on it is loading: it is made very high, since panels out of sight do not load."""
    page.set_viewport_size({"width": page.viewport_size["width"] if page.viewport_size else 1440, "height": 4000})
    expect(page.locator("time-series[data-state=loading], .dash-wait")).to_have_count(0)
    return page


def panel(page: Page, title: str) -> Any:
    return page.get_by_role("region", name=title, exact=True)


def test_every_kind_of_panel_shows_what_it_is_for(watched: Watched) -> None:
    page = drawn(watched.open("/dashboards/shop"))
    for title in ("Lines", "Stacked", "PromQL", "Explorer"):
        expect(panel(page, title).locator("time-series[data-state=ready] canvas")).to_have_count(1)
        expect(panel(page, title).locator(".legend-name")).to_have_count(2)
    expect(panel(page, "Value").locator(".tile-value")).to_have_text(re.compile(r"\d"))
    expect(panel(page, "Gauge").locator("svg.gauge")).to_be_visible()
    expect(panel(page, "Bars").locator("tbody tr")).to_have_count(2)
    expect(panel(page, "Pie").locator(".dash-names li")).to_have_count(2)
    expect(panel(page, "Table").locator("thead th")).to_have_text(["Series", "Last", "Max"])
    expect(panel(page, "Log")).to_contain_text("Logs are not connected yet")
    expect(panel(page, "Alarms")).to_contain_text("slow")
    expect(page.locator(".markdown h3")).to_have_text("Hello")
    expect(panel(page, "Broken")).to_contain_text("Cannot draw")
    expect(panel(page, "Empty")).to_contain_text("No data in this range")
    assert page.locator(".markdown script").count() == 0


def test_a_variable_is_part_of_the_address(watched: Watched) -> None:
    page = watched.open("/dashboards/shop")
    page.locator("select[name=var-service]").select_option("search")
    page.wait_for_url("**var-service=search*")
    expect(panel(page, "Value").locator(".tile-value")).to_have_text(re.compile("^5"))
    page.reload()
    expect(page.locator("select[name=var-service]")).to_have_value("search")


def test_a_live_page_refreshes_as_often_as_chosen(watched: Watched) -> None:
    page = watched.open("/dashboards/shop?refresh=5")
    assert page.locator("live-state").get_attribute("interval") == "5"
    with page.expect_request(lambda request: "series.json" in request.url and "%3A" in request.url, timeout=20_000):
        pass


def test_a_dashboard_is_made_edited_undone_and_saved(watched: Watched) -> None:
    page = watched.open("/dashboards")
    page.get_by_role("button", name="New dashboard").click()
    page.get_by_label("Name", exact=True).fill("mine")
    page.get_by_role("button", name="Create and edit").click()
    page.get_by_role("button", name="Add a panel").click()
    metrics = page.get_by_label("Metrics, a row a line")
    metrics.fill('["only a namespace"]')
    expect(page.locator(".field", has=metrics).locator(".field-problem")).to_have_text(
        "Should NOT have fewer than 2 items"
    )
    expect(page.get_by_role("button", name="Apply")).to_be_disabled()
    metrics.fill(json.dumps(ROWS[0]))
    expect(page.locator(".dash-preview time-series[data-state=ready]")).to_be_visible()
    page.get_by_label("Find a metric by words").fill("latency search")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Add it").click()
    second = ["Shop", "Latency", "Service", "search"]
    expect(metrics).to_have_value("\n".join(json.dumps(one, separators=(",", ":")) for one in (ROWS[0], second)))
    page.get_by_role("button", name="Apply").click()
    item = page.locator(".dash-item")
    item.focus()
    for key in ("ArrowRight", "ArrowDown", "Shift+ArrowRight"):
        page.keyboard.press(key)
    assert ("1", "1", "13") == tuple(item.get_attribute(f"data-{key}") for key in "xyw")
    page.get_by_role("button", name="Undo").click()
    assert item.get_attribute("data-w") == "12"
    head = page.locator(".dash-handle").bounding_box()
    assert head is not None
    page.mouse.move(head["x"] + 20, head["y"] + 8)
    page.mouse.down()
    page.mouse.move(head["x"] + 220, head["y"] + 8, steps=4)
    page.mouse.up()
    moved = int(item.get_attribute("data-x") or 0)
    assert moved > 2
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**/dashboards/mine")
    stored = httpx.get(f"{watched.url}/rest/v1/dashboards/mine").json()["body"]["widgets"]
    assert [(moved, 1, 12)] == [(one["x"], one["y"], one["width"]) for one in stored]


def test_a_body_is_edited_as_json_and_a_fault_is_said_on_its_panel(watched: Watched) -> None:
    page = watched.open("/dashboards/shop?edit=1&live=off")
    page.get_by_role("button", name="As JSON").click()
    text = page.get_by_label("The dashboard as JSON", exact=True).locator("textarea")
    text.fill('{"widgets": [{"type": "text", "properties": {}}]}')
    expect(page.locator(".dash-faults")).to_contain_text("Should have required property 'markdown'")
    expect(page.get_by_role("button", name="Apply")).to_be_disabled()
    text.fill('{"widgets": [{"type": "text", "properties": {"markdown": "# Short"}}]}')
    page.get_by_role("button", name="Apply").click()
    expect(page.locator(".dash-item")).to_have_count(1)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".dash-item")).to_have_count(14)


def test_a_link_shows_the_dashboard_to_somebody_else_until_it_ends(watched: Watched, context: BrowserContext) -> None:
    page = watched.open("/dashboards/shop")
    page.get_by_text("More", exact=True).click()
    page.get_by_role("button", name="Share a link…").click()
    page.get_by_role("button", name="Make a link").click()
    link = page.get_by_label("The link", exact=True).input_value()
    other = context.new_page()
    other.goto(link)
    expect(other.locator("time-series[data-state=ready]").first).to_be_visible()
    expect(other.get_by_text("Read-only link")).to_be_visible()
    assert other.locator("nav[aria-label=Pages], a:has-text('Edit')").count() == 0
    page.get_by_role("button", name="End it").click()
    expect(page.get_by_text("No link opens it now.")).to_be_visible()
    assert 404 == httpx.get(link).status_code


def test_a_dashboard_fills_the_screen(watched: Watched) -> None:
    page = watched.open("/dashboards/shop")
    page.get_by_role("button", name="Full screen").click()
    page.wait_for_function("() => document.fullscreenElement !== null")
    expect(page.get_by_role("button", name="Full screen")).to_have_attribute("aria-pressed", "true")


def test_an_import_says_what_was_left_out(watched: Watched) -> None:
    page = watched.open("/dashboards")
    page.get_by_role("button", name="Import…").click()
    grafana = {"title": "From Grafana", "panels": [
        {"type": "timeseries", "title": "a", "targets": [{"expr": "up"}]}, {"type": "news", "title": "b"}]}  # fmt: skip
    page.get_by_label("or its JSON").fill(json.dumps(grafana))
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_text("news feeds are fetched from outside")).to_be_visible()
    page.get_by_role("link", name="From-Grafana").click()
    page.wait_for_url("**/dashboards/From-Grafana")


PATHS = ("/dashboards", "/dashboards/shop", "/dashboards/shop?edit=1&live=off", "/dashboards/host")


@pytest.mark.parametrize("path", PATHS)
def test_dashboards_are_fit_for_everyone(path: str, watched: Watched, axe: str) -> None:
    page = watched.open(path)
    if "edit" in path:
        drawn(page)
    assert_fit(page, axe)
