"""All of a team, or of a user, goes through kills of everything; all of the other team's stays, every row once."""

import json
import random
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.wire.rest.test_access import cli

from crash.forgetting import files_with, rows_with, state_with
from crash.test_forget import STEPS, kill_at
from live_server import LiveServer
from patience import until
from trimtab.store.telemetry.client import Telemetry, embedded_endpoint
from two_teams import OURS, THEIRS, bearer, keys, put, put_by_team

pytestmark = [pytest.mark.crash, pytest.mark.slow, pytest.mark.timeout(900)]  # a minute and more each
USER = f"user-{THEIRS}"
_OWNED = {
    "series": "SELECT count() AS rows FROM metric_series WHERE dimensions['team'] = {name:String}",
    "spans": "SELECT count() AS rows FROM spans WHERE resource_attributes['team'] = {name:String}",
    "lines": "SELECT count() AS rows FROM log_events WHERE attributes['team'] = {name:String}",
}


class Both:
    """A trimtab in which two teams put something of every kind, also by keys that are bound to them."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        made = cli(data_dir, "keys", "create", "--kind", "token", "--role", "admin", "--json")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            address = f"127.0.0.1:{free.getsockname()[1]}"
        self.live = LiveServer(data_dir, TRIMTAB_REQUIRE_AUTH="1", TRIMTAB_HTTP_ADDR=address).start()
        admin = json.loads(made.stdout)["secret"]
        self.http = httpx.Client(base_url=self.live.url, timeout=60, headers=bearer(admin))
        self.keys = keys(data_dir)
        assert [] == put(self.http, admin, self.keys["aws admin"], self.live.url)
        for team in (OURS, THEIRS):
            assert [] == put_by_team(self.http, self.keys[f"admin of {team}"], team)
        until(lambda: all(self.owned(OURS).values()), "what was put is not stored")

    def owned(self, team: str) -> dict[str, int]:
        """Rows of the engine whose labels or attributes name a team."""
        telemetry = Telemetry(lambda: embedded_endpoint(self.data_dir / "engine"))
        with closing(telemetry):
            return {kind: int(telemetry.fetch_sync(sql, {"name": team})["rows"][0]) for kind, sql in _OWNED.items()}

    def forget(self, kind: str, name: str) -> None:
        answer = self.http.post("/rest/v1/forget", json={"kind": kind, "name": name, "yes": True})
        assert answer.status_code == 200, answer.text

    def done(self) -> dict[str, Any]:
        return until(lambda: next((one for one in self._requests() if one["step"] == "done"), {}), "it is not done")

    def _requests(self) -> list[dict[str, Any]]:
        try:
            answer = self.http.get("/rest/v1/forget")
        except httpx.TransportError:  # it starts anew
            return []
        return list(answer.json()["requests"]) if answer.status_code == 200 else []

    def kill(self, times: int, chance: random.Random) -> list[str]:
        """`kill -9` of everything, at once and at its steps; where it was each time."""
        self.live.kill()
        seen = ["asked"]
        for number in range(times - 1):
            at = ("engine", "purge", "state", "aside", "files")[number % 5]
            seen.append(kill_at(self, STEPS[STEPS.index(at) :], chance.uniform(0.0, 0.6)))  # type: ignore[arg-type]
        self.live.start()
        return seen

    def listed(self, path: str, name: str) -> int:
        """How often a name stands in a list."""
        return self.http.get(path).raise_for_status().text.count(f'"{name}"')


@pytest.fixture
def both(tmp_path: Path) -> Iterator[Both]:
    found = Both(tmp_path / "data")
    with closing(found.http):
        yield found
        assert found.live.stop() == 0


RUNS, BUDGETS, BOARDS, SETS = "/rest/v1/runs", "/rest/v1/budgets", "/rest/v1/dashboards", "/rest/v1/datasets"


@pytest.mark.parametrize("kills", [2, 10])
def test_a_team_goes_whatever_is_killed_and_the_other_stays(both: Both, kills: int) -> None:
    ours = rows_with(both.data_dir, OURS), state_with(both.data_dir, OURS), both.owned(OURS)
    assert all(both.owned(THEIRS).values())
    assert both.listed(RUNS, f"job-{THEIRS}") and both.listed(BUDGETS, f"own-{THEIRS}")
    both.forget("team", THEIRS)
    print("killed at", both.kill(kills, random.Random(kills)))
    assert both.done()["problem"] == ""
    assert {"series": 0, "spans": 0, "lines": 0} == both.owned(THEIRS)
    for path, name in ((RUNS, "job"), (BUDGETS, "own"), (BOARDS, "own"), (SETS, "own")):
        assert 0 == both.listed(path, f"{name}-{THEIRS}"), (path, name)
        assert both.listed(path, f"{name}-{OURS}"), (path, name)
    refused = both.http.get(RUNS, headers=bearer(both.keys[f"read of {THEIRS}"]))
    assert refused.status_code == 401  # the keys that were bound to it are gone
    assert 200 == both.http.get(RUNS, headers=bearer(both.keys[f"read of {OURS}"])).status_code
    left = rows_with(both.data_dir, OURS), state_with(both.data_dir, OURS), both.owned(OURS)
    for before, after in zip(ours, left, strict=True):
        assert {} == {table: rows for table, rows in before.items() if after.get(table, 0) < rows}


def test_a_user_goes_whatever_is_killed_and_the_others_stay(both: Both) -> None:
    ours = rows_with(both.data_dir, OURS), state_with(both.data_dir, OURS)
    assert state_with(both.data_dir, USER)
    both.forget("user", USER)
    print("killed at", both.kill(10, random.Random(3)))
    assert both.done()["problem"] == ""
    assert {} == state_with(both.data_dir, USER)
    assert {} == rows_with(both.data_dir, USER)
    assert [] == files_with(both.data_dir, USER)
    assert 0 == both.listed(RUNS, f"job-{THEIRS}")
    assert both.listed(RUNS, f"job-{OURS}")
    assert both.listed(BUDGETS, f"own-{THEIRS}")  # it is the team's, not the user's
    left = rows_with(both.data_dir, OURS), state_with(both.data_dir, OURS)
    for before, after in zip(ours, left, strict=True):
        assert {} == {table: rows for table, rows in before.items() if after.get(table, 0) < rows}
