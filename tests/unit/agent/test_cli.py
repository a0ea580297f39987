import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from trimtab.agent import run as run_module
from trimtab.cli import agent as cli

Invoke = Callable[..., Result]


@pytest.fixture
def invoke(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Invoke:
    monkeypatch.setattr(run_module, "FIRST_SPAN_S", 0.01)

    def call(*arguments: str, **environment: str) -> Result:
        return CliRunner().invoke(cli.agent, arguments, env={"TRIMTAB_DATA_DIR": str(tmp_path), **environment})

    return call


def test_once_prints_a_table(invoke: Invoke) -> None:
    result = invoke("--once")
    assert result.exit_code == 0
    assert "system.memory.limit" in result.output


def test_once_as_json_has_resource_and_readings(invoke: Invoke, tmp_path: Path) -> None:
    result = invoke("--once", "--json", "--attribute", "k8s.node.name=n7", TRIMTAB_REGION="eu-west-1")
    answer = json.loads(result.output)
    resource = answer["resource"]
    assert (resource["service.namespace"], resource["service.name"]) == ("trimtab", "Host")
    assert (resource["k8s.node.name"], resource["cloud.region"]) == ("n7", "eu-west-1")
    assert "cloud.account.id" not in resource
    limit = next(row for row in answer["readings"] if row["name"] == "system.memory.limit")
    assert (limit["unit"], limit["attributes"]) == ("By", {})
    assert list(tmp_path.iterdir()) == []


def test_manifests_are_printed_with_the_address(invoke: Invoke) -> None:
    assert "--url=http://s:1" in invoke("--print-kubernetes", "--url", "http://s:1").output
    assert '--url "http://s:2"' in invoke("--print-systemd", TRIMTAB_URL="http://s:2").output
    assert '--url "http://127.0.0.1:9"' in invoke("--print-systemd", TRIMTAB_HTTP_ADDR="127.0.0.1:9").output


@pytest.mark.parametrize(
    ("arguments", "environment", "message"),
    [
        (("--url", "server:4750"), {}, "cannot use server address: got 'server:4750'"),
        (("--attribute", "novalue", "--once"), {}, "cannot use --attribute: got 'novalue'"),
        ((), {"TRIMTAB_HTTP_ADDR": "off"}, "cannot find the server"),
        (("--interval", "0"), {}, "Invalid value for '--interval'"),
        ((), {"TRIMTAB_AGENT_INTERVAL_S": "x"}, "cannot use TRIMTAB_AGENT_INTERVAL_S"),
    ],
)
def test_mistakes_are_told_without_a_traceback(
    invoke: Invoke, arguments: tuple[str, ...], environment: dict[str, str], message: str
) -> None:
    result = invoke(*arguments, **environment)
    assert result.exit_code != 0
    assert message in result.output


def test_a_spool_that_cannot_be_opened_is_named(invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / "agent" / "cursor").mkdir(parents=True)
    result = invoke("--url", "http://127.0.0.1:9")
    assert result.exit_code == 1
    assert f"cannot open spool {tmp_path / 'agent'}" in result.output
