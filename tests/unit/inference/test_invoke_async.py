"""Asynchronous invocations: durable from when they are acknowledged, with one object each whatever is killed."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from gates import open_gate
from trimtab.base.clock import ManualClock
from trimtab.base.errors import InvalidInput, Unavailable
from trimtab.inference.async_journal import Invocation, Journal
from trimtab.inference.invoke import Asked, Invoker
from trimtab.inference.invoke_async import AsyncInvoker, Wish
from trimtab.inventory.served.model import CONFIG, ENDPOINT, MODEL
from trimtab.inventory.served.store import ServedStore
from trimtab.store.state.database import State

PLACE = ("123456789012", "us-east-1")
PLAIN = Asked(b"", "text/plain")


class Objects:
    """S3 in memory; `down` refuses so many writes."""

    def __init__(self, held: dict[str, bytes], down: int = 0) -> None:
        self.held, self.down, self.writes = held, down, 0

    def fetch(self, uri: str, into: Path, only: Sequence[str] = ()) -> Path:
        if uri not in self.held:
            raise InvalidInput(f"there is no {uri}")
        into.mkdir(parents=True, exist_ok=True)
        (into / only[0]).write_bytes(self.held[uri])
        return into

    def store(self, folder: Path, uri: str) -> None:
        if self.down:
            self.down -= 1
            raise Unavailable("no bucket answers")
        self.writes += 1
        for one in folder.iterdir():
            self.held[f"{uri}/{one.name}"] = one.read_bytes()


class Desk:
    """An endpoint `e` whose model shouts, over a state; each `invoker` is a server of its own over one folder."""

    def __init__(self, state: State, folder: Path, objects: Objects) -> None:
        self.served, self.folder, self.objects = ServedStore(state, ManualClock()), folder, objects
        self.clock, self.asked, self.paused = ManualClock(1_000_000), list[bytes](), list[float]()
        self.answers: Callable[[httpx.Request], Awaitable[httpx.Response]] = self._shout

    async def ready(self) -> None:
        model = {"PrimaryContainer": {"Environment": {"TRIMTAB_URL": "http://127.0.0.1:9/x"}}}
        await self.served.create(PLACE, MODEL, "m", model, "InService")
        output = {"OutputConfig": {"S3OutputPath": "s3://out/a", "S3FailurePath": "s3://out/failed"}}
        config = {"ProductionVariants": [{"VariantName": "A", "ModelName": "m"}], "AsyncInferenceConfig": output}
        await self.served.create(PLACE, CONFIG, "c", config, "InService")
        await self.served.create(PLACE, ENDPOINT, "e", {"EndpointConfigName": "c"}, "InService")

    def invoker(self) -> AsyncInvoker:
        invoker = Invoker(self.served, open_gate())
        invoker._client = httpx.AsyncClient(transport=httpx.MockTransport(self._answer))
        return AsyncInvoker(invoker, self.objects, self.folder, self.clock, self._pause)

    async def finished(self, one: AsyncInvoker) -> None:
        while one._tasks:
            await asyncio.gather(*one._tasks.values())
        await one.invoker.close()

    async def killed(self, one: AsyncInvoker) -> None:
        """End a server as a kill does: nothing is put in order."""
        await one.close()
        await one.invoker.close()

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.content)
        return await self.answers(request)

    async def _shout(self, request: httpx.Request) -> httpx.Response:
        return httpx.Response(500 if request.content == b"fail" else 200, content=request.content.upper())

    async def _pause(self, seconds: float) -> None:
        self.paused.append(seconds)

    @property
    def left(self) -> list[str]:
        return sorted(one.name for one in self.folder.rglob("*") if one.is_file())


@pytest.fixture
def desk(state: State, tmp_path: Path) -> Desk:
    return Desk(state, tmp_path / "async", Objects({"s3://in/good": b"hello", "s3://in/bad": b"fail"}))


def test_answers_and_failures_are_objects_and_no_file_stays(desk: Desk) -> None:
    async def run() -> list[Invocation]:
        await desk.ready()
        one = desk.invoker()
        taken = [await one.take(PLACE, "e", PLAIN, Wish(f"s3://in/{name}", name)) for name in ("good", "bad", "absent")]
        taken.append(await one.take(PLACE, "e", Asked(b"inline", "text/plain"), Wish(file="x.json", extension="day/1")))
        await desk.finished(one)
        return taken

    good, bad, absent, inline = asyncio.run(run())
    assert b"HELLO" == desk.objects.held[good.output] == desk.objects.held["s3://out/a/good.out"]
    assert b"INLINE" == desk.objects.held["s3://out/a/day/1/x.json"] == desk.objects.held[inline.output]
    assert b"Received error (500)" in desk.objects.held[bad.failure]
    assert b"there is no s3://in/absent" in desk.objects.held[absent.failure]
    assert {bad.output, absent.output, good.failure, inline.failure}.isdisjoint(desk.objects.held)
    assert [] == desk.left


def test_what_was_acknowledged_outlives_a_kill_before_it_is_answered(desk: Desk) -> None:
    async def run() -> Invocation:
        await desk.ready()
        first, hangs = desk.invoker(), asyncio.Event()

        async def never(request: httpx.Request) -> httpx.Response:
            hangs.set()
            await asyncio.Event().wait()
            raise AssertionError("bug: it waits forever")

        desk.answers = never
        taken = await first.take(PLACE, "e", Asked(b"inline", "text/plain"), Wish())
        await hangs.wait()
        await desk.killed(first)
        desk.answers = desk._shout
        second = desk.invoker()
        await second.resume()
        await desk.finished(second)
        await second.resume()  # nothing is left to begin again
        assert not second._tasks
        return taken

    taken = asyncio.run(run())
    assert b"INLINE" == desk.objects.held[taken.output]
    assert ([b"inline", b"inline"], 1, []) == (desk.asked, desk.objects.writes, desk.left)


def test_an_outcome_is_decided_once_and_only_written_again(desk: Desk) -> None:
    """Killed between the answer and its object, and between the object and the end of it: never both objects."""

    async def run() -> tuple[Invocation, Invocation]:
        await desk.ready()
        first = desk.invoker()
        journal = first.journal
        one = await first._invocation(PLACE, "e", PLAIN, Wish("s3://in/bad", "one"))
        two = await first._invocation(PLACE, "e", PLAIN, Wish("s3://in/good", "two"))
        for each in (one, two):
            journal.take(each, b"")
        journal.decide(one, one.failure, b"it failed")  # the model would fail again, or not: nobody asks
        journal.decide(two, two.output, b"HELLO")
        desk.objects.held[two.output] = b"HELLO"
        await first.invoker.close()
        second = desk.invoker()
        await second.resume()
        await desk.finished(second)
        return one, two

    one, two = asyncio.run(run())
    assert (b"it failed", b"HELLO") == (desk.objects.held[one.failure], desk.objects.held[two.output])
    assert {one.output, two.failure}.isdisjoint(desk.objects.held)
    assert ([], []) == (desk.asked, desk.left)


def test_the_client_s_retry_of_a_call_is_the_same_invocation(desk: Desk) -> None:
    async def run() -> list[Invocation]:
        await desk.ready()
        one = desk.invoker()
        wish = Wish("s3://in/good", token="call-1")
        taken = await asyncio.gather(*(one.take(PLACE, "e", PLAIN, wish) for _ in range(3)))
        await desk.finished(one)
        return taken

    assert 1 == len({one.output for one in asyncio.run(run())})
    assert ([b"hello"], 1) == (desk.asked, desk.objects.writes)


def test_storage_that_is_away_costs_nothing_and_a_request_too_old_expires(desk: Desk) -> None:
    desk.objects.down = 3

    async def run() -> tuple[Invocation, Invocation]:
        await desk.ready()
        one = desk.invoker()
        late = await one.take(PLACE, "e", PLAIN, Wish("s3://in/good", "late"))
        await desk.finished(one)
        old = await one._invocation(PLACE, "e", PLAIN, Wish("s3://in/good", "old", lives_s=60))
        one.journal.take(old, b"")
        desk.clock.at_ms += 61_000
        again = desk.invoker()
        await again.resume()
        await desk.finished(again)
        return late, old

    late, old = asyncio.run(run())
    assert (b"HELLO", [1.0, 2.0, 4.0]) == (desk.objects.held[late.output], desk.paused)
    assert b"expired" in desk.objects.held[old.failure]
    assert [] == desk.left


def test_a_model_that_is_away_is_asked_again_and_what_a_crash_left_is_tidied(desk: Desk) -> None:
    async def refuses(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    async def run() -> Invocation:
        await desk.ready()
        desk.answers = refuses
        one = desk.invoker()
        folder = one.folder / "waiting"
        folder.mkdir(parents=True)
        (folder / "half.taken.7.tmp").write_bytes(b"{")
        (folder / "done.answer").write_bytes(b"{")
        await one.resume()
        taken = await one.take(PLACE, "e", PLAIN, Wish("s3://in/good"))
        await desk.finished(one)
        return taken

    taken = asyncio.run(run())
    assert b"cannot reach the model" in desk.objects.held[taken.failure]
    assert (5, [1.0, 2.0, 4.0, 8.0], []) == (len(desk.asked), desk.paused, desk.left)


def test_what_is_asked_wrongly_is_not_taken(desk: Desk) -> None:
    async def refused(wish: Wish, asked: Asked) -> Any:
        with pytest.raises(InvalidInput, match="Exactly one"):
            await desk.invoker().take(PLACE, "e", asked, wish)

    asyncio.run(refused(Wish(), PLAIN))
    asyncio.run(refused(Wish("s3://in/good"), Asked(b"x", "text/plain")))
    assert [] == Journal(desk.folder / "waiting").waiting()
