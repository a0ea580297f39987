"""The senders against real servers here: gRPC, KServe v2 over HTTP and gRPC, and streams with known times."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest

from trimtab.inference.drive import Driver
from trimtab.inference.load.held import Held
from trimtab.inference.load.target import Payload, Target
from trimtab.inference.objective import Objective

pytestmark = pytest.mark.slow
FIRST_S, GAP_S, TOKENS = 0.06, 0.02, 6
ANY = Objective(1000.0)
Answer = Callable[[str, bytes, asyncio.StreamWriter], Any]


@asynccontextmanager
async def _http(answer: Answer) -> AsyncIterator[int]:
    """HTTP/1.1 with kept connections; `answer` writes a whole answer."""
    tasks = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.current_task())
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                length = next(
                    int(line[15:]) for line in head.split("\r\n") if line.lower().startswith("content-length:")
                )
                await answer(head.split(" ")[1], await reader.readexactly(length), writer)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def _grpc(seen: list[tuple[str, bytes]]) -> AsyncIterator[int]:
    class Handler(grpc.GenericRpcHandler):
        def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
            async def infer(request: bytes, context: Any) -> bytes:
                seen.append((details.method, request))
                if request == b"bad":
                    await context.abort(grpc.StatusCode.INVALID_ARGUMENT, "bad")
                return b"answer"

            return grpc.unary_unary_rpc_method_handler(infer)

    server = grpc.aio.server()
    server.add_generic_rpc_handlers((Handler(),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        yield port
    finally:
        await server.stop(None)


def _run(serving: AbstractAsyncContextManager[int], target: Callable[[int], Target], held: Held) -> Any:
    async def run() -> Any:
        async with serving as port:
            return (await Driver(target(port)).hold(held, ANY)).levels[0]

    return asyncio.run(run())


def test_grpc_calls_reach_the_method_and_failures_are_named() -> None:
    seen: list[tuple[str, bytes]] = []
    level = _run(_grpc(seen), lambda port: Target(f"grpc://127.0.0.1:{port}", "grpc", payload=Payload(b"message")),
                 Held(5.0, 200.0, requests=50))  # fmt: skip
    assert (50, 0.0) == (level.point.requests, level.point.errors)
    assert {("/inference.GRPCInferenceService/ModelInfer", b"message")} == set(seen)
    level = _run(_grpc(seen), lambda port: Target(f"grpc://127.0.0.1:{port}/a.B/C", "grpc", payload=Payload(b"bad")),
                 Held(5.0, 100.0, requests=10))  # fmt: skip
    assert {"gRPC INVALID_ARGUMENT": 10} == level.problems
    assert ("/a.B/C", b"bad") == seen[-1]


def test_kserve_requests_have_the_models_path_and_body() -> None:
    seen: list[tuple[str, bytes]] = []
    body = b'{"inputs":[{"name":"x","shape":[1],"datatype":"FP32","data":[1.0]}]}'

    async def answer(path: str, asked: bytes, writer: asyncio.StreamWriter) -> None:
        seen.append((path, asked))
        text = b'{"outputs":[]}'
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(text), text))

    def target(port: int) -> Target:
        return Target(f"http://127.0.0.1:{port}", "kserve", payload=Payload(body), model="m", version="3")

    level = _run(_http(answer), target, Held(5.0, 200.0, requests=40))
    assert (40, 0.0) == (level.point.requests, level.point.errors)
    assert {("/v2/models/m/versions/3/infer", body)} == set(seen)


def test_a_host_whose_address_is_told_is_not_resolved() -> None:
    async def answer(path: str, asked: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    def target(port: int) -> Target:
        return Target(f"http://models.invalid:{port}/x", payload=Payload(b"x"), connect_to="127.0.0.1")

    level = _run(_http(answer), target, Held(5.0, 200.0, requests=40))
    assert (40, 0.0) == (level.point.requests, level.point.errors)


def test_first_tokens_and_gaps_are_those_of_the_stream(tmp_path: Path) -> None:
    lengths = tmp_path / "trace.csv"
    lengths.write_text("TIMESTAMP,ContextTokens,GeneratedTokens\n1,12,6\n2,40,6\n")
    prompts: set[int] = set()
    own: list[tuple[float, list[float]]] = []

    async def answer(path: str, asked: bytes, writer: asyncio.StreamWriter) -> None:
        form = json.loads(asked)
        assert ("/v1/chat/completions", TOKENS) == (path, form["max_tokens"])
        prompts.add(len(form["messages"][0]["content"].split()))
        loop = asyncio.get_running_loop()
        came, times = loop.time(), []
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: text/event-stream\r\n\r\n")
        for pause in (FIRST_S, *(GAP_S for _ in range(TOKENS - 1))):
            await asyncio.sleep(pause)
            times.append(loop.time())
            event = b'data: {"choices":[{"delta":{"content":"a"}}]}\n\n'
            writer.write(b"%x\r\n%b\r\n" % (len(event), event))
        own.append((times[0] - came, [after - before for before, after in itertools.pairwise(times)]))
        last = b'data: {"choices":[],"usage":{"completion_tokens":%d}}\n\ndata: [DONE]\n\n' % TOKENS
        writer.write(b"%x\r\n%b\r\n0\r\n\r\n" % (len(last), last))

    def target(port: int) -> Target:
        return Target(f"http://127.0.0.1:{port}", "openai", payload=Payload(lengths=lengths))

    level = _run(_http(answer), target, Held(10.0, 20.0, requests=40))
    latency = level.point.latency_ms
    first = sorted(one for one, _ in own)[len(own) // 2] * 1000
    gaps = sorted(gap for _, found in own for gap in found)
    assert (40, 0.0) == (level.point.requests, level.point.errors)
    assert {12, 40} == prompts
    assert 40 * TOKENS == sum(one.tokens for one in level.slices)
    # Times are the server's own, a busy machine's delay of reading besides.
    assert first - 1 <= latency["ttft_p50"].value <= first + 60
    assert latency["itl_p50"].value == pytest.approx(gaps[len(gaps) // 2] * 1000, abs=15)
    assert latency["p50"].value >= latency["ttft_p50"].value + (TOKENS - 2) * GAP_S * 1000
