"""Every panel of the Grafana dashboard that is shipped, asked as Grafana asks: by PromQL, and through CloudWatch."""

import json
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import httpx
import msgspec
import numpy as np
import pytest
from prometheus_client.parser import text_string_to_metric_families

from live_server import LiveServer
from trimtab.agent.scrape.config import load
from trimtab.client.api import Client
from trimtab.demo import remote_write
from trimtab.demo.block import Block

pytestmark = pytest.mark.wire
FOLDER = Path(__file__).parents[3] / "deploy" / "grafana"
BOARD = json.loads((FOLDER / "dashboards/trimtab/cost-owners-gpus.json").read_text())
PANELS = [one for one in BOARD["panels"] if one["type"] != "row"]
PROMQL = [(one["title"], target) for one in PANELS for target in one["targets"] if "expr" in target]
CLOUDWATCH = [(one["title"], target) for one in PANELS for target in one["targets"] if "queryMode" in target]
HEADERS = {**remote_write.HEADERS, "User-Agent": "panels/1"}
STEP_S, SAMPLES = 60, 90
_SCRAPED = {"job": "trimtab", "instance": "127.0.0.1:4750"}
_GPU = {"Hostname": "board-1", "modelName": "H100", "job": "dcgm"}
SERIES: list[tuple[dict[str, str], float, float]] = [  # labels, first value, step
    ({"__name__": "trimtab_cost_dollars", "owner": "board-vision", "currency": "USD", **_SCRAPED}, 100.0, 0.5),
    ({"__name__": "trimtab_cost_dollars", "owner": "board-search", "currency": "USD", **_SCRAPED}, 10.0, 0.1),
    *(
        ({"__name__": "trimtab_gpus", "team": team, "layer": layer, **_SCRAPED}, 4.0, 0.0)
        for team in ("board-vision", "board-search")
        for layer in ("active", "inactive", "free", "down")
    ),
    ({"__name__": "DCGM_FI_DEV_GPU_UTIL", "gpu": "0", **_GPU}, 80.0, 0.0),
    ({"__name__": "DCGM_FI_DEV_GPU_UTIL", "gpu": "1", **_GPU}, 0.0, 0.0),
    ({"__name__": "DCGM_FI_DEV_FB_USED", "gpu": "0", **_GPU}, 30_000.0, 0.0),
    ({"__name__": "DCGM_FI_DEV_FB_FREE", "gpu": "0", **_GPU}, 50_000.0, 0.0),
    ({"__name__": "hw_gpu_utilization_ratio", "hw_gpu_task": "general", "host_name": "board-2"}, 0.5, 0.0),
]  # fmt: skip


@pytest.fixture(scope="module")
def end_s(server: LiveServer) -> Iterator[int]:
    """The end of an hour and a half of what trimtab exposes and GPUs report, which can be read."""
    end = int(time.time()) // STEP_S * STEP_S - STEP_S
    times = np.arange(end - (SAMPLES - 1) * STEP_S, end + 1, STEP_S, dtype=np.int64) * 1000
    values = np.array([first + step * np.arange(SAMPLES) for _, first, step in SERIES])
    block = Block("", [remote_write.series_head(labels) for labels, _, _ in SERIES], times, values)
    for body, _ in remote_write.bodies([block]):
        httpx.post(f"{server.url}{remote_write.PATH}", content=body, headers=HEADERS).raise_for_status()
    with Client(server.url) as client:
        client.query("Prometheus", "trimtab_gpus", fresh=True)
    yield end


def test_what_panels_read_is_what_trimtab_exposes(server: LiveServer) -> None:
    told = {one.name for one in text_string_to_metric_families(httpx.get(f"{server.url}/metrics").text)}
    queries = [target["expr"] for _, target in PROMQL]
    queries += [target["sqlExpression"] + target["expression"] for _, target in CLOUDWATCH]
    names = set(re.findall(r"\btrimtab_\w+", " ".join(queries)))
    assert names == {"trimtab_cost_dollars", "trimtab_gpus"}
    assert names <= told
    [target] = load(FOLDER / "scrape.yml").targets
    assert ("trimtab", "http://127.0.0.1:4750/metrics") == (target.job, target.url)


@pytest.mark.parametrize(("title", "target"), PROMQL, ids=[f"{title} {one['refId']}" for title, one in PROMQL])
def test_a_panel_over_promql_has_series(server: LiveServer, end_s: int, title: str, target: dict[str, Any]) -> None:
    form = {"query": target["expr"].replace("$team", ".*")}
    path = "query" if target["instant"] else "query_range"
    form |= {"time": str(end_s)} if target["instant"] else {"start": str(end_s - 3600), "end": str(end_s), "step": "60"}
    answer = httpx.post(f"{server.url}/api/v1/{path}", data=form).raise_for_status().json()
    found = answer["data"]["result"]
    labels = re.findall(r"{{(\w+)}}", target["legendFormat"])
    shown = [one for one in found if all(one["metric"].get(label) for label in labels)]
    assert shown, f"{title}: {answer}"
    points = [point for one in shown for point in (one["values"] if "values" in one else [one["value"]])]
    assert len(points) >= (1 if target["instant"] else 55)
    assert all(np.isfinite(float(value)) for _, value in points)


@pytest.mark.parametrize(("title", "target"), CLOUDWATCH, ids=[title for title, _ in CLOUDWATCH])
def test_a_panel_over_cloudwatch_has_series(server: LiveServer, end_s: int, title: str, target: dict[str, Any]) -> None:
    asked = {"Id": "a", "Expression": target["sqlExpression"] or target["expression"], "ReturnData": True}
    asked |= {"Period": int(target["period"])} if target["sqlExpression"] else {}  # a search has its period in it
    asked |= {"Label": target["label"]} if target["label"] else {}
    keys = {"aws_access_key_id": "a", "aws_secret_access_key": "b", "region_name": "us-east-1"}
    client = boto3.client("cloudwatch", endpoint_url=server.url, **keys)
    span = {"StartTime": datetime.fromtimestamp(end_s - 3600, UTC), "EndTime": datetime.fromtimestamp(end_s, UTC)}
    found = client.get_metric_data(MetricDataQueries=[asked], **span)["MetricDataResults"]
    ours = [one for one in found if "board" in one["Label"]]
    assert ours, f"{title}: {found}"
    assert all(len(one["Values"]) >= 11 for one in ours)


def test_the_variable_lists_teams_and_files_agree(server: LiveServer, end_s: int) -> None:
    [variable] = BOARD["templating"]["list"]
    found = re.fullmatch(r"label_values\((\w+), (\w+)\)", variable["query"])
    assert found is not None
    query = {"match[]": found[1], "start": str(end_s - 3600), "end": str(end_s)}
    values = httpx.get(f"{server.url}/api/v1/label/{found[2]}/values", params=query).json()["data"]
    assert {"board-vision", "board-search"} <= set(values)
    declared = msgspec.yaml.decode((FOLDER / "datasources/trimtab.yaml").read_text())["datasources"]
    used = {(one["datasource"]["type"], one["datasource"]["uid"]) for one in PANELS}
    assert used == {(one["type"], one["uid"]) for one in declared}
    assert {target["datasource"]["uid"] for one in PANELS for target in one["targets"]} == {uid for _, uid in used}
    assert all(one["datasource"] == target["datasource"] for one in PANELS for target in one["targets"])
