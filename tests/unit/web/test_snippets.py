import asyncio
import re
from typing import Any, cast

import botocore.session
from botocore.stub import Stubber

from browser.pretend import build_state
from trimtab.access.scope import EVERYTHING
from trimtab.base.clock import ManualClock
from trimtab.web.chart_data import draw
from trimtab.web.lines import group_lines, matching
from trimtab.web.metric_query import read_metric_query
from trimtab.web.pages.snippets import connect_snippets, get_metric_data
from trimtab.web.window import read_window

URL = "http://127.0.0.1:4750"


def program(stat: str) -> tuple[str, str]:
    clock = ManualClock()
    state = build_state(2, clock)
    query = read_metric_query(["trimtab/Host|system.network.io"], ["network.interface.name=eth0"], [], stat, "")
    lines = group_lines(matching(state.registry, EVERYTHING, query), query.group)
    window = read_window({"range": "1h"}, clock.now_ms(), None)
    chart = asyncio.run(draw(state.reader, EVERYTHING, query, lines, window))
    return get_metric_data(query, chart, URL, "us-east-1")


def run(text: str) -> dict[str, Any]:
    """What the program asks the service for, checked against the service's own model."""
    asked: dict[str, Any] = {}
    client = botocore.session.get_session().create_client(
        "cloudwatch", "us-east-1", endpoint_url=URL, aws_access_key_id="a", aws_secret_access_key="b"
    )
    with Stubber(client) as stub:
        stub.add_response("get_metric_data", {"MetricDataResults": []})
        client.meta.events.register("provide-client-params.*.*", lambda params, **_: asked.update(params))
        scope = {"cloudwatch": client}
        body = re.sub(r"^import boto3$|^cloudwatch = .*$", "", text, flags=re.MULTILINE)
        exec(compile(body, "snippet", "exec"), scope)
    return asked


def test_the_boto3_program_is_valid_and_asks_for_every_series() -> None:
    text, _ = program("p99")
    asked = run(text)
    assert len(asked["MetricDataQueries"]) == 4
    first = asked["MetricDataQueries"][0]["MetricStat"]
    assert first["Stat"] == "p99"
    assert first["Period"] == 10
    assert {"Name": "network.interface.name", "Value": "eth0"} in first["Metric"]["Dimensions"]


def test_a_rate_is_asked_for_as_a_sum_and_divided() -> None:
    text, note = program("Rate")
    assert run(text)["MetricDataQueries"][0]["MetricStat"]["Stat"] == "Sum"
    assert "value / 10" in text
    assert "Sum divided by the period" in note


def test_connecting_names_the_true_address() -> None:
    texts = {one.id: one.text for one in connect_snippets(URL, "eu-west-1")}
    assert f'endpoint_url="{URL}"' in texts["connect-boto3"]
    assert f"{URL}/api/v1/write" in texts["connect-prometheus"]
    compile(cast("str", texts["connect-boto3"]), "snippet", "exec")
