"""Services of systemd: what is written and where, what is left alone, and that systemd takes the units."""

import json
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from real.parts import program
from trimtab.base.errors import InvalidInput, Unavailable
from trimtab.cli import service as commands
from trimtab.cli.service import service
from trimtab.cli.service_units import MARK, account_lines


def ran(*arguments: str) -> Result:
    found = CliRunner().invoke(service, arguments)
    if found.exception is not None and not isinstance(found.exception, SystemExit):
        raise found.exception
    return found


def test_the_server_is_written_with_its_settings_and_not_started_elsewhere(tmp_path: Path) -> None:
    given = ("install", "--root", str(tmp_path), "--set", "TRIMTAB_HTTP_ADDR=127.0.0.1:4751", "--json")
    told = json.loads(ran(*given).stdout)
    unit = (tmp_path / "etc/systemd/system/trimtab.service").read_text()
    assert told["started"] is False
    assert f'ExecStart="{sys.executable}" -m trimtab up\n' in unit
    assert "Environment=TRIMTAB_DATA_DIR=%S/trimtab" in unit
    assert "$" not in unit
    environment = tmp_path / "etc/trimtab/server.env"
    assert ("TRIMTAB_HTTP_ADDR=127.0.0.1:4751\n", 0o600) == (
        environment.read_text(),
        stat.S_IMODE(environment.stat().st_mode),
    )


def test_what_is_set_again_replaces_what_was_and_the_rest_stays(tmp_path: Path) -> None:
    for value in ("TRIMTAB_A=1", "TRIMTAB_B=2", "TRIMTAB_A=3"):
        ran("install", "--root", str(tmp_path), "--set", value)
    assert "TRIMTAB_B=2\nTRIMTAB_A=3\n" == (tmp_path / "etc/trimtab/server.env").read_text()


def test_a_unit_that_somebody_else_wrote_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "etc/systemd/system/trimtab.service"
    path.parent.mkdir(parents=True)
    path.write_text("[Service]\nExecStart=/bin/true\n")
    for verb in ("install", "uninstall"):
        with pytest.raises(InvalidInput, match="somebody else wrote it"):
            ran(verb, "--root", str(tmp_path))
    assert "/bin/true" in path.read_text()


def test_uninstalling_leaves_the_settings(tmp_path: Path) -> None:
    ran("install", "--root", str(tmp_path), "--set", "TRIMTAB_A=1")
    ran("uninstall", "--root", str(tmp_path))
    assert not (tmp_path / "etc/systemd/system/trimtab.service").exists()
    assert (tmp_path / "etc/trimtab/server.env").exists()
    with pytest.raises(InvalidInput, match="is not there"):
        ran("uninstall", "--root", str(tmp_path))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("agent",), "expected --url"),
        (("agent", "--user", "--url", "http://x"), "needs the system's"),
        (("--data-dir", "here"), "expected a path from / on"),
        (("--user", "--data-dir", "/x"), "TRIMTAB_DATA_DIR"),
        (("--set", "nothing"), "expected NAME=VALUE"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_written(
    tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    with pytest.raises(InvalidInput, match=said):
        ran("install", *arguments, "--root", str(tmp_path))
    assert [] == list(tmp_path.iterdir())


def test_without_systemd_it_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(commands, "_RUNNING", tmp_path / "none")
    with pytest.raises(Unavailable, match="systemd does not run this machine; the files are written"):
        ran("install", "--user")
    assert (tmp_path / ".config/systemd/user/trimtab.service").read_text().startswith(MARK)


def test_with_systemd_it_is_enabled_and_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(commands, "_RUNNING", tmp_path)
    called: list[list[str]] = []
    monkeypatch.setattr(commands, "_call", called.append)
    ran("install", "--user")
    verbs = [["daemon-reload"], ["enable", "--now", "trimtab.service"]]
    assert [["systemctl", "--user", *verb] for verb in verbs] == called


def test_an_installation_in_a_closed_folder_runs_as_its_owner(tmp_path: Path) -> None:
    assert "DynamicUser=yes" == account_lines(Path("/usr/bin"))
    (tmp_path / "venv").mkdir(mode=0o700)
    assert f"User={tmp_path.owner()}" == account_lines(Path("/usr/bin"), tmp_path / "venv")


def verified(text: str, folder: Path, name: str) -> str:
    analyze = program("systemd-analyze")
    path = folder / name
    path.write_text(text)
    done = subprocess.run(
        [analyze, "verify", "--man=no", "--recursive-errors=no", str(path)],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    return "" if done.returncode == 0 and name not in done.stderr else done.stderr


@pytest.mark.parametrize("arguments", [(), ("--user",), ("agent", "--url", "https://server:4750")])
def test_systemd_takes_each_unit(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    name = "trimtab-agent.service" if "agent" in arguments else "trimtab.service"
    assert "" == verified(ran("show", *arguments).stdout, tmp_path, name)


def test_a_mistake_in_a_unit_would_be_seen(tmp_path: Path) -> None:
    text = ran("show").stdout.replace("ProtectSystem=strict", "ProtectEverything=strict")
    assert "ProtectEverything" in verified(text, tmp_path, "trimtab.service")


def test_the_server_has_few_rights_left(tmp_path: Path) -> None:
    analyze = program("systemd-analyze")
    path = tmp_path / "trimtab.service"
    path.write_text(re.sub(r"^User=.*$", "DynamicUser=yes", ran("show").stdout, flags=re.MULTILINE))
    done = subprocess.run(
        [analyze, "security", "--offline=true", "--threshold=40", "--no-pager", str(path)],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-600:] + done.stderr
