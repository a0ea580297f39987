"""The command line in this process: against the REST API over fakes, or against no server at all."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.unit.doors.rest import conftest as rest

from asgi_client import SyncTransport
from trimtab.__main__ import run
from trimtab.cli import connection
from trimtab.client.api import Client

api = rest.api  # the fixture: the API with its fakes


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str


Cli = Callable[..., Outcome]


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    """Runs a command line with a data directory of its own and no settings; no server listens where it looks."""
    for name in ("URL", "TOKEN", "CONFIG", "REQUIRE_AUTH", "TLS_CERT"):
        monkeypatch.delenv(f"TRIMTAB_{name}", raising=False)
    monkeypatch.setenv("TRIMTAB_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("TRIMTAB_HTTP_ADDR", "127.0.0.1:1")  # privileged and unused: nothing listens there
    monkeypatch.setenv("TRIMTAB_OTLP_HTTP_ADDR", "off")

    def call(*arguments: str) -> Outcome:
        code = run(arguments)
        captured = capsys.readouterr()
        return Outcome(code, captured.out, captured.err)

    return call


@pytest.fixture
def live(cli: Cli, api: rest.Api, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cli]:
    """The same, with the REST API of `api` where the commands look for a server."""

    def client(url: str, token: str = "", *, timeout_s: float = 60.0, ca_file: str = "") -> Client:
        return Client("http://127.0.0.1:4750", token, transport=SyncTransport(api.client.app))

    monkeypatch.setattr(connection, "Client", client)
    yield cli
