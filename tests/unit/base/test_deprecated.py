"""What goes with a later version warns wherever it is used, and does not stop what worked before."""

from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from starlette.testclient import TestClient

from trimtab.base.deprecated import DEPRECATED, Deprecation, Kind, of_kind
from trimtab.base.errors import SetupError
from trimtab.cli.main import warned
from trimtab.doors.rest.endpoint import Endpoint
from trimtab.doors.rest.spec import Call, Operation
from trimtab.settings import deprecated, load

OLD = "TRIMTAB_NOTIFY_ALLOW_LINK_LOCAL"


def entry(kind: Kind, name: str) -> Deprecation:
    return Deprecation(kind=kind, name=name, since="0.2.0", until="0.4.0", instead="use the other")


def test_a_settings_file_of_release_0_1_0_starts_this_program_and_is_warned_of(tmp_path: Path) -> None:
    file = tmp_path / "trimtab.toml"
    file.write_text("notify_allow_link_local = true\nretention_raw_days = 30\n")
    told = {"TRIMTAB_CONFIG": str(file)}
    assert 30 == load(told).retention_raw_days
    assert [OLD] == [one.name for one in deprecated(told)] == [one.name for one in deprecated({OLD: "1"})]
    assert [] == deprecated({"TRIMTAB_RETENTION_RAW_DAYS": "30"})
    file.write_text("notify_allow_link_locals = true\n")
    with pytest.raises(SetupError, match="unknown setting 'notify_allow_link_locals'"):
        load(told)


def test_a_command_that_goes_says_so_when_called_and_in_its_help() -> None:
    @click.group()
    def costs() -> None:
        """Costs."""

    @costs.command()
    def listed() -> None:
        """List."""

    @costs.command()
    def kept() -> None:
        """Keep."""

    warned("costs", costs, [entry(Kind.COMMAND, "trimtab costs listed"), entry(Kind.COMMAND, "trimtab other listed")])
    ran = CliRunner().invoke(costs, ["listed"])
    assert (0, True) == (ran.exit_code, "It will be gone in 0.4.0: use the other." in ran.stderr)
    assert "It will be gone in 0.4.0" in CliRunner().invoke(costs, ["listed", "--help"]).stdout
    assert "" == CliRunner().invoke(costs, ["kept"]).stderr


def test_an_operation_that_goes_answers_as_before_with_a_warning() -> None:
    async def handler(call: Call[object, object]) -> dict[str, int]:
        return {"n": 1}

    def operation(method: str) -> Operation:
        return Operation(method, "/x", f"{method} x", "It is x.", handler, dict[str, int], role=None)

    endpoint = Endpoint([operation("GET"), operation("POST")], [entry(Kind.OPERATION, "GET /x")])

    async def app(scope, receive, send):  # type: ignore[no-untyped-def] # ASGI
        scope.setdefault("state", {})["principal"] = None  # the operation has no role
        await endpoint(scope, receive, send)

    client = TestClient(app)
    answer = client.get("/x")
    assert {"n": 1} == answer.json()
    assert (
        '299 - "GET /x is deprecated since 0.2.0 and will be gone in 0.4.0: use the other"' == answer.headers["Warning"]
    )
    assert "Warning" not in client.post("/x").headers


def test_the_list_has_each_name_once() -> None:
    assert len(DEPRECATED) == sum(len(of_kind(kind)) for kind in Kind)
