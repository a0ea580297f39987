"""`trimtab users`, `groups` and `keys service-accounts`, through the server and without one."""

import asyncio
import io
import json
from pathlib import Path

import pytest
from tests.unit.cli.conftest import Cli

from trimtab.access.lockout import Lockout
from trimtab.base.clock import SystemClock
from trimtab.store.state.database import State

PASSWORD = "correct horse battery\n"


@pytest.fixture(params=["server", "no server"])
def run(request: pytest.FixtureRequest) -> Cli:
    cli: Cli = request.getfixturevalue("live" if request.param == "server" else "cli")
    return cli


def typed(monkeypatch: pytest.MonkeyPatch, text: str = PASSWORD) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(text))


def test_users_and_groups_are_made_listed_switched_and_removed(run: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("groups", "put", "search", "--team", "search").out == "search: role read, sees team search\n"
    typed(monkeypatch)
    assert run("users", "create", "ann", "--group", "search", "--password-stdin").out == "made ann\n"
    assert "team search" in run("users", "list").out
    assert json.loads(run("users", "disable", "ann", "--json").out)["state"] == "disabled"
    assert run("users", "enable", "ann").out == "enabled ann\n"
    assert json.loads(run("users", "change", "ann", "--role", "finance", "--json").out)["role"] == "finance"
    typed(monkeypatch, "short\n")
    assert "expected 12 to 256" in run("users", "password", "ann", "--password-stdin").err
    assert run("users", "remove", "ann").out == "removed ann\n"
    assert json.loads(run("users", "list", "--json").out) == []
    assert json.loads(run("groups", "list", "--json").out)[0]["teams"] == ["search"]
    assert run("groups", "remove", "search").out == "removed search\n"
    assert run("groups", "remove", "search").code == 1


def test_service_accounts_own_keys(run: Cli) -> None:
    run("keys", "service-accounts", "put", "ci", "--role", "write", "--tag", "env=prod")
    made = json.loads(run("keys", "create", "--kind", "token", "--for", "ci", "--json").out)
    assert (made["role"], made["tags"]) == ("write", {"env": ["prod"]})
    assert "cli (ci)" in run("keys", "list").out
    assert run("keys", "service-accounts", "disable", "ci").out == "disabled ci\n"
    assert json.loads(run("keys", "list", "--json").out)[0]["state"] == "disabled"
    assert "disabled" in run("keys", "service-accounts", "list").out
    assert run("keys", "service-accounts", "enable", "ci").code == 0
    assert run("keys", "service-accounts", "remove", "ci").code == 0
    assert json.loads(run("keys", "list", "--json").out)[0]["state"] == "revoked"


def test_a_locked_user_is_unlocked_on_the_machine_while_no_server_runs(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed(monkeypatch)
    cli("users", "create", "ann", "--role", "admin", "--password-stdin")
    state = State.open("", tmp_path / "data")
    for _ in range(10):
        asyncio.run(Lockout(state, SystemClock()).begin("ann", "192.0.2.1"))
    state.close()
    assert "ann" in cli("users", "locked").out
    assert json.loads(cli("users", "locked", "--json").out)[0]["failures"] == 10
    assert cli("users", "unlock", "ann").out == "unlocked ann\n"
    assert json.loads(cli("users", "locked", "--json").out) == []
    assert cli("users", "unlock", "ann").code == 1
