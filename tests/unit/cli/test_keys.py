"""`trimtab keys`, through a server and without one."""

import asyncio
import json
from pathlib import Path

import pytest
from tests.unit.cli.conftest import Cli
from tests.unit.doors.rest.conftest import Api

from trimtab.access.refusals import Refused


def test_a_key_is_made_listed_and_revoked_through_the_server(live: Cli, api: Api) -> None:
    made = json.loads(live("keys", "create", "--name", "ci", "--json").out)
    assert api.keys.secret_of(made["id"]) is not None
    listed = live("keys", "list")
    assert made["id"] in listed.out
    assert made["secret"] not in listed.out
    assert live("keys", "revoke", made["id"]).out == f"revoked {made['id']} (ci)\n"
    assert api.keys.secret_of(made["id"]) is None
    again = live("keys", "revoke", made["id"])
    assert (again.code, again.err) == (1, f"trimtab: cannot revoke key '{made['id']}': it is revoked already\n")


def test_the_secret_is_shown_once_to_a_person(live: Cli) -> None:
    outcome = live("keys", "create", "--kind", "token", "--role", "read", "--name", "grafana")
    assert "tt_" in outcome.out
    assert "not shown again" in outcome.err


def test_without_a_server_the_data_directory_is_opened(cli: Cli, tmp_path: Path) -> None:
    made = cli("keys", "create", "--json")
    assert made.code == 0
    assert "The server does not run" in made.err
    key = json.loads(made.out)
    assert (key["kind"], key["account"]) == ("aws", "123456789012")
    assert (tmp_path / "data" / "state.sqlite").exists()
    listed = json.loads(cli("keys", "list", "--json").out)
    assert [row["id"] for row in listed] == [key["id"]]
    assert json.loads(cli("keys", "revoke", key["id"], "--json").out)["revoked_ms"] > 0
    assert cli("keys", "revoke", "none").code == 1


def test_a_server_elsewhere_is_never_replaced_by_the_data_directory(cli: Cli, tmp_path: Path) -> None:
    outcome = cli("keys", "list", "--url", "http://127.0.0.1:1")
    assert outcome.code == 1
    assert "cannot reach trimtab" in outcome.err
    assert not (tmp_path / "data").exists()


def test_a_data_directory_that_cannot_be_made_is_named(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("TRIMTAB_DATA_DIR", str(tmp_path / "file" / "x"))
    outcome = cli("keys", "list")
    assert outcome.code == 1
    assert outcome.err.splitlines()[-1].startswith("trimtab: cannot open data directory")


def test_an_account_has_12_digits(cli: Cli) -> None:
    outcome = cli("keys", "create", "--account", "12")
    assert (outcome.code, "12 digits" in outcome.err) == (2, True)


@pytest.mark.parametrize("offline", [False, True])
def test_a_key_is_bound_to_teams_and_tags(request: pytest.FixtureRequest, offline: bool) -> None:
    run: Cli = request.getfixturevalue("cli" if offline else "live")
    options = ("--kind", "token", "--team", "search", "--team", "vision", "--tag", "env=prod", "--tag", "env=test")
    made = json.loads(run("keys", "create", *options, "--json").out)
    assert (made["teams"], made["tags"]) == (["search", "vision"], {"env": ["prod", "test"]})
    assert "team search or vision, env prod or test" in run("keys", "list").out
    assert "expected KEY=VALUE" in run("keys", "create", "--tag", "env").err


@pytest.mark.parametrize("offline", [False, True])
def test_a_key_ends_and_is_rotated(request: pytest.FixtureRequest, offline: bool) -> None:
    run: Cli = request.getfixturevalue("cli" if offline else "live")
    options = ("--expires", "90d") if offline else ()  # `live` has a clock of its own
    old = json.loads(run("keys", "create", "--kind", "token", *options, "--json").out)
    new = json.loads(run("keys", "rotate", old["id"], "--overlap", "12h", "--json").out)
    assert new["id"] != old["id"]
    listed = run("keys", "list")
    assert f"then {new['id']}" in listed.out
    assert f"{old['id']} (cli) ends today; {new['id']} takes its place" in listed.err
    assert "takes its place already" in run("keys", "rotate", old["id"]).err
    assert "such as 90s, 1h30m or 14d" in run("keys", "create", "--expires", "soon").err


def test_what_was_refused_is_listed(live: Cli, api: Api) -> None:
    api.access.refusals.note(Refused("aws", 403, "AKIAIOSFODNN7EXAMPLE", "192.0.2.1"), "/")
    asyncio.run(api.access.refusals.save())
    assert "AKIAIOSFODNN7EXAMPLE" in live("keys", "refused").out
    assert json.loads(live("keys", "refused", "--json").out)[0]["count"] == 1
