"""A user spends too much in an hour: an alarm over a rolling window is in ALARM within two minutes of the calls."""

import threading
import time
import uuid
from typing import Any

import httpx
import pytest
from tests.wire.aws.test_cloudwatch import client_of

from live_server import LiveServer

pytestmark = [pytest.mark.wire, pytest.mark.slow]
MODEL = "claude-sonnet-4-5"
TOKENS = 2_000_000  # of the prompt: 6 USD and more
LIMIT_USD = 5
WITHIN_S = 120


def spent(user: str, now_ns: int) -> dict[str, Any]:
    """One call of a user that has just ended."""
    said = {
        "gen_ai.operation.name": "chat", "gen_ai.provider.name": "anthropic", "gen_ai.request.model": MODEL,
        "gen_ai.response.model": MODEL, "gen_ai.usage.input_tokens": str(TOKENS), "gen_ai.usage.output_tokens": "10",
        "enduser.id": user,
    }  # fmt: skip
    span = {
        "traceId": uuid.uuid4().hex, "spanId": uuid.uuid4().hex[:16], "name": "chat", "kind": 3,
        "startTimeUnixNano": str(now_ns - 10**9), "endTimeUnixNano": str(now_ns),
        "attributes": [{"key": name, "value": {"stringValue": value}} for name, value in said.items()],
    }  # fmt: skip
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "user-alarm"}}]}
    return {"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": [span]}]}]}


@pytest.mark.timeout(300)
def test_an_alarm_over_an_hour_of_a_user_fires_in_two_minutes(server: LiveServer) -> None:
    client, unique = client_of(server.url), uuid.uuid4().hex[:8]
    query = f'sum by (user) (sum_over_time(trimtab_tokens_cost_USD{{user=~"{unique}-.*"}}[1h])) > {LIMIT_USD}'
    client.put_metric_alarm(
        AlarmName=unique, EvaluationCriteria={"PromQLCriteria": {"Query": query}}, EvaluationInterval=60
    )
    with httpx.Client(base_url=server.url, timeout=60) as door:
        for user in ("ann", "bob"):
            one = spent(f"{unique}-{user}", time.time_ns())
            if user == "bob":
                one["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["attributes"][4]["value"]["stringValue"] = "100"
            assert door.post("/v1/traces", json=one).status_code == 200
    began, state = time.monotonic(), ""
    while time.monotonic() - began < WITHIN_S and state != "ALARM":
        state = client.describe_alarms(AlarmNames=[unique])["MetricAlarms"][0]["StateValue"]
        threading.Event().wait(1)
    print(f"in ALARM {time.monotonic() - began:.0f} s after the calls")
    assert state == "ALARM"
    contributors = client.describe_alarm_contributors(AlarmName=unique)["AlarmContributors"]
    assert [f"{unique}-ann"] == [one["ContributorAttributes"]["user"] for one in contributors]
