"""Traces by OTLP, then REST, the command line and the pages, against a live server."""

import json
import time
import uuid
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from live_server import LiveServer
from patience import until
from trimtab.cli.main import root

pytestmark = pytest.mark.wire

NS = 1_000_000
KINDS = {"server": 2, "client": 3}


def attributes(**said: str) -> list[dict[str, Any]]:
    return [{"key": name.replace("__", "."), "value": {"stringValue": value}} for name, value in said.items()]


class Shop:
    """Services with names of this test's own: web calls model (a server of models) and a database without spans."""

    def __init__(self, server: LiveServer) -> None:
        self.mark = uuid.uuid4().hex[:8]
        self.web, self.model, self.database = (f"{name}-{self.mark}" for name in ("web", "model", "db"))
        self.filter = f'service("{self.web}")'
        self.url = server.url
        self.now_ms = int(time.time() * 1000)

    def send(self, count: int, ago_ms: int, decode_ms: int, version: str) -> list[str]:
        traces, spans = [uuid.uuid4().hex for _ in range(count)], {self.web: [], self.model: []}
        for at, trace in enumerate(traces):
            start = (self.now_ms - ago_ms + at * 100) * NS
            whole = 60 + decode_ms

            def one(service, span, parent, name, kind, begin, end, trace=trace, start=start, **said):
                spans[service].append(
                    {
                        "traceId": trace, "spanId": span * 16, "parentSpanId": parent * 16, "name": name,
                        "kind": KINDS[kind], "startTimeUnixNano": str(start + begin * NS),
                        "endTimeUnixNano": str(start + end * NS), "attributes": attributes(**said),
                    }
                )  # fmt: skip

            one(self.web, "a", "", "POST /chat", "server", 0, whole)
            one(self.web, "b", "a", "chat", "client", 5, 45 + decode_ms, peer__service=self.model)
            decode = str(decode_ms / 1000)
            said = {"gen_ai__request__model": "m", "gen_ai__latency__time_in_model_decode": decode}
            one(self.model, "c", "b", "llm_request", "server", 7, 40 + decode_ms, **said)
            one(self.web, "d", "a", "SELECT", "client", 46 + decode_ms, 55 + decode_ms, peer__service=self.database)
        resources = [
            {
                "resource": {"attributes": attributes(service__name=service, service__version=version)},
                "scopeSpans": [{"spans": rows}],
            }
            for service, rows in spans.items()
        ]
        httpx.post(f"{self.url}/v1/traces", json={"resourceSpans": resources}, timeout=30).raise_for_status()
        return traces

    def get(self, path: str, **query: str) -> Any:
        return httpx.get(f"{self.url}{path}", params=query, timeout=60).raise_for_status().json()


@pytest.fixture(scope="module")
def shop(server: LiveServer) -> Shop:
    made = Shop(server)
    made.send(60, 5_400_000, 100, "1")
    made.traces = made.send(60, 600_000, 300, "2")

    def readable() -> bool:  # a page does not wait for what is on its way
        return 120 <= len(made.get("/rest/v1/traces", filter=made.filter, start="-2h", limit="200")["traces"])

    until(readable, "the traces are readable")
    return made


def test_traces_are_listed_and_shown_with_their_critical_path(shop: Shop) -> None:
    page = shop.get("/rest/v1/traces", filter=shop.filter, limit="40")
    rest = shop.get("/rest/v1/traces", filter=shop.filter, limit="40", after=page["next"])
    listed = [one["trace_id"] for one in (*page["traces"], *rest["traces"])]
    assert (sorted(shop.traces), 60) == (sorted(listed), len(listed))
    assert {(shop.web, "POST /chat", 360.0)} == {
        (one["service"], one["operation"], one["duration_ms"]) for one in page["traces"]
    }
    shown = shop.get(f"/rest/v1/traces/{listed[0]}")
    assert ["POST /chat", "chat", "llm_request", "SELECT"] == [span["operation"] for span in shown["spans"]]
    assert 360 == pytest.approx(sum(span["path_ms"] or 0 for span in shown["spans"]))
    assert "m" == shown["spans"][2]["call"]["model"]
    assert [{"name": "decode", "ms": 300.0}] == shown["spans"][2]["call"]["phases"]


def test_the_bottleneck_is_the_phase_that_became_slower(shop: Shop) -> None:
    found = shop.get("/rest/v1/traces/bottlenecks", filter=shop.filter, baseline_start="-2h", quantile="0.5")
    (half,) = found["explained"]
    first = half["parts"][0]
    assert (shop.model, "decode", "own") == tuple(first["part"].values())
    assert (300, 200, 1.0) == (pytest.approx(first["ms"]), pytest.approx(first["change_ms"]), first["sure"])
    assert (60, 60) == (found["population"]["found"], found["baseline"]["traces"])


def test_the_comparison_names_the_phase_and_the_version(shop: Shop) -> None:
    found = shop.get("/rest/v1/traces/compare", filter=shop.filter, other_start="-2h")
    assert (shop.model, "decode") == (found["parts"][0]["part"]["service"], found["parts"][0]["part"]["operation"])
    assert {"1", "2"} == {one["value"] for one in found["features"] if one["name"] == "service.version"}
    by_version = {"start": "-2h", "other_filter": f'{shop.filter} AND annotation.otel.resource.service.version = "1"'}
    assert 60 == shop.get("/rest/v1/traces/compare", filter=shop.filter, **by_version)["other"]["found"]


def test_root_causes_blame_the_model_server(shop: Shop) -> None:
    found = shop.get("/rest/v1/traces/root-causes", filter=shop.filter, start="-15m", normal_start="-2h")
    assert (60, 60) == (found["traces"], found["normal_traces"])
    assert shop.model == found["suspects"][0]["component"]
    assert "decode" == found["suspects"][0]["evidence"][0]["subject"]
    at = {"start": "-15m", "normal_start": "-2h", "component": shop.web}
    assert found["suspects"] == shop.get("/rest/v1/traces/root-causes", filter=shop.filter, **at)["suspects"]


def test_the_service_map_has_the_database_that_sends_no_spans(shop: Shop) -> None:
    found = shop.get("/rest/v1/service-map", filter=shop.filter, baseline_start="-2h")
    assert {shop.web: False, shop.model: False, shop.database: True} == {
        node["name"]: node["inferred"] for node in found["nodes"]
    }
    assert {(shop.web, shop.model), (shop.web, shop.database)} == {
        (edge["caller"], edge["callee"]) for edge in found["edges"]
    }
    assert all(node["before"] for node in found["nodes"])


def test_mistakes_are_told(shop: Shop) -> None:
    for path, query, said in (
        ("/rest/v1/traces", {"filter": "duration >"}, "character"),
        ("/rest/v1/traces", {"after": "x"}, "next"),
        ("/rest/v1/traces/bottlenecks", {"quantile": "2"}, "above 0 and below 1"),
        ("/rest/v1/traces/compare", {}, "with themselves"),
    ):
        refused = httpx.get(f"{shop.url}{path}", params=query)
        assert (400, True) == (refused.status_code, said in refused.text), refused.text
    assert 404 == httpx.get(f"{shop.url}/rest/v1/traces/{'0' * 31}1").status_code


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["list", "--limit", "3"], "POST /chat"),
        (["bottleneck", "--baseline-start", "-2h"], "decode"),
        (["compare", "--other-start", "-2h"], "service.version"),
        (["rootcause", "--normal-start", "-2h"], "decode"),
    ],
)
def test_the_command_line_says_the_same(shop: Shop, arguments: list[str], said: str) -> None:
    done = CliRunner().invoke(root, ["traces", *arguments, "--filter", shop.filter, "--url", shop.url])
    assert 0 == done.exit_code, done.output
    assert said in done.output
    as_json = CliRunner().invoke(root, ["traces", *arguments, "--filter", shop.filter, "--url", shop.url, "--json"])
    assert json.loads(as_json.stdout)


def test_a_trace_is_shown_on_the_command_line(shop: Shop) -> None:
    done = CliRunner().invoke(root, ["traces", "show", shop.traces[0], "--url", shop.url], catch_exceptions=False)
    assert "llm_request" in done.output


def test_the_pages_show_them(shop: Shop) -> None:
    def page(path: str, **query: str) -> str:
        return httpx.get(f"{shop.url}{path}", params=query, timeout=60).raise_for_status().text

    listed = page("/traces", q=shop.filter, baseline="before")
    assert "decode" in listed
    assert f"/traces/{shop.traces[0]}" in listed
    assert 60 == len(shop.get("/traces/points.json", q=shop.filter)["points"])
    assert "not fit" not in page("/service-map", q=shop.filter, node=shop.model)
    compared = page("/traces/compare", q=shop.filter, range="1h", baseline="before", suspects="1")
    assert "service.version" in compared
    assert "llm_request" in page(f"/traces/{shop.traces[0]}/spans/{'c' * 16}")
    rows = shop.get(f"/traces/{shop.traces[0]}.json")["rows"]
    assert (4, ["decode"]) == (len(rows), [name for name, _ in rows[2][9]])
    assert "character" in page("/traces", q="duration >")
