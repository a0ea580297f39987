"""`trimtab secrets rotate`: a new key file, and the same keys."""

import json
from pathlib import Path

from tests.unit.cli.conftest import Cli


def test_rotating_puts_a_new_key_in_use(cli: Cli, tmp_path: Path) -> None:
    made = json.loads(cli("keys", "create", "--json").out)
    file = tmp_path / "data" / "state.key"
    before = file.read_text()
    assert json.loads(cli("secrets", "rotate", "--json").out) == {"sealed": 1, "key_file": str(file)}
    assert file.read_text() != before
    assert file.read_text().count("\n") == 1
    assert [key["id"] for key in json.loads(cli("keys", "list", "--json").out)] == [made["id"]]
    file.write_text(before)
    refused = cli("secrets", "rotate")
    assert refused.code != 0
    assert "under another key" in refused.err
    file.unlink()
    assert "is not there; bring it back" in cli("keys", "list").err
