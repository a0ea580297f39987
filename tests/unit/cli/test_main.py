"""The root command: light, quick to start, one clear line for every failure."""

import importlib
import resource
import subprocess
import sys

import pytest
from tests.unit.cli.conftest import Cli

from trimtab import __version__
from trimtab.cli import settings as settings_command
from trimtab.cli.main import COMMANDS

SERVER_PARTS = ("numpy", "starlette", "uvicorn", "chdb", "sqlalchemy", "botocore", "numba", "jinja2", "httpx", "rich")
START_S = 0.150  # issue 2's budget, on the machine that runs the test


def test_the_root_imports_nothing_of_the_server() -> None:
    program = "import sys, trimtab.__main__; print(*sorted(name for name in sys.modules if '.' not in name))"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert "trimtab" in loaded
    assert not set(SERVER_PARTS) & set(loaded)


@pytest.mark.parametrize("module", ["agent", "doctor", "env", "keys", "metrics", "settings", "up"])
def test_no_command_imports_a_part_of_the_server_until_it_must(module: str) -> None:
    program = f"import sys, trimtab.cli.{module}; print(*sorted(name for name in sys.modules if '.' not in name))"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert not set(SERVER_PARTS[:8]) & set(loaded)


def test_it_starts_within_150_ms() -> None:
    took = []
    for _ in range(5):  # the best of five, of processor time: the machine may be busy with other tests
        began = processor_s()
        subprocess.run([sys.executable, "-m", "trimtab", "--version"], capture_output=True, check=True)
        took.append(processor_s() - began)
    assert min(took) < START_S


def processor_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def test_version_and_help(cli: Cli) -> None:
    assert cli("--version").out == f"trimtab {__version__}\n"
    out = " ".join(cli("--help").out.split())  # help that is long goes over two lines
    assert all(f"{name} {command.help}" in out for name, command in COMMANDS.items())


@pytest.mark.parametrize("name", [name for name in COMMANDS if name not in ("up", "agent", "demo")])
def test_every_command_has_help_and_json(cli: Cli, name: str) -> None:
    outcome = cli(name, "--help")
    assert outcome.code == 0
    assert "--json" in outcome.out or "Commands:" in outcome.out


def test_a_command_whose_package_is_missing_says_what_to_install(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ModuleNotFoundError("No module named 'chdb'", name="chdb")

    monkeypatch.setattr(importlib, "import_module", missing)
    outcome = cli("settings")
    assert (outcome.code, outcome.err.count("\n")) == (1, 1)
    assert "pip install 'trimtab[server]'" in outcome.err


@pytest.mark.parametrize("arguments", [("nonsense",), ("keys", "nonsense"), ("metrics", "get"), ("--nonsense",)])
def test_wrong_use_is_one_line_and_exit_code_2(cli: Cli, arguments: tuple[str, ...]) -> None:
    outcome = cli(*arguments)
    assert outcome.code == 2
    assert outcome.out == ""
    assert outcome.err.startswith("trimtab: ")
    assert outcome.err.count("\n") == 1


def test_a_failure_is_one_line_and_exit_code_1(cli: Cli) -> None:
    outcome = cli("metrics", "list")
    assert outcome.code == 1
    assert outcome.err.startswith("trimtab: cannot reach trimtab at http://127.0.0.1:1: ")
    assert outcome.err.count("\n") == 1


def test_a_wrong_setting_is_one_line_too(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIMTAB_HTTP_ADDR", "nonsense")
    outcome = cli("metrics", "list")
    assert (outcome.code, outcome.err.count("\n")) == (1, 1)
    assert "TRIMTAB_HTTP_ADDR" in outcome.err


@pytest.mark.parametrize(("raised", "code"), [(KeyboardInterrupt(), 130), (BrokenPipeError(), 0)])
def test_an_interrupted_command_ends_quietly(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, raised: BaseException, code: int
) -> None:
    def stop(*args: object, **kwargs: object) -> None:
        raise raised

    monkeypatch.setattr(settings_command, "describe", stop)
    monkeypatch.setattr(sys, "stdout", sys.stdout)
    outcome = cli("settings")
    assert outcome.code == code
    assert "Traceback" not in outcome.err
