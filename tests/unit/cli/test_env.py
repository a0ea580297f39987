"""`trimtab env`: lines that a shell evaluates to what clients need."""

import json
import shutil
import subprocess

import pytest
from tests.unit.cli.conftest import Cli
from tests.unit.doors.rest.conftest import Api

from trimtab.cli.env import _line


def test_local_mode_points_every_client_here(live: Cli) -> None:
    variables = json.loads(live("env", "--json", "--url", "http://127.0.0.1:4750").out)
    assert variables == {
        "AWS_ENDPOINT_URL": "http://127.0.0.1:4750",
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4750",
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        "TRIMTAB_URL": "http://127.0.0.1:4750",
    }


def test_bash_evaluates_the_lines(cli: Cli) -> None:
    outcome = cli("env", "--access-key", "AKIA:a'b c", "--token", "t$x")
    assert outcome.code == 0
    shown = 'printf \'%s|\' "$AWS_SECRET_ACCESS_KEY" "$TRIMTAB_TOKEN" "$OTEL_EXPORTER_OTLP_HEADERS"'
    shell = subprocess.run(["bash", "-c", outcome.out + shown], capture_output=True, text=True, check=True)
    assert shell.stdout == "a'b c|t$x|Authorization=Bearer%20t%24x|"


def test_a_server_that_does_not_run_is_remarked_and_its_settings_count(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "take the settings of this machine" in cli("env").err
    monkeypatch.setenv("TRIMTAB_REQUIRE_AUTH", "1")
    assert "<access key id>" in cli("env").out


def test_prometheus_gets_a_snippet_as_a_comment(cli: Cli) -> None:
    out = cli("env", "--token", "t").out
    snippet = [line.removeprefix("# ") for line in out.splitlines() if line.startswith("#")]
    assert "  - url: http://127.0.0.1:1/api/v1/write" in snippet
    assert "    authorization:" in snippet


def test_a_new_key_is_made_on_the_way(live: Cli, api: Api) -> None:
    variables = json.loads(live("env", "--new-key", "laptop", "--json").out)
    key = api.keys.secret_of(variables["AWS_ACCESS_KEY_ID"])
    assert key is not None
    assert key.secret == variables["AWS_SECRET_ACCESS_KEY"]


@pytest.mark.parametrize(
    "arguments", [("--access-key", "x"), ("--access-key", "a:b", "--new-key", "c"), ("--shell", "cmd")]
)
def test_options_that_do_not_fit_are_wrong_use(cli: Cli, arguments: tuple[str, ...]) -> None:
    assert cli("env", *arguments).code == 2


@pytest.mark.parametrize(
    ("shell", "line"),
    [("bash", "export A='it'\"'\"'s'"), ("fish", r"set -gx A 'it\'s'"), ("powershell", "$env:A = 'it''s'")],
)
def test_each_shell_has_its_own_quotes(shell: str, line: str) -> None:
    assert _line(shell, "A", "it's") == line
    if shutil.which(shell):
        show = {"bash": 'printf %s "$A"', "fish": "printf %s $A", "powershell": "$env:A"}[shell]
        done = subprocess.run([shell, "-c", f"{line}\n{show}"], capture_output=True, text=True, check=True)
        assert done.stdout.strip() == "it's"
