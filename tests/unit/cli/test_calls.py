"""Each command asks the operation that it is for, in a form that the server takes; names are quoted on the way.

`calls.test` has the commands with their requests. Every request is also held against the server's own declarations:
route, query and body.
"""

import json
import shlex
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qsl

import httpx
import pytest
from starlette.routing import Match, Route

import every_operation
from trimtab.__main__ import run
from trimtab.base import typed
from trimtab.cli.connection import Connection
from trimtab.client.api import Client
from trimtab.doors.rest.endpoint import read_query
from trimtab.doors.rest.spec import Operation

NAME = "n/1 x"
NOT_THERE = {"error": {"code": "not_found", "message": "it is not there"}}


def cases() -> Iterator[tuple[str, str]]:
    for line in (Path(__file__).parent / "calls.test").read_text().splitlines():
        if not line.startswith("#"):
            command, _, request = line.partition("  ->  ")
            yield command, request


@pytest.fixture
def requests(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[httpx.Request]:
    """What commands send; nothing that they ask for is there."""
    sent: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(404, json=NOT_THERE)

    def client(self: Connection, timeout_s: float = 60.0) -> Client:
        return Client("http://127.0.0.1:1", transport=httpx.MockTransport(answer))

    monkeypatch.setattr(Connection, "client", client)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TRIMTAB_DATA_DIR", str(tmp_path / "data"))
    return sent


@pytest.fixture(scope="module")
def operations() -> list[tuple[Route, Operation]]:
    return [(Route(one.path, lambda: None, methods=[one.method]), one) for one in every_operation.rest()]


def operation_of(operations: list[tuple[Route, Operation]], method: str, path: str) -> Operation:
    scope = {"type": "http", "method": method, "path": path, "root_path": "", "headers": []}
    return next(one for route, one in operations if route.matches(scope)[0] is Match.FULL)


@pytest.mark.parametrize(("command", "expected"), list(cases()))
def test_a_command_makes_its_request(
    command: str,
    expected: str,
    requests: list[httpx.Request],
    operations: list[tuple[Route, Operation]],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = [{"N": NAME, "DIR": str(tmp_path)}.get(word, word) for word in shlex.split(command)]
    assert 1 == run(words)
    assert "there" in capsys.readouterr().err
    request = requests[0]
    where, _, body = expected.partition(" {")
    method, _, where = where.partition(" ")
    path, _, query = where.partition("?")
    given = parse_qsl(request.url.query.decode(), keep_blank_values=True)
    assert (method, path.replace("/N", "/n%2F1%20x")) == (
        request.method,
        request.url.raw_path.decode().partition("?")[0],
    )
    assert {(name, NAME if value == "N" else value) for name, value in parse_qsl(query)} <= set(given)
    assert (json.loads("{" + body.replace('"N"', f'"{NAME}"')) if body else None) == (
        json.loads(request.content) if request.content else None
    )
    operation = operation_of(operations, method, path)
    read_query(operation.query, given)  # raises where the server would refuse it
    if operation.body is not None:
        typed.decode(request.content, type=operation.body)
