"""The whole state to a file and back: by the command line, by REST, and a server that begins with it."""

import json
import os
import re
import shutil
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.wire.rest.test_access import bearer
from tests.wire.rest.test_other_accounts import MARK, PUTS, filled

from live_server import LiveServer
from patience import until

pytestmark = [pytest.mark.wire, pytest.mark.slow, pytest.mark.timeout(600)]  # servers of their own, half a minute each


def trimtab(data_dir: Path, *arguments: str, refused: str = "", **settings: str) -> str:
    environment = {**os.environ, "TRIMTAB_DATA_DIR": str(data_dir), "COLUMNS": "200", **settings}
    ran = subprocess.run(
        [sys.executable, "-m", "trimtab", *arguments], env=environment, capture_output=True, text=True, check=False
    )
    assert (ran.returncode == 0) is not bool(refused), ran.stdout + ran.stderr
    assert refused in ran.stderr, ran.stderr
    return ran.stdout


def free_address() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{free.getsockname()[1]}"


class Filled:
    """A trimtab in which something of every kind was put, stopped; and what it answers when it is started again."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        made = trimtab(data_dir, "keys", "create", "--kind", "token", "--role", "admin", "--json")
        self.token = json.loads(made)["secret"]
        live = LiveServer(data_dir, TRIMTAB_REQUIRE_AUTH="1").start()
        with httpx.Client(base_url=live.url, timeout=120, headers=bearer(self.token)) as http:
            for asked, (name, body) in PUTS.items():
                verb, path = asked.split(" ")
                answer = http.request(verb, filled(path, name), json=body)
                assert answer.status_code < 300, (asked, answer.text)
        trimtab(data_dir, "state", "import", __file__, refused="it is no state that")
        self.file = data_dir.with_name("exported")
        told = json.loads(trimtab(data_dir, "state", "export", str(self.file), "--json"))  # while it runs
        assert told["rows"] > 50
        assert live.stop() == 0
        trimtab(data_dir, "state", "export", str(self.file))


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filled]:
    yield Filled(tmp_path_factory.mktemp("full") / "data")


class Asked:
    """A trimtab of a data directory, asked for its lists."""

    def __init__(self, data_dir: Path, token: str) -> None:
        self.live = LiveServer(data_dir, TRIMTAB_REQUIRE_AUTH="1").start()
        self.http = httpx.Client(base_url=self.live.url, timeout=120, headers=bearer(token))
        until(lambda: self.http.get("/readyz").status_code == 200, "it is not ready")

    def lists(self) -> list[str]:
        paths = self.http.get("/rest/openapi.json").json()["paths"]
        return sorted({filled(path, MARK) for path, methods in paths.items() if "get" in methods} - set(MOVING))

    def answer(self, path: str) -> tuple[int, str]:
        """Without what moves: times, and how long something lasted until now."""
        answer = self.http.get(path)
        return answer.status_code, _TIME.sub("T", answer.text)

    def stop(self) -> None:
        self.http.close()
        assert self.live.stop() == 0


MOVING = (
    *("/metrics", "/healthz", "/readyz", "/rest/v1/sources", "/rest/v1/settings", "/rest/v1/cardinality"),
    *("/rest/v1/audit/changes", "/rest/v1/audit/events", "/rest/v1/audit/summary", "/rest/v1/event-archives"),
)
"""What processes tell of themselves, settings, which are no state, and the audit and its archive, which go on."""
_TIME = re.compile(r'\d{13}|\d{4}-\d\d-\d\d[T ][\d:.]+Z?|"spent_ms":{[^}]*}')


def test_a_server_on_the_imported_state_answers_as_the_one_before(full: Filled, tmp_path: Path) -> None:
    other = tmp_path / "other"
    left = shutil.ignore_patterns("state.sqlite*")
    shutil.copytree(full.data_dir, other, symlinks=True, ignore=left)  # telemetry is no state
    assert "imported " in trimtab(other, "state", "import", str(full.file))
    first, second = Asked(full.data_dir, full.token), Asked(other, full.token)  # side by side: alarms go on in both
    paths = first.lists()
    assert len(paths) > 80
    assert sum(MARK in first.answer(path)[1] for path in paths) > 25
    for path in paths:
        until(lambda path=path: first.answer(path) == second.answer(path), f"{path} has other answers")  # type: ignore[misc]  # a default
    first.stop()
    second.stop()


def test_it_goes_out_and_in_by_rest_and_the_server_starts_anew(full: Filled, tmp_path: Path) -> None:
    address = free_address()
    other = tmp_path / "other"
    made = trimtab(other, "keys", "create", "--kind", "token", "--role", "admin", "--json")
    token = json.loads(made)["secret"]
    live = LiveServer(other, TRIMTAB_REQUIRE_AUTH="1", TRIMTAB_HTTP_ADDR=address).start()
    there = ("--url", live.url, "--token", token)
    http = httpx.Client(base_url=live.url, timeout=60, headers=bearer(token))
    bound = http.post("/rest/v1/keys", json={"name": "b", "kind": "token", "role": "admin", "account": "222222222222"})
    for verb, path, body in (
        ("GET", "/rest/v1/state/export", {}), ("PUT", "/rest/v1/state/file", {}), ("POST", "/rest/v1/state/import", {}),
    ):  # fmt: skip
        answer = http.request(verb, path, json=body, headers=bearer(bound.json()["secret"]))
        assert (answer.status_code, "is bound to an account" in answer.text) == (403, True), path
    assert http.post("/rest/v1/state/import", json={}).json()["error"]["message"].startswith("cannot import: no file")
    trimtab(other, "state", "import", str(full.file), refused="stop that trimtab, or give --url")
    trimtab(
        other, "state", "import", str(full.file), *there, refused="this state is in use, it has rows in access_keys"
    )
    told = json.loads(trimtab(other, "state", "import", str(full.file), *there, "--replace", "--check", "--json"))
    assert (told["missing"], http.get("/rest/v1/keys").status_code) == ([], 200)
    trimtab(other, "state", "import", str(full.file), *there, "--replace")

    def began() -> bool:
        try:
            return http.get("/rest/v1/keys", headers=bearer(full.token)).status_code == 200
        except httpx.TransportError:
            return False

    until(began, "it does not begin with what was imported")
    assert http.get("/rest/v1/keys").status_code == 401  # the old state's
    out = tmp_path / "out"
    trimtab(other, "state", "export", str(out), "--url", live.url, "--token", full.token, "--without-secrets")
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert (MARK in out.read_text(), full.token in out.read_text()) == (True, False)
    told = json.loads(trimtab(other, "state", "import", str(out), "--check", "--json"))
    assert (told["secrets"], told["missing"][0]) == (False, "access keys and tokens: make new ones")
    left = {one.name for one in other.iterdir() if one.name.startswith("state.")}
    assert left <= {"state.sqlite", "state.sqlite-wal", "state.sqlite-shm"}
    assert [line for line in live.output if "ended" in line] == []
    http.close()
    assert live.stop() == 0
