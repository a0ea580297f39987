"""Messages of both eras of the protocol, and what is none."""

import io
import json
from typing import Any

import pytest

from trimtab.assistants import protocol, stdio
from trimtab.assistants.protocol import AGREED, CARRIED, Reply, answer, mismatch, read
from trimtab.assistants.tool import Tool
from trimtab.assistants.toolbox import Result

META = {"io.modelcontextprotocol/protocolVersion": CARRIED[-1], "io.modelcontextprotocol/clientCapabilities": {}}


def ask(tool: Tool, arguments: Any) -> Result:
    return Result(json.dumps({"tool": tool.name, "arguments": arguments}), failed=bool(arguments))


def told(message: dict[str, Any] | bytes) -> Any:
    raw = message if isinstance(message, bytes) else json.dumps({"jsonrpc": "2.0", **message}).encode()
    read_ = read(raw)
    reply = read_ if isinstance(read_, Reply) else answer(read_, ask)
    return None if reply.body is None else json.loads(reply.body)


@pytest.mark.parametrize("version", AGREED)
def test_a_version_that_is_known_is_agreed_on(version: str) -> None:
    result = told({"id": 1, "method": "initialize", "params": {"protocolVersion": version}})["result"]
    assert result["protocolVersion"] == version
    assert result["serverInfo"]["name"] == "trimtab"
    assert result["capabilities"] == {"tools": {}}


def test_another_version_is_answered_with_the_newest() -> None:
    for version in ("2099-01-01", CARRIED[-1]):
        result = told({"id": 1, "method": "initialize", "params": {"protocolVersion": version}})["result"]
        assert result["protocolVersion"] == "2025-11-25"
    assert told({"id": 1, "method": "initialize", "params": {}})["error"]["code"] == protocol.INVALID_PARAMS


def test_a_request_that_carries_its_version_needs_no_handshake() -> None:
    found = told({"id": "a", "method": "server/discover", "params": {"_meta": META}})["result"]
    assert CARRIED[-1] in found["supportedVersions"]
    assert (found["resultType"], found["cacheScope"]) == ("complete", "public")
    listed = told({"id": "a", "method": "tools/list", "params": {"_meta": META}})["result"]
    assert listed["ttlMs"] > 0
    called = told({"id": "a", "method": "tools/call", "params": {"_meta": META, "name": "runs"}})["result"]
    assert called["resultType"] == "complete"
    assert "ttlMs" not in called
    assert told({"id": "a", "method": "initialize", "params": {"_meta": META}})["error"]["code"] == -32601


def test_a_version_that_is_carried_and_unknown_is_refused_with_those_that_are_known() -> None:
    meta = {**META, "io.modelcontextprotocol/protocolVersion": "2099-01-01"}
    error = told({"id": 1, "method": "ping", "params": {"_meta": meta}})["error"]
    assert error["code"] == -32022
    assert error["data"] == {"supported": [*AGREED, *CARRIED], "requested": "2099-01-01"}
    lacking = {"io.modelcontextprotocol/protocolVersion": CARRIED[-1]}
    assert told({"id": 1, "method": "ping", "params": {"_meta": lacking}})["error"]["code"] == -32602


def test_a_tool_is_called_with_its_arguments_and_what_it_says_went_wrong_is_marked() -> None:
    result = told({"id": 2, "method": "tools/call", "params": {"name": "runs", "arguments": {"a": 1}}})["result"]
    assert result["isError"]
    assert json.loads(result["content"][0]["text"]) == {"tool": "runs", "arguments": {"a": 1}}
    result = told({"id": 2, "method": "tools/call", "params": {"name": "runs"}})["result"]
    assert not result["isError"]


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (b"{", -32700),
        (b"\xff", -32700),
        (b"[" * 5000, -32600),
        (b"[]", -32600),
        (b'"x"', -32600),
        (b'{"jsonrpc":"1.0","id":1,"method":"ping"}', -32600),
        (b'{"jsonrpc":"2.0","id":1.5,"method":"ping"}', -32600),
        (b'{"jsonrpc":"2.0","id":1,"method":"ping","params":[1]}', -32600),
        (b'{"jsonrpc":"2.0","id":1,"method":"resources/list"}', -32601),
        (b'{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"cursor":"x"}}', -32602),
        (b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"no_such"}}', -32602),
        (b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"runs","arguments":[]}}', -32602),
    ],
)
def test_what_is_no_request_is_refused_by_its_code(message: bytes, code: int) -> None:
    assert told(message)["error"]["code"] == code


def test_notifications_and_answers_are_not_answered() -> None:
    assert told({"method": "notifications/initialized"}) is None
    assert told({"id": 7, "result": {}}) is None


def test_headers_must_say_what_the_message_says() -> None:
    def refused(header: dict[str, str], **message: Any) -> int:
        found = read(json.dumps({"jsonrpc": "2.0", "id": 1, **message}))
        assert not isinstance(found, Reply)
        reply = mismatch(found, header)
        return 0 if reply is None else reply.error

    modern = {"method": "tools/call", "params": {"_meta": META, "name": "runs"}}
    right = {"mcp-protocol-version": CARRIED[-1], "mcp-method": "tools/call", "mcp-name": "runs"}
    assert refused(right, **modern) == 0
    for name, wrong in (("mcp-protocol-version", "2025-06-18"), ("mcp-method", "ping"), ("mcp-name", "nodes")):
        assert refused({**right, name: wrong}, **modern) == -32020
    assert refused({}, **modern) == -32020
    assert refused({}, method="ping") == 0
    assert refused({"mcp-protocol-version": "2025-06-18"}, method="ping") == 0
    assert refused({"mcp-protocol-version": "2019-01-01"}, method="ping") == -32022


def test_over_standard_input_each_line_is_a_message() -> None:
    lines = [{"id": 1, "method": "ping"}, {"method": "notifications/initialized"},
             {"id": 2, "method": "tools/call", "params": {"name": "runs"}}]  # fmt: skip
    sent = b"\n".join(json.dumps({"jsonrpc": "2.0", **one}).encode() for one in lines)
    out = io.BytesIO()
    stdio.serve(io.BytesIO(sent + b"\n\nnonsense\n"), out, ask)
    answers = [json.loads(line) for line in out.getvalue().splitlines()]
    assert sorted(str(one["id"]) for one in answers) == ["1", "2", "None"]


def test_over_standard_input_a_bug_is_an_answer_too() -> None:
    def broken(tool: Tool, arguments: Any) -> Result:
        raise ValueError("secret")

    out = io.BytesIO()
    line = json.dumps({"jsonrpc": "2.0", "id": 9, "method": "tools/call", "params": {"name": "runs"}}).encode()
    stdio.serve(io.BytesIO(line + b"\n"), out, broken)
    error = json.loads(out.getvalue())["error"]
    assert error["code"] == -32603
    assert "secret" not in error["message"]
