"""Dashboards by REST over a live server: stored, checked, copied, shared; panels show what PromQL answers."""

import time

import httpx
import numpy as np
import pytest

from live_server import LiveServer
from trimtab.base.errors import TrimtabError
from trimtab.base.ids import new_id
from trimtab.client import dashboards as calls
from trimtab.client.api import Client
from trimtab.demo import remote_write
from trimtab.demo.block import Block

pytestmark = pytest.mark.wire
STEP_MS, SAMPLES, WAIT_S = 15_000, 240, 30


def test_a_dashboard_is_kept_checked_copied_and_brought_back(server: LiveServer) -> None:
    name = f"rest-{new_id()}"
    text = {"widgets": [{"type": "text", "properties": {"markdown": "# a"}}]}
    with Client(server.url) as client:
        assert 1 == calls.put(client, name, text, 0).version
        assert 2 == calls.put(client, name, {"widgets": []}, 1).version
        with pytest.raises(TrimtabError, match="at version 2 and not 1"):
            calls.put(client, name, text, 1)
        with pytest.raises(TrimtabError, match="Should have required property 'markdown'"):
            calls.put(client, name, {"widgets": [{"type": "text", "properties": {}}]})
        restored = httpx.post(f"{server.url}/rest/v1/dashboards/{name}/restore", json={"version": 1})
        assert 3 == restored.raise_for_status().json()["version"]
        assert text == calls.read(client, name).body
        assert name in [one.name for one in calls.listed(client, "rest-")]
        share = calls.share(client, name, "1h")
        assert 200 == httpx.get(server.url + share.path).status_code
        calls.delete(client, name)
        assert 404 == httpx.get(server.url + share.path).status_code
        assert {"gpu-fleet", "host"} <= {one.name for one in calls.listed(client)}


def test_the_panels_of_a_page_show_what_each_query_answers_alone(server: LiveServer) -> None:
    prefix = "d" + new_id().replace("-", "_")
    now = int(time.time()) // 60 * 60_000
    times = now - np.arange(SAMPLES)[::-1] * STEP_MS
    dice = np.random.default_rng(3)
    for metric in range(3):
        named = [{"__name__": f"{prefix}_{metric}", "host": f"h{host}"} for host in range(5)]
        heads = [remote_write.series_head(one) for one in named]
        for body, _ in remote_write.bodies([Block("", heads, times, dice.uniform(0, 9, (5, SAMPLES)).round(2))]):
            answer = httpx.post(server.url + remote_write.PATH, content=body, headers=remote_write.HEADERS)
            answer.raise_for_status()
    texts = [f"{prefix}_{metric}" for metric in range(3)]
    texts += [f"sum({one})" for one in texts] + [f"rate({texts[0]}[5m])", f"{texts[1]} / {texts[2]}"]
    widgets = [
        {"type": "chart", "properties": {"data": {"queries": [{"query": text}]}, "period": period}}
        for text in texts
        for period in (60, 300)
    ]
    seen = {"query": f"count({texts[0]}) + count({texts[1]}) + count({texts[2]})", "time": now // 1000}
    until = time.monotonic() + WAIT_S
    while not httpx.get(f"{server.url}/api/v1/query", params=seen).json()["data"]["result"]:
        assert time.monotonic() < until, "what was written is not there"
        time.sleep(0.2)
    name = f"rest-{new_id()}"
    with Client(server.url) as client:
        calls.put(client, name, {"widgets": widgets, "periodOverride": "inherit"})
        shown = calls.data(client, name, start=str(now - 3_000_000), end=str(now))
    assert len(widgets) == len(shown.widgets)
    for widget, answer in zip(widgets, shown.widgets, strict=True):
        text, period = widget["properties"]["data"]["queries"][0]["query"], widget["properties"]["period"]
        start, end = ((at // 1000 // period) * period for at in (now - 3_000_000, now))
        asked = {"query": text, "start": start, "end": end, "step": period}
        found = httpx.get(f"{server.url}/api/v1/query_range", params=asked).json()["data"]["result"]
        expected = sorted([[float(at) * 1000, float(value)] for at, value in one["values"]] for one in found)
        assert expected == sorted(
            [[float(at), value] for at, value in zip(line.times, line.values, strict=True)] for line in answer.lines
        )
        assert not answer.error
        assert expected
