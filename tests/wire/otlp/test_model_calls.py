"""Spans of models' calls as real instrumentations emit them, by OTLP: each call once, exact, with its dollars.

Four calls of two tenants in 12 spans, of which Anthropic's client and the instrumentation around it emit two of each.
"""

import gzip
import json
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from live_server import LiveServer
from patience import until
from trimtab.cli.tokens import tokens
from unit.genai.real_spans import twelve

pytestmark = pytest.mark.wire
ACME, GLOBEX = "tokens-acme", "tokens-globex"
OPENAI = Decimal("0.00202")  # 176 × 2.50 + 1,024 × 1.25 + 30 × 10, a million
SONNET = Decimal("0.002385")  # 20 × 3 + 2,000 × 0.30 + 300 × 3.75 + 40 × 15, a million
NANOS = 1_000_000_000


def _sent(now_ns: int) -> dict[str, Any]:
    """The spans as one OTLP request, some minutes ago, with ids and tenants of this test."""
    spans = twelve()
    first = spans[0].start_ns
    names = {"acme": ACME, "globex": GLOBEX}
    return {
        "resourceSpans": [
            {
                "resource": {"attributes": [_pair("service.name", "tokens-shop")]},
                "scopeSpans": [
                    {
                        "spans": [
                            {
                                "traceId": f"70cecece{one.trace_id[8:]}",
                                "spanId": one.span_id,
                                "parentSpanId": one.parent_id,
                                "name": "call",
                                "kind": 3,
                                "startTimeUnixNano": str(now_ns - 300 * NANOS + one.start_ns - first),
                                "endTimeUnixNano": str(now_ns - 300 * NANOS + one.start_ns - first + one.duration_ns),
                                "attributes": [_pair(name, names.get(v, v)) for name, v in one.attributes.items()],
                            }
                            for one in spans
                        ]
                    }
                ],
            }
        ]
    }


def _pair(name: str, value: str) -> dict[str, Any]:
    return {"key": name, "value": {"stringValue": value}}


@pytest.fixture(scope="module")
def site(server: LiveServer) -> Any:
    with httpx.Client(base_url=server.url, timeout=60) as client:
        sent = client.post("/v1/traces", json=_sent(time.time_ns()))
        assert sent.status_code == 200, sent.text
        until = time.monotonic() + 30
        while len(_lines(client).keys() & {ACME, GLOBEX}) < 2 and time.monotonic() < until:
            time.sleep(0.2)
        yield client


def _lines(client: httpx.Client, by: str = "tenant") -> dict[str, Any]:
    found = client.get("/rest/v1/tokens", params={"by": by, "limit": 10_000})
    assert found.status_code == 200, found.text
    return {line["name"]: line for line in found.json()["lines"]}


def test_each_tenant_has_its_calls_once_with_their_dollars(site: httpx.Client) -> None:
    lines = _lines(site)
    for tenant in (ACME, GLOBEX):
        line = lines[tenant]
        assert (2, 0, 0) == (line["calls"], line["unknown_usage"], line["unknown_price"])
        assert (3520, 3024, 300, 70, 10) == tuple(
            line["tokens"][kind] for kind in ("input", "cache_read", "cache_write", "output", "reasoning")
        )
        assert OPENAI + SONNET == Decimal(line["amounts"]["USD"])


def test_an_agents_run_shows_its_dollars_step_by_step(site: httpx.Client) -> None:
    trace = f"70cecece{1:024x}"
    found = site.get("/rest/v1/tokens/calls", params={"trace": trace}).json()
    assert [("openai", OPENAI), ("anthropic", SONNET)] == [
        (call["vendor"], Decimal(call["amount"])) for call in found["calls"]
    ]
    assert OPENAI + SONNET == Decimal(found["totals"]["USD"])
    assert ["", "planner"] == [call["agent"] for call in found["calls"]]
    assert {"input": 20, "cache_read": 2000, "cache_write": 300, "output": 40} == {
        part["kind"]: part["tokens"] for part in found["calls"][1]["parts"]
    }


def test_costs_per_token_knows_them(site: httpx.Client) -> None:
    found = site.get("/rest/v1/unit-costs/models", params={"model": "claude-sonnet-4-5-20250929"}).json()
    (model,) = found["models"]
    tenants = {one["name"]: one["prices"] for one in model["tenants"]}
    assert SONNET == Decimal(tenants[ACME]["cost"])
    assert ("15.000000", "0.300000") == (tenants[ACME]["per_1m_output"], tenants[ACME]["per_1m_cached"])


def test_the_price_of_a_model_says_its_book(site: httpx.Client) -> None:
    found = site.get("/rest/v1/tokens/price", params={"model": "claude-sonnet-4-5", "tier": "batch"}).json()
    rates = {rate["unit"]: rate for rate in found["rates"]}
    assert ("1.5", {"200000": "3"}) == (rates["input_mtok"]["rate"], rates["input_mtok"]["above"])
    unknown = site.get("/rest/v1/tokens/price", params={"model": "our-own"})
    assert (404, True) == (unknown.status_code, "no book of prices has it" in unknown.text)


def test_a_field_that_calls_do_not_have_is_refused(site: httpx.Client) -> None:
    refused = site.get("/rest/v1/tokens", params={"by": "colour"})
    assert (400, True) == (refused.status_code, "expected one of tenant, user" in refused.text)


def test_the_page_of_tokens_refuses_what_calls_do_not_have(site: httpx.Client) -> None:
    refused = site.get("/tokens", params={"by": "nobody"})
    assert (400, True) == (refused.status_code, "expected one of tenant, user" in refused.text)
    assert 200 == site.get("/tokens", params={"by": "vendor"}).status_code


def test_costs_per_token_show_vendors_models_where_no_machine_has_a_cost(site: httpx.Client) -> None:
    # A page may show for a while what it showed before, and is made anew behind it.
    page = until(
        lambda: next((one for one in [site.get("/unit-costs").text] if "claude-sonnet-4-5-20250929" in one), ""),
        "the model on the page",
    )
    assert "Nothing to divide yet" not in page


def _payload(number: int, **changes: Any) -> dict[str, Any]:
    """A payload of LiteLLM's of now."""
    at = time.time() - 200
    return {
        "id": f"chatcmpl-gate-{number}", "call_type": "acompletion", "status": "success", "response_cost": 9.0,
        "custom_llm_provider": "openai", "model": "gpt-4o-2024-08-06", "prompt_tokens": 1000, "completion_tokens": 100,
        "total_tokens": 1100, "startTime": at, "endTime": at + 1, "completionStartTime": at + 1,
        "metadata": {"user_api_key_team_id": "tokens-gate"},
    } | changes  # fmt: skip


def test_what_a_gateway_logs_is_the_same_call_where_a_span_tells_of_it(site: httpx.Client) -> None:
    known = _payload(0, id="chatcmpl-1", metadata={"user_api_key_user_id": "u-of-the-gateway"})
    sent = site.post("/rest/v1/tokens/ingest", json=[known, _payload(1), _payload(2, cache_hit=True), {"other": 1}])
    assert ({"accepted": 2, "other": 2}, 200) == (sent.json(), sent.status_code)
    until = time.monotonic() + 30
    while "tokens-gate" not in (lines := _lines(site)) and time.monotonic() < until:
        time.sleep(0.2)
    gate = lines["tokens-gate"]
    assert (1, Decimal("0.0035")) == (gate["calls"], Decimal(gate["amounts"]["USD"]))
    assert (2, OPENAI + SONNET) == (lines[ACME]["calls"], Decimal(lines[ACME]["amounts"]["USD"]))


def test_the_command_line_takes_and_shows_them(site: httpx.Client, server: LiveServer, tmp_path: Path) -> None:
    file = tmp_path / "log.jsonl.gz"
    row = json.dumps(_payload(3, metadata={"user_api_key_team_id": "tokens-file"}))
    file.write_bytes(gzip.compress(f"{row}\n{row}\n".encode()))
    env = {"TRIMTAB_URL": server.url}
    taken = CliRunner().invoke(tokens, ["import", str(file), "--json"], env=env, catch_exceptions=False)
    assert {"accepted": 2, "other": 0} == json.loads(taken.stdout)
    until = time.monotonic() + 30
    while "tokens-file" not in _lines(site) and time.monotonic() < until:
        time.sleep(0.2)
    shown = CliRunner().invoke(tokens, ["--limit", "10000"], env=env, catch_exceptions=False)
    (line,) = [line for line in shown.stdout.splitlines() if "tokens-file" in line]
    assert ["tokens-file", "1", "1,000", "unknown", "100", "0.003500", "USD"] == line.split()
    trace = f"70cecece{1:024x}"
    steps = CliRunner().invoke(tokens, ["calls", "--trace", trace], env=env, catch_exceptions=False)
    assert "in all 0.004405 USD" in steps.stdout
    none = CliRunner().invoke(tokens, ["--from", "2020-01-01", "--to", "2020-01-02"], env=env, catch_exceptions=False)
    assert "No call of a model is known in these days" in none.stderr
    price = CliRunner().invoke(tokens, ["price", "claude-sonnet-4-5"], env=env, catch_exceptions=False)
    assert "6 above 200000" in price.stdout


def test_the_page_shows_lines_and_says_what_is_unknown(site: httpx.Client) -> None:
    page = site.get("/tokens", params={"by": "tenant"}, headers={"Accept": "text/html"})
    assert page.status_code == 200
    row = page.text.partition(f">{ACME}<")[2].partition("</tr>")[0]
    assert ["85.9 %", "0.004405"] == [part for part in ("85.9 %", "0.004405") if part in row]
    lines = {one["name"]: one for one in site.get("/tokens.json", params={"by": "model"}).json()["lines"]}
    assert 600 == lines["claude-sonnet-4-5-20250929"]["cache_write"]
    assert f"\n{ACME},2,0,3520,3024,300,70,10,USD,0.004405" in site.get("/tokens.csv").text.replace("\r", "")


def test_the_dataset_has_them_by_day(site: httpx.Client) -> None:
    spec = {"title": "tokens", "range": "2d", "sources": [{"use": "tokens", "where": [f"tenant = '{ACME}'"]}]}
    assert site.put("/rest/v1/datasets/tokens%20of%20acme", json={"spec": spec}).status_code == 200
    columns = {"column": ["n=sum(calls)", "dollars=sum(cost)", "cached=sum(cache_read)"]}
    csv = site.get("/rest/v1/datasets/tokens%20of%20acme/csv", params=columns)
    assert ["n,dollars,cached", "2,0.004405,3024"] == csv.text.split()
    assert site.delete("/rest/v1/datasets/tokens%20of%20acme").status_code in (200, 204)


def test_the_same_calls_otherwise_are_one_answer_by_every_way(site: httpx.Client, server: LiveServer) -> None:
    asked = [("model", "gpt-4o-mini"), ("filter", f"tenant={ACME}"), ("own_hourly", "4"), ("own_tokens_per_s", "1000")]
    found = site.get("/rest/v1/tokens/compare", params=asked).json()
    choices = {one["kind"] + " " + one["name"].split(",")[0]: one for one in found["choices"]}
    recorded, mini = choices["recorded as recorded"], choices["model gpt-4o-mini"]
    assert (found["calls"], Decimal(recorded["amount"])) == (2, OPENAI + SONNET)
    counts = _lines(site)[ACME]["tokens"]
    fresh, cached = counts["input"] - counts["cache_read"], counts["cache_read"]
    expected = Decimal(fresh) * Decimal("0.15") + cached * Decimal("0.075") + counts["output"] * Decimal("0.60")
    assert Decimal(mini["amount"]) == expected / 1_000_000
    assert Decimal(mini["difference"]) == Decimal(mini["amount"]) - OPENAI - SONNET
    even = next(one for one in found["break_even"] if one["api"] == "gpt-4o-mini")
    assert even["cheaper"] == "api"
    refused = site.get("/rest/v1/tokens/compare", params={"filter": "colour=red"})
    assert (refused.status_code, refused.json()["error"]["field"]) == (400, "filter")
    half = site.get("/rest/v1/tokens/compare", params={"own_hourly": "4"})
    assert half.status_code == 400

    env = {"TRIMTAB_URL": server.url, "COLUMNS": "200"}
    arguments = ["compare", "--model", "gpt-4o-mini", "--only", f"tenant={ACME}", "--own-hourly", "4",
                 "--own-tokens-per-s", "1000"]  # fmt: skip
    shown = CliRunner().invoke(tokens, [*arguments, "--json"], env=env, catch_exceptions=False)
    assert json.loads(shown.stdout)["choices"] == found["choices"]
    words = CliRunner().invoke(tokens, arguments, env=env, catch_exceptions=False)
    assert "a replica as given against gpt-4o-mini" in words.output

    call = {"name": "models", "arguments": {"models": ["gpt-4o-mini"], "only": [f"tenant={ACME}"]}}
    told = site.post("/mcp", json={"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}).json()
    rows = json.loads(told["result"]["content"][0]["text"])["data"]["choices"]["rows"]
    assert ["gpt-4o-mini", mini["calls"]] in [[row[0], row[5]] for row in rows]

    page = site.get("/tokens", params={"compare": "gpt-4o-mini"}, headers={"Accept": "text/html"}).text
    assert "gpt-4o-mini, with the cache that prompts allow" in page
    compared = site.get("/tokens.json", params={"compare": "gpt-4o-mini"}).json()["compared"]
    assert [one["kind"] for one in compared["choices"]][:4] == ["recorded", "cache", "batch", "model"]


def test_an_event_of_a_call_is_a_call(site: httpx.Client) -> None:
    now_ns = time.time_ns() - 60 * NANOS
    said = {
        "gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-4o-2024-08-06",
        "tenant.id": "tokens-event",
    }  # fmt: skip
    counted = [("gen_ai.usage.input_tokens", 1000), ("gen_ai.usage.output_tokens", 100)]
    record = {
        "timeUnixNano": str(now_ns), "eventName": "gen_ai.client.inference.operation.details",
        "attributes": [_pair(*one) for one in said.items()]
        + [{"key": name, "value": {"intValue": str(number)}} for name, number in counted],
    }  # fmt: skip
    resource = {"attributes": [_pair("service.name", "tokens-shop")]}
    body = {"resourceLogs": [{"resource": resource, "scopeLogs": [{"logRecords": [record]}]}]}
    for _ in range(2):  # a sender that heard no answer sends again
        assert site.post("/v1/logs", json=body).status_code == 200
    until = time.monotonic() + 30
    while "tokens-event" not in _lines(site) and time.monotonic() < until:
        time.sleep(0.2)
    line = _lines(site)["tokens-event"]
    assert (1, "0.0035") == (line["calls"], line["amounts"]["USD"])
