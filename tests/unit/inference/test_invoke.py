"""Invocations go where the gate lets them, and an answer has an end in size and time."""

import asyncio
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from gates import gate_of
from trimtab.base.clock import ManualClock
from trimtab.base.errors import Unavailable
from trimtab.egress.address import Forbidden, Place
from trimtab.inference import invoke
from trimtab.inference.invoke import Asked, Invoker
from trimtab.inventory.served.model import CONFIG, ENDPOINT, MODEL
from trimtab.inventory.served.store import ServedStore
from trimtab.store.state.database import State

PLACE = ("123456789012", "us-east-1")


class Model:
    """Answers 1,000 bytes; those after `half` once it is let go."""

    def __init__(self) -> None:
        self.go_on = threading.Event()
        self.go_on.set()
        self.port = 0


@pytest.fixture
def model() -> Iterator[Model]:
    made = Model()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b"x" * 500)
            self.wfile.flush()
            made.go_on.wait(30)
            try:
                self.wfile.write(b"y" * 500)
            except OSError:
                return

        def log_message(self, format: str, *arguments: Any) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as served:
        served.daemon_threads = True
        made.port = served.server_port
        thread = threading.Thread(target=served.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield made
        made.go_on.set()
        served.shutdown()
        thread.join()


async def _invoker(state: State, model: Model, *, allowed: bool = True) -> Invoker:
    served, gate = ServedStore(state, ManualClock()), gate_of(state)
    form = {"PrimaryContainer": {"Environment": {"TRIMTAB_URL": f"http://127.0.0.1:{model.port}/x"}}}
    await served.create(PLACE, MODEL, "m", form, "InService")
    variants = {"ProductionVariants": [{"VariantName": "A", "ModelName": "m"}]}
    await served.create(PLACE, CONFIG, "c", variants, "InService")
    await served.create(PLACE, ENDPOINT, "e", {"EndpointConfigName": "c"}, "InService")
    if allowed:
        gate.entries.add(Place("127.0.0.1", model.port), "", "ann")
    return Invoker(served, gate)


def test_a_model_that_is_not_on_the_list_is_not_asked(state: State, model: Model) -> None:
    async def scenario() -> None:
        invoker = await _invoker(state, model, allowed=False)
        with pytest.raises(Forbidden, match="is on no public network"):
            await invoker.invoke(PLACE, "e", Asked(b"x", "text/plain"))
        with pytest.raises(Forbidden, match="is on no public network"):
            await invoker.stream(PLACE, "e", Asked(b"x", "text/plain"))
        await invoker.close()

    asyncio.run(scenario())


def test_an_answer_is_read_to_a_bound_in_size_and_in_time(state: State, model: Model) -> None:
    async def scenario() -> None:
        invoker, asked = await _invoker(state, model), Asked(b"x", "text/plain")
        assert len((await invoker.invoke(PLACE, "e", asked, most_bytes=1000)).body) == 1000
        with pytest.raises(Unavailable, match="longer than 999 bytes"):
            await invoker.invoke(PLACE, "e", asked, most_bytes=999)
        model.go_on.clear()
        with pytest.raises(Unavailable, match=r"no answer within 0\.3 s"):
            await invoker.invoke(PLACE, "e", asked, timeout_s=0.3)
        await invoker.close()

    asyncio.run(scenario())


def test_an_answer_that_streams_has_an_end(state: State, model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> bytes:
        invoker = await _invoker(state, model)
        _, parts = await invoker.stream(PLACE, "e", Asked(b"x", "text/plain"))
        try:
            return b"".join([part async for part in parts])
        finally:
            await invoker.close()

    assert len(asyncio.run(scenario())) == 1000
    monkeypatch.setattr(invoke, "_STREAM_S", -1.0)
    state.wipe()
    with pytest.raises(Unavailable, match="streams for more than"):
        asyncio.run(scenario())
