"""`trimtab connect openai` and `connect anthropic`: from a vendor's cost API to its bill and the ledger of tokens."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from live_server import LiveServer

pytestmark = pytest.mark.wire
TODAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
YESTERDAY = TODAY - timedelta(days=1)


class Vendor:
    """Both vendors' cost APIs: a bucket for yesterday, one page each, with amounts that a test sets."""

    def __init__(self) -> None:
        self.amount, self.keys = Decimal("12.34"), list[str]()
        told = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                told.keys.append(self.headers.get("authorization") or self.headers["x-api-key"])
                url = urlsplit(self.path)
                body = json.dumps(told.page(url.path, parse_qs(url.query))).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def page(self, path: str, asked: dict[str, list[str]]) -> dict[str, Any]:
        start, end = YESTERDAY, TODAY
        if path == "/v1/organization/costs":
            assert int(asked["start_time"][0]) <= start.timestamp() < int(asked["end_time"][0])
            result = {
                "object": "organization.costs.result", "project_id": "proj-1", "line_item": "gpt-5, input",
                "amount": {"value": float(self.amount), "currency": "usd"},
            }  # fmt: skip
            bucket = {"object": "bucket", "start_time": int(start.timestamp()), "end_time": int(end.timestamp())}
            return {"object": "page", "data": [bucket | {"results": [result]}], "has_more": False}
        assert path == "/v1/organizations/cost_report"
        cents = {"amount": str(self.amount * 100), "currency": "USD", "workspace_id": "wrkspc-1",
                 "description": "Claude Sonnet 4.5 Usage - Input Tokens", "model": "claude-sonnet-4-5"}  # fmt: skip
        bucket = {"starting_at": start.isoformat(), "ending_at": end.isoformat()}
        return {"data": [bucket | {"results": [cents]}], "has_more": False, "next_page": None}

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    made = Vendor()
    yield made
    made.stop()


def trimtab(server: LiveServer, *arguments: str) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "TRIMTAB_URL": server.url, "COLUMNS": "200"}
    return subprocess.run(
        [sys.executable, "-m", "trimtab", *arguments], env=environment, capture_output=True, text=True, check=False
    )


def billed(server: LiveServer, name: str) -> list[tuple[str, Decimal]]:
    """By the name of a vendor what its bill has beside the calls that were seen."""
    query = {"start": "-40d", "end": "now"}
    found = httpx.get(f"{server.url}/rest/v1/tokens", params=query, timeout=60).raise_for_status().json()
    return [(one["currency"], Decimal(one["amount"])) for one in found["rests"] if name in json.dumps(one).lower()]


@pytest.mark.parametrize("name", ["openai", "anthropic"])
def test_a_vendors_bill_comes_to_the_cent_and_a_later_one_takes_its_place(
    name: str, server: LiveServer, vendor: Vendor, tmp_path: Path
) -> None:
    key = tmp_path / "key"
    key.write_text("sk-admin-of-tests\n")
    command = ["connect", name, "--key-file", str(key), "--vendor-url", vendor.url, "--json"]
    first = trimtab(server, *command)
    assert first.returncode == 0, first.stderr
    receipt = json.loads(first.stdout)["receipt"]
    assert (name, 1, Decimal("12.34")) == (receipt["source"], receipt["lines"], Decimal(receipt["exact"]["USD"]))
    assert {"sk-admin-of-tests"} == {one.removeprefix("Bearer ") for one in vendor.keys}
    assert [("USD", Decimal("12.34"))] == billed(server, name)

    vendor.amount = Decimal("15.5")
    receipt = json.loads(trimtab(server, *command).stdout)["receipt"]
    assert (1, 1) == (receipt["lines"], receipt["replaced_lines"])
    assert [("USD", Decimal("15.5"))] == billed(server, name)
    assert trimtab(server, "costs", "drop", name, "--yes").returncode == 0


def test_a_key_that_is_not_there_and_a_vendor_without_costs_are_told(
    server: LiveServer, vendor: Vendor, tmp_path: Path
) -> None:
    missing = trimtab(server, "connect", "openai", "--key-file", str(tmp_path / "none"), "--vendor-url", vendor.url)
    assert missing.returncode != 0
    assert "expected the key alone in it" in missing.stderr
    vendor.page = lambda path, asked: {"data": []}  # type: ignore[method-assign]
    key = tmp_path / "key"
    key.write_text("k")
    nothing = trimtab(server, "connect", "openai", "--key-file", str(key), "--vendor-url", vendor.url)
    assert (0, True) == (nothing.returncode, "OpenAI has billed nothing since" in nothing.stderr)
