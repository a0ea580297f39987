"""Bodies of requests under way have a budget, by door and together; who finds no room is told so as the door does."""

import asyncio
import gzip
import threading
from typing import Any

import pytest
from tests.unit.doors.aws.conftest import World
from tests.unit.doors.otlp.conftest import Build, encode

from metric_doors import make_door
from prompb import messages
from trimtab.base.clock import ManualClock
from trimtab.base.errors import Throttled
from trimtab.doors import inflight as module
from trimtab.doors.front import Front
from trimtab.doors.guard import Guard, Policy
from trimtab.doors.inflight import AWS, OTLP, PAGES, PROMETHEUS, REST, Counted, InFlight, door_of
from trimtab.doors.otlp import http as otlp
from trimtab.doors.otlp.body import LIMIT, held_size
from trimtab.doors.otlp.intake import Intake
from trimtab.doors.prometheus import remote_write
from trimtab.store.state.database import State


def test_a_door_may_have_half_and_all_together_the_whole() -> None:
    held = InFlight(100)
    held.take(PROMETHEUS, 50)
    with pytest.raises(Throttled, match="TRIMTAB_INFLIGHT_MB"):
        held.take(PROMETHEUS, 1)
    held.take(OTLP, 40)
    with pytest.raises(Throttled):
        held.take(REST, 11)
    held.give(OTLP, 40)
    with held.held(REST, 50):
        assert 100 == held.bytes.total()
    assert {PROMETHEUS: 50, OTLP: 0, AWS: 0, REST: 0, PAGES: 0} == held.bytes
    assert {PROMETHEUS: 1, OTLP: 0, AWS: 0, REST: 1, PAGES: 0} == held.refused


@pytest.mark.parametrize(
    ("path", "door"),
    [("/api/v1/write", PROMETHEUS), ("/v1/logs", OTLP), ("/rest/v1/metrics", REST), ("/hosts", PAGES), ("/", PAGES)],
)
def test_the_door_of_a_path(path: str, door: str) -> None:
    assert door == door_of(path)


def test_large_bodies_are_read_by_few_threads_apart_from_the_loop() -> None:
    names: set[str] = set()
    gate = threading.Barrier(2, timeout=30)  # so that both are at work

    def work() -> None:
        gate.wait()
        names.add(threading.current_thread().name)

    async def go() -> None:
        held = InFlight()
        await asyncio.gather(*(held.apart(work) for _ in range(6)))

    asyncio.run(go())
    assert 2 == len(names)


def parts(*sizes: int) -> Any:
    left = list(sizes)

    async def receive() -> Any:
        size = left.pop(0)
        return {"type": "http.request", "body": b"x" * size, "more_body": bool(left)}

    return receive


def test_a_body_counts_as_it_comes_and_no_longer_than_its_request() -> None:
    async def go() -> None:
        held = InFlight(100)
        body = Counted(held, REST, parts(30, 10, 20))
        await body.receive()
        await body.receive()
        assert (40, 1) == (held.bytes[REST], held.requests[REST])
        with pytest.raises(Throttled):
            await body.receive()
        body.close()
        assert (0, 0) == (held.bytes[REST], held.requests[REST])

    asyncio.run(go())


def test_a_door_takes_a_number_of_bodies_at_once_and_any_number_of_questions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_REQUESTS", 1)

    async def go() -> None:
        held = InFlight()
        first, second, question = (Counted(held, REST, parts(size)) for size in (5, 5, 0))
        await first.receive()
        await question.receive()
        with pytest.raises(Throttled, match="1 others of this door"):
            await second.receive()
        second.close()
        first.close()
        await Counted(held, REST, parts(5)).receive()
        assert 1 == held.requests[REST]

    asyncio.run(go())


def test_few_large_bodies_are_worked_on_at_once_and_small_ones_do_not_wait_for_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "TURN_S", 0.05)
    size = module.LARGE_BYTES

    async def go() -> None:
        held = InFlight()
        working = [Counted(held, REST, parts(size)) for _ in range(module.AT_ONCE[True])]
        for one in working:
            await one.receive()
        late, small, elsewhere = Counted(held, REST, parts(size)), Counted(held, REST, parts(5)), OTLP
        with pytest.raises(Throttled, match="waited") as refused:
            await late.receive()
        assert refused.value.retry_after_s > 0
        late.close()
        await small.receive()
        await Counted(held, elsewhere, parts(size)).receive()
        await Counted(held, REST, parts(size), in_turn=False).receive()
        waiting = asyncio.create_task(Counted(held, REST, parts(size - 1, 1)).receive())  # its first part does not wait
        await waiting
        following = Counted(held, REST, parts(size))
        told = asyncio.create_task(following.receive())
        await asyncio.sleep(0)
        assert not told.done()
        working[0].worked()  # the answer begins
        await told
        working[0].close()
        assert held.refused[REST] == 1

    asyncio.run(go())


def test_a_turn_ends_with_the_answers_begin_not_with_its_end() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        if scope["path"] == "/tail":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            begun.release()
            await asyncio.Event().wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    begun = asyncio.Semaphore(0)

    async def go() -> None:
        front = Front(app, Guard(Policy(), NoKeys()))
        statuses: list[int] = []

        async def send(message: Any) -> None:
            statuses.append(message.get("status", 0))

        tails = [
            asyncio.create_task(front(scope("/tail"), parts(module.LARGE_BYTES), send))
            for _ in range(module.AT_ONCE[True])
        ]
        for _ in tails:
            await begun.acquire()
        await asyncio.wait_for(front(scope("/other"), parts(module.LARGE_BYTES), send), 5)
        for one in tails:
            one.cancel()
        await asyncio.gather(*tails, return_exceptions=True)

    asyncio.run(go())


def ask(app: Any, scope: dict[str, Any], *sizes: int) -> tuple[int, dict[bytes, bytes], bytes]:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(app(scope, parts(*sizes), send))
    return sent[0]["status"], dict(sent[0]["headers"]), b"".join(one.get("body", b"") for one in sent)


def scope(path: str, **headers: str) -> dict[str, Any]:
    given = {"host": "localhost", **headers}
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in given.items()]
    return {"type": "http", "method": "POST", "path": path, "raw_path": path.encode(), "query_string": b"",
            "headers": raw, "client": ("127.0.0.1", 1)}  # fmt: skip


class NoKeys:
    """Nobody needs one."""

    def principal_of_token(self, _token: str) -> None:
        return None

    def principal_of_session(self, _session: str) -> None:
        return None


def test_aws_is_told_in_its_own_words() -> None:
    front = Front(
        World().gateway,
        Guard(Policy(), NoKeys()),
        aws=World().gateway,
        is_aws=lambda _scope: True,
        inflight=InFlight(100),
    )
    target, media = "GraniteServiceVersion20100801.PutMetricData", "application/x-amz-json-1.0"
    headers = {"x_amz_target": target, "content_type": media}
    status, given, body = ask(front, scope("/", **headers), 51)
    assert (429, b"5") == (status, given[b"retry-after"])
    assert b"ThrottlingException" in body


def test_the_front_lets_go_of_a_body_when_its_request_is_done() -> None:
    held = InFlight(100)
    seen: list[int] = []

    async def app(_scope: Any, receive: Any, send: Any) -> None:
        while (await receive()).get("more_body"):
            continue
        seen.append(held.bytes[REST])
        await send({"type": "http.response.start", "status": 204, "headers": []})

    front = Front(app, Guard(Policy(), NoKeys()), inflight=held)
    for _ in range(3):
        assert 204 == ask(front, scope("/rest/v1/x"), 20, 20)[0]
    assert ([40, 40, 40], 0, 0) == (seen, held.bytes.total(), held.requests.total())


def test_remote_write_is_told_when_to_try_again(state: State) -> None:
    door = make_door(remote_write.routes, state)
    request = messages().WriteRequest()
    request.timeseries.add().labels.add(name="__name__", value="m" * 100)
    raw = remote_write.cramjam.snappy.compress_raw(request.SerializeToString())
    for limit, status in ((100, 429), (10_000, 204)):
        door.writing.inflight.limit = limit
        answer = door.client.post("/api/v1/write", content=bytes(raw))
        assert (status, "5" if status == 429 else None) == (answer.status_code, answer.headers.get("retry-after"))
    assert 0 == door.writing.inflight.bytes.total()


def test_otlp_is_told_when_to_try_again(state: State) -> None:
    door = make_door(lambda writing: otlp.routes(Intake(writing), None, None), state)  # type: ignore[arg-type]  # not asked
    build = Build(ManualClock().now_ms()).gauge(1.0)
    for media in ("application/x-protobuf", "application/json"):
        door.writing.inflight.limit = 10
        answer = door.client.post("/v1/metrics", content=encode(build.request, media), headers={"Content-Type": media})
        assert (429, "5") == (answer.status_code, answer.headers["retry-after"])
    assert b'"code":8' in answer.content
    door.writing.inflight.limit = 10_000
    answer = door.client.post("/v1/metrics", content=encode(build.request, media), headers={"Content-Type": media})
    assert 200 == answer.status_code


def test_a_gzip_counts_what_it_unpacks_to() -> None:
    bomb = gzip.compress(b"\0" * 1_000_000)
    assert 2_000_000 == held_size(bomb, zipped=True)
    assert 2 * len(bomb) == held_size(bomb, zipped=False)
    assert 2 * LIMIT == held_size(b"\xff" * 8, zipped=True)


def test_a_process_with_too_much_memory_takes_few_bodies_and_no_new_series(state: State) -> None:
    door = make_door(remote_write.routes, state)
    prompb, now = messages(), door.clock.now_ms()

    def post(*names: str) -> int:
        request = prompb.WriteRequest()
        for name in names:
            series = request.timeseries.add()
            series.labels.add(name="__name__", value=name)
            series.samples.add(value=1.0, timestamp=now)
        raw = bytes(remote_write.cramjam.snappy.compress_raw(request.SerializeToString()))
        return int(door.client.post("/api/v1/write", content=raw).status_code)

    assert 204 == post("known")
    door.registry.admission.pressed = door.writing.inflight.pressed = True
    assert (204, 429) == (post("known"), post("known", "new"))
    assert 1 == len(door.registry)
    with pytest.raises(Throttled, match="TRIMTAB_SERVER_MEMORY_MB"):
        door.writing.inflight.take(PROMETHEUS, door.writing.inflight.limit // 16)
    door.registry.admission.pressed = door.writing.inflight.pressed = False
    assert 204 == post("new")
