"""Everything of an account goes, from every table and file, whatever is killed; and nothing else does."""

import json
import random
import socket
import sqlite3
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.wire.rest.test_access import bearer, cli
from tests.wire.rest.test_other_accounts import MARK, OTHER, OWN, PUTS, filled

from crash.forgetting import files_with, rows_with, state_with
from live_server import LiveServer
from patience import until
from trimtab.client import wire
from trimtab.client.api import Client
from trimtab.store.telemetry.client import Telemetry, embedded_endpoint

pytestmark = [pytest.mark.crash, pytest.mark.slow, pytest.mark.timeout(900)]  # a minute and more each
KEPT = "wvx3kept"
"""In what another account has: all of it stays."""
KILLS = 10
STEPS = ("asked", "log", "series", "aside", "engine", "files", "state", "purge", "done")


class Company:
    """A trimtab with two accounts, in which something of every kind was put by both."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        made = cli(data_dir, "keys", "create", "--kind", "token", "--role", "admin", "--json")
        self.admin = json.loads(made.stdout)["secret"]
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            address = f"127.0.0.1:{free.getsockname()[1]}"
        settings = {"TRIMTAB_REQUIRE_AUTH": "1", "TRIMTAB_HTTP_ADDR": address}
        self.live = LiveServer(data_dir, **settings).start()
        self.http = httpx.Client(base_url=self.live.url, timeout=60, headers=bearer(self.admin))
        self.keys: dict[str, str] = {}
        self.make_keys()
        self.put(OTHER, MARK)
        self.put(OWN, KEPT)

    def make_keys(self) -> None:
        with Client(self.live.url, self.admin) as client:
            for account in (OWN, OTHER):
                key = wire.CreateKey(name=f"w-{account}", kind="token", role="write", account=account)
                self.keys[account] = client.create_key(key).secret

    def put(self, account: str, mark: str) -> None:
        """Something of every kind, with a mark in it."""
        for asked, (name, body) in PUTS.items():
            verb, path = asked.split(" ")
            sent = json.dumps(body).replace(MARK, mark).replace(OTHER, account)
            answer = self.http.request(
                verb, filled(path, name).replace(MARK, mark), content=sent,
                headers={**bearer(self.keys[account]), "Content-Type": "application/json"},
            )  # fmt: skip
            assert answer.status_code < 300, (asked, answer.text)
        self.points(account, mark, range(100))
        traced = self.http.post("/v1/traces", json=span(mark), headers=bearer(self.keys[account]))
        assert traced.status_code == 200, traced.text

    def points(self, account: str, mark: str, values: range) -> None:
        """A hundred values, each once, over ten days."""
        now = int(time.time())
        metrics = [
            {"name": f"{mark}-points", "value": value, "time": 1000 * (now - 7200 - value * 8000),
             "dimensions": {"mark": mark}}
            for value in values
        ]  # fmt: skip
        body = {"namespace": mark, "metrics": metrics}
        answer = self.http.post("/rest/v1/metrics", json=body, headers=bearer(self.keys[account]))
        assert answer.status_code < 300, answer.text

    def ask(self, **options: Any) -> Mapping[str, Any]:
        answer = self.http.post("/rest/v1/forget", json={"kind": "account", "name": OTHER, **options})
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def requests(self) -> list[dict[str, Any]]:
        try:
            answer = self.http.get("/rest/v1/forget")
        except httpx.TransportError:  # it starts anew
            return []
        return list(answer.json()["requests"]) if answer.status_code == 200 else []

    def done(self) -> dict[str, Any]:
        return until(lambda: next((one for one in self.requests() if one["step"] == "done"), {}), "it is not done")

    def lists(self, mark: str) -> list[str]:
        """The lists in which a mark is read."""
        paths = self.http.get("/rest/openapi.json").json()["paths"]
        asked = sorted({filled(path, mark) for path, methods in paths.items() if "get" in methods})
        return [path for path in asked if tells(self.http.get(path), mark)]


def tells(answer: httpx.Response, mark: str) -> bool:
    return answer.status_code < 400 and mark in answer.text.replace(f'"name":"{mark}","items":[]', "")


def span(mark: str) -> dict[str, Any]:
    now = time.time_ns()
    return {
        "resourceSpans": [
            {
                "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": mark}}]},
                "scopeSpans": [
                    {
                        "spans": [
                            {
                                "traceId": random.randbytes(16).hex(), "spanId": random.randbytes(8).hex(),
                                "name": mark, "startTimeUnixNano": str(now), "endTimeUnixNano": str(now + 5),
                                "status": {"code": 2},  # tail sampling, which is put too, keeps what failed
                            }
                        ]
                    }
                ],
            }
        ]
    }  # fmt: skip


def test_nothing_of_a_forgotten_account_is_read_or_in_a_file(tmp_path: Path) -> None:
    company = Company(tmp_path / "data")
    with closing(company.http):
        forget_all(company)
    assert company.live.stop() == 0


def forget_all(company: Company) -> None:
    data_dir = company.data_dir
    before = company.lists(KEPT)
    assert len(before) > 20
    until(lambda: rows_with(data_dir, MARK).get("spans"), "the span is not stored")
    stored = rows_with(data_dir, MARK)
    assert {"metric_series", "log_events", "log_lookup_rows", "spans", "audit_events"} <= set(stored), stored
    assert any("/store/" in f"/{file}" for file in files_with(data_dir, MARK))  # else it is not looked into
    kept = rows_with(data_dir, KEPT), state_with(data_dir, KEPT)

    answer = company.ask(audit=True)
    assert (answer["id"], answer["counts"]["metric_values"], answer["counts"]["alarms"]) == ("", 101, 1), answer
    assert company.lists(MARK)  # nothing is done yet
    company.ask(audit=True, yes=True)
    done = company.done()
    assert (done["name"], done["problem"], done["counts"]["alarms"]) == ("", "", 1)
    assert rows_with(data_dir, MARK) == {}
    assert state_with(data_dir, MARK) == {}
    assert company.lists(MARK) == []
    assert files_with(data_dir, MARK) == []
    again = rows_with(data_dir, KEPT), state_with(data_dir, KEPT)
    assert {table: rows for table, rows in kept[0].items() if again[0].get(table, 0) < rows} == {}
    assert {table: rows for table, rows in kept[1].items() if again[1].get(table, 0) < rows} == {}
    assert set(before) <= set(company.lists(KEPT))


def step_of(data_dir: Path) -> str:
    """The step that the request is at, as its row says."""
    database = sqlite3.connect(f"file:{data_dir / 'state.sqlite'}?mode=ro", uri=True, timeout=30)
    with closing(database):
        return str(database.execute("SELECT step FROM forget_requests").fetchone()[0])


def kill_at(company: Company, steps: Sequence[str], wait_s: float) -> str:
    """Start it, and kill all of it a moment after it is at the first of `steps` or past it; the step it was at."""
    starting = threading.Thread(target=start_as_far_as_it_comes, args=(company.live,))
    starting.start()
    until(lambda: step_of(company.data_dir) in steps, f"it does not come to {steps[0]}")
    threading.Event().wait(wait_s)
    company.live.kill()
    starting.join()
    return step_of(company.data_dir)


def start_as_far_as_it_comes(live: LiveServer) -> None:
    with suppress(AssertionError):
        live.start()


def values_of(data_dir: Path, mark: str) -> dict[int, int]:
    """How often each value of a mark's points is stored."""
    telemetry = Telemetry(lambda: embedded_endpoint(data_dir / "engine"))
    try:
        rows = telemetry.fetch_sync(
            "SELECT toInt64(value) AS v, count() AS n FROM metric_values WHERE series IN "
            "(SELECT series FROM metric_series WHERE name = {name:String}) GROUP BY v",
            {"name": f"{mark}-points"},
        )
        return dict(zip(rows["v"].tolist(), rows["n"].tolist(), strict=True))
    finally:
        telemetry.close()


@pytest.mark.parametrize("kills", [2, KILLS])
def test_killed_again_and_again_it_forgets_all_of_it_and_nothing_else(tmp_path: Path, kills: int) -> None:
    """`kill -9` of everything as soon as it is asked, and at its steps."""
    chance = random.Random(kills)
    company = Company(tmp_path / "data")
    with closing(company.http):
        company.ask(audit=True, yes=True)
        company.live.kill()
        seen = ["asked"]
        for number in range(kills - 1):  # each step in turn, the longest first
            at = ("engine", "purge", "state", "aside", "files")[number % 5]
            seen.append(kill_at(company, STEPS[STEPS.index(at) :], chance.uniform(0.0, 0.6)))
        company.live.start()
        company.done()
        print("killed at", seen)
        sent = 100
        company.points(OWN, KEPT, range(sent, sent + 10))
        until(lambda: len(values_of(company.data_dir, KEPT)) == sent + 10, "a point that must be kept is lost")
        assert set(values_of(company.data_dir, KEPT).values()) == {1}
        assert rows_with(company.data_dir, MARK) == {}
        assert state_with(company.data_dir, MARK) == {}
        assert files_with(company.data_dir, MARK) == []
        company.make_keys()  # the account's own went with it
        company.points(OTHER, MARK, range(5))  # what arrives afterwards is kept, though it is of before
        until(lambda: len(values_of(company.data_dir, MARK)) == 5, "what came later is not there")
    assert company.live.stop() == 0
