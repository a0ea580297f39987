"""What the demo's company promised is taken by a server, once, and left alone where somebody changed it."""

from typing import Any

import httpx
import pytest

from live_server import LiveServer
from trimtab.demo.company import SERVING, TRAINING
from trimtab.demo.promises import CLUSTER, OBJECTIVES, QUOTAS, put_promises

pytestmark = pytest.mark.wire


def test_promises_are_put_once(server: LiveServer) -> None:
    def get(path: str) -> Any:
        return httpx.get(f"{server.url}/rest/v1/{path}", timeout=60).raise_for_status().json()

    tokens = {SERVING.id: "", TRAINING.id: ""}  # the operator of this machine needs none
    put_promises(server.url, tokens)
    try:
        assert set(OBJECTIVES) <= {one["name"] for one in get("objectives")["objectives"]}
        told = get(f"queue/quotas?cluster={CLUSTER}&start=-1d&end=now")
        assert set(QUOTAS) <= {one["team"] for one in told["teams"]}
        changed = get("objectives/chat-answers")["definition"]
        changed["Goal"]["AttainmentGoal"] = 98.0
        address = f"{server.url}/rest/v1/objectives/chat-answers"
        httpx.put(address, json={"definition": changed}, timeout=60).raise_for_status()
        put_promises(server.url, tokens)
        assert 98.0 == get("objectives/chat-answers")["promised"]
    finally:
        for name in OBJECTIVES:
            httpx.delete(f"{server.url}/rest/v1/objectives/{name}", timeout=60)
