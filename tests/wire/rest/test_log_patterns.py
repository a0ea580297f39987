"""Patterns of logs over REST and on the command line, against a live server."""

import json
import time
import uuid

import httpx
import pytest
from click.testing import CliRunner

from live_server import LiveServer
from trimtab.cli.main import root

pytestmark = pytest.mark.wire


def test_a_new_error_is_the_first_pattern(server: LiveServer) -> None:
    group, now_ms = f"patterns-{uuid.uuid4().hex[:8]}", int(time.time() * 1000)
    events = [{"message": f"GET /item/{n} took {n} ms", "time_ms": now_ms - 5_400_000 + n * 1000} for n in range(60)]
    events += [{"message": f"GET /item/{n} took {n} ms", "time_ms": now_ms - 60_000 + n} for n in range(50)]
    events += [{"message": f"ERROR cannot reach db-{n}: refused", "time_ms": now_ms - 50_000 + n} for n in range(3)]
    httpx.post(f"{server.url}/rest/v1/logs/events", json={"group": group, "events": events}).raise_for_status()
    answer = httpx.get(f"{server.url}/rest/v1/logs/patterns", params={"group": group}).raise_for_status().json()
    assert [(one["pattern"], one["change"], one["events"], one["before"]) for one in answer["patterns"]] == [
        ("ERROR cannot reach <*>: refused", "new", 3, 0),
        ("GET <*> took <*>", "", 50, 60),
    ]
    refused = httpx.get(f"{server.url}/rest/v1/logs/patterns", params={"filter": "{ a = 1 }"})
    assert refused.status_code == 400
    assert "at character 3" in refused.text
    arguments = ["logs", "patterns", group, "--new", "--json", "--url", server.url]
    done = CliRunner().invoke(root, arguments, catch_exceptions=False)
    (shown,) = json.loads(done.output)
    assert shown["severity"] == "error"
