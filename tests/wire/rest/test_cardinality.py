"""What costs most series, and rules of what is not kept: by REST and the command line, over what real doors bring."""

import subprocess
import sys
from collections.abc import Iterator

import cramjam
import httpx
import pytest

from live_server import LiveServer
from prompb import messages
from trimtab.base.clock import SystemClock

pytestmark = pytest.mark.wire
REPORT, RULES = "/rest/v1/cardinality", "/rest/v1/drop-rules"


@pytest.fixture
def client(server: LiveServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, timeout=60) as client:
        yield client


def write(client: httpx.Client, name: str, pods: int) -> int:
    request = messages().WriteRequest()
    for at in range(pods):
        series = request.timeseries.add()
        for label, value in (("__name__", name), ("job", "wire"), ("pod", f"{name}-{at}")):
            series.labels.add(name=label, value=value)
        series.samples.add(value=1.0, timestamp=SystemClock().now_ms())
    content = bytes(cramjam.snappy.compress_raw(request.SerializeToString()))
    return client.post("/api/v1/write", content=content).status_code


def groups(client: httpx.Client, by: str, name: str) -> dict[str, dict[str, int]]:
    found = client.get(REPORT, params={"by": by, "name": name}).json()
    return {one["key"]: one for one in found["groups"]}


def trimtab(server: LiveServer, *arguments: str) -> str:
    command = [sys.executable, "-m", "trimtab", "metrics", *arguments, "--url", server.url]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout


def test_a_metric_is_told_with_the_label_that_makes_it_many(client: httpx.Client, server: LiveServer) -> None:
    assert 204 == write(client, "wire_many", 7)
    assert (7, 7) == tuple(groups(client, "metric", "wire_many")["wire_many"][key] for key in ("series", "created"))
    labels = groups(client, "label", "wire_many")
    assert (7, 1) == (labels["pod"]["values"], labels["job"]["values"])
    assert "wire" in groups(client, "source", "wire_many")
    assert "pod" in trimtab(server, "cardinality", "--by", "label", "--name", "wire_many")


def test_rules_count_from_the_next_point_on_and_are_counted(client: httpx.Client, server: LiveServer) -> None:
    assert 204 == write(client, "many_kept", 2)  # known before the rule
    trimtab(server, "rules", "put", "wire no pods", "drop", '{__name__=~"many_(kept|shed)"}')
    assert [204, 204] == [write(client, name, 3) for name in ("many_kept", "many_shed")]
    rule = next(one for one in client.get(RULES).json()["rules"] if one["name"] == "wire no pods")
    assert (6, 6) == (rule["rows"], rule["series"])
    assert 'trimtab_dropped_rows_total{rule="wire no pods"} 6.0' in client.get("/metrics").text
    assert {} == groups(client, "metric", "many_shed")
    assert "wire no pods" in trimtab(server, "rules", "list")
    assert "wire no pods" in client.get("/sources/cardinality", headers={"Accept": "text/html"}).text
    client.delete(RULES, params={"name": "wire no pods"}).raise_for_status()
    assert 204 == write(client, "many_shed", 3)
    fresh = client.get(REPORT, params={"name": "many_shed", "namespace": "Prometheus"})  # not asked before
    assert 3 == fresh.json()["total"]["series"]


def test_labels_are_taken_off_at_every_door(client: httpx.Client) -> None:
    rule = {"name": "wire labels", "action": "drop_labels", "match": '{__name__="wire_less"}', "labels": ["pod.*"]}
    client.put(RULES, json=rule).raise_for_status()
    try:
        assert 204 == write(client, "wire_less", 4)
        metric = {"name": "wire_less", "value": 1, "dimensions": {"pod": "x", "zone": "a"}}
        client.post("/rest/v1/metrics", json={"namespace": "wire", "metrics": [metric]}).raise_for_status()
        assert {"job", "zone"} == set(groups(client, "label", "wire_less"))
    finally:
        client.delete(RULES, params={"name": "wire labels"})


def test_what_is_wrong_with_a_rule_is_said(client: httpx.Client) -> None:
    rule = {"name": "wrong", "action": "drop", "match": "{}"}
    for more, field in (({}, "match"), ({"labels": ["a"], "match": "m"}, "labels"), ({"action": "x"}, "action")):
        answer = client.put(RULES, json=rule | more)
        assert (400, field) == (answer.status_code, answer.json()["error"]["field"])
    assert 404 == client.delete(RULES, params={"name": "wrong"}).status_code
