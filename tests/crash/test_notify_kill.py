"""`kill -9` of the jobs process between sending and recording: the message comes again, under the same id."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from live_server import LiveServer
from patience import until

REPEAT_S = 90  # the dead process's lock runs out after 30 s; the supervisor starts another one after a pause

pytestmark = [pytest.mark.crash, pytest.mark.slow]


def jobs_process(live: LiveServer) -> psutil.Process:
    assert live.process is not None
    children = psutil.Process(live.process.pid).children(recursive=True)
    (found,) = [child for child in children if "trimtab.worker" in child.cmdline()]
    return found


def test_a_message_sent_by_a_process_that_died_comes_again_with_its_id(tmp_path: Path) -> None:
    taken: list[tuple[str, str]] = []
    twice = threading.Event()
    live = LiveServer(tmp_path / "data")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            taken.append((self.headers["X-Trimtab-Delivery"], json.loads(body)["title"]))
            if len(taken) == 1:
                jobs_process(live).kill()
            else:
                twice.set()
            try:
                self.send_response(200)
                self.end_headers()
            except OSError:  # the one who asked is dead
                return

        def log_message(self, format: str, *arguments: Any) -> None:
            return

    receiver = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=receiver.serve_forever, daemon=True).start()
    try:
        live.start()
        endpoint = f"http://127.0.0.1:{receiver.server_address[1]}/"
        channel = {"name": "hook", "kind": "webhook", "endpoint": endpoint}
        httpx.post(f"{live.url}/rest/v1/channels", json=channel).raise_for_status()
        sent = httpx.post(f"{live.url}/rest/v1/channels/hook/test").raise_for_status().json()
        assert twice.wait(REPEAT_S), f"taken {taken} only; {''.join(live.output[-20:])}"
        assert taken == [(sent["id"], "Test of channel hook")] * 2
        detail = f"{live.url}/rest/v1/deliveries/{sent['id']}"
        until(lambda: httpx.get(detail).json()["delivery"]["state"] == "delivered", "the repeat is not recorded")
        found = httpx.get(detail).json()
        assert [one["outcome"] for one in found["attempts"]] == ["delivered"]  # of the first nothing was recorded
    finally:
        live.stop()
        receiver.shutdown()
        receiver.server_close()
