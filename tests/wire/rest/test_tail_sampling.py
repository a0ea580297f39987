"""Tail sampling is set and shown, by REST and from the command line."""

import subprocess
import sys
import uuid

import httpx
import pytest

from live_server import LiveServer

pytestmark = pytest.mark.wire
PATH = "/rest/v1/tail-sampling"


def test_what_is_kept_is_off_until_it_is_set(server: LiveServer) -> None:
    place = {"region": f"eu-{uuid.uuid4().hex[:8]}-1"}  # where nobody has set it: tests share the server
    with httpx.Client(base_url=server.url) as client:
        assert client.put(PATH, json={"enabled": False}).status_code == 200
        before = client.get(PATH, params=place).json()
        assert (False, 1.0) == (before["enabled"], before["share"])
        asked = {"enabled": True, "share": 0.1, "slow_ms": 2000, "delay_s": 30}
        assert asked.items() <= client.put(PATH, params=place, json=asked).json().items()
        assert asked.items() <= client.get(PATH, params=place).json().items()
        refused = client.put(PATH, params=place, json=asked | {"share": 2})
        assert 400 == refused.status_code
        assert "share" in refused.text
        assert not client.get(PATH).json()["enabled"]  # elsewhere all is as it was


def test_the_command_line_says_what_is_kept(server: LiveServer) -> None:
    assert httpx.put(f"{server.url}{PATH}", json={"enabled": False}).status_code == 200
    command = [sys.executable, "-m", "trimtab", "traces", "tail-sampling", "--url", server.url]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert "every trace" in shown.stdout
