"""`trimtab settings`: all of them, here and on the server, secrets masked."""

import json
from dataclasses import fields

import pytest
from tests.unit.cli.conftest import Cli

from trimtab.settings import PREFIX, Settings


def test_every_setting_is_listed_with_where_it_came_from(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIMTAB_TOKEN", "secret-token")
    rows = {row["name"]: row for row in json.loads(cli("settings", "--json").out)}
    assert set(rows) == {PREFIX + item.name.upper() for item in fields(Settings)}
    assert rows["TRIMTAB_TOKEN"]["value"] == "•••"
    assert rows["TRIMTAB_HTTP_ADDR"]["source"] == "environment"
    assert rows["TRIMTAB_REGION"]["source"] == "default"
    assert "secret-token" not in cli("settings").out


def test_the_server_tells_its_own(live: Cli) -> None:
    assert [row["name"] for row in json.loads(live("settings", "--server", "--json").out)] == ["TRIMTAB_X"]
