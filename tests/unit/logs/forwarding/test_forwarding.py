import asyncio
import base64
import gzip
import json
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select
from tests.unit.notify.receiver import Receiver, receiving

from gates import open_gate
from trimtab.base.clock import ManualClock
from trimtab.base.errors import InvalidInput, LimitExceeded, NotFound
from trimtab.events.outbox import Event, Outbox
from trimtab.logs.documents import DocumentKind
from trimtab.logs.forwarding import payload, queue
from trimtab.logs.forwarding.model import Kind, SubscriptionFilter, read_place
from trimtab.logs.forwarding.queue import GIVE_UP_MS, Forward
from trimtab.logs.forwarding.send import HttpForwards
from trimtab.logs.model import Group, LogBatch, LogEvent, Stream
from trimtab.logs.room import LogsRoom
from trimtab.notify.transport.http import HttpTransport
from trimtab.store.state.database import State
from trimtab.store.state.schema.log_forwarding import log_forwards

NOW = 1_764_072_000_000
ACCOUNT, REGION = "123456789012", "eu-west-1"
BUS = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/default"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


def arn(name: str) -> str:
    return f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{name}"


async def put(room: LogsRoom, group: str, destination: str, pattern: str = "", name: str = "f") -> Group:
    found, _ = await room.groups.ensure(ACCOUNT, REGION, group, ["s"])
    await room.forwarding.filters.put(found, SubscriptionFilter(found.id, name, pattern, destination))
    return found


async def write(room: LogsRoom, group: str, *messages: str, key: str | None = None) -> None:
    found, (stream,) = await room.groups.ensure(ACCOUNT, REGION, group, ["s"])
    await room.ingest.write(
        [LogBatch(found, stream, [LogEvent(NOW + at, text) for at, text in enumerate(messages)])], key
    )


def sender(state: State, clock: ManualClock) -> HttpForwards:
    return HttpForwards(queue.ForwardQueue(state, clock), HttpTransport(open_gate()))


def decoded(body: bytes) -> Any:
    return json.loads(gzip.decompress(base64.b64decode(json.loads(body)["awslogs"]["data"])))


def test_what_matches_arrives_as_lambda_gets_it(
    room: LogsRoom, state: State, clock: ManualClock, receiver: Receiver
) -> None:
    async def scenario() -> None:
        await put(room, "g", receiver.url, "ERROR")
        await write(room, "g", "ERROR one", "fine", "ERROR two")
        assert 1 == await sender(state, clock).turn()
        group = await room.groups.get(ACCOUNT, REGION, "g")
        (found,) = await room.forwarding.filters.listed(group)
        assert (2, 0, 0, NOW) == (found.sent, found.dropped, found.waiting, found.last_ok_ms)

    asyncio.run(scenario())
    probe, data = (decoded(body) for _, _, body in receiver.requests)
    assert ("CONTROL_MESSAGE", "CloudwatchLogs") == (probe["messageType"], probe["owner"])
    assert ("DATA_MESSAGE", ACCOUNT, "g", "s", ["f"]) == (
        data["messageType"], data["owner"], data["logGroup"], data["logStream"], data["subscriptionFilters"],
    )  # fmt: skip
    assert [(NOW, "ERROR one"), (NOW + 2, "ERROR two")] == [
        (one["timestamp"], one["message"]) for one in data["logEvents"]
    ]
    assert {56} == {len(one["id"]) for one in data["logEvents"]}


def test_a_filter_of_transformed_events_sends_what_lines_became(
    room: LogsRoom, state: State, clock: ManualClock, receiver: Receiver
) -> None:
    async def scenario() -> None:
        group, _ = await room.groups.ensure(ACCOUNT, REGION, "g", ["s"])
        parse = json.dumps([{"parseKeyValue": {}}])
        await room.documents.put(DocumentKind.TRANSFORMER, group, parse)
        for name, transformed in (("line", False), ("fields", True)):
            made = SubscriptionFilter(group.id, name, '{ $.a = "1" }', receiver.url, transformed=transformed)
            await room.forwarding.filters.put(group, made)
        await write(room, "g", "a=1", "a=2")
        assert 1 == await sender(state, clock).turn()

    asyncio.run(scenario())
    data = decoded(receiver.requests[-1][2])
    assert (["fields"], ['{"a": "1"}']) == (
        data["subscriptionFilters"], [one["message"] for one in data["logEvents"]]
    )  # fmt: skip


def test_a_receiver_that_is_away_gets_all_in_order_with_the_same_ids(
    room: LogsRoom, state: State, clock: ManualClock, receiver: Receiver
) -> None:
    async def scenario() -> None:
        await put(room, "g", receiver.url)
        receiver.status = 503
        sending = sender(state, clock)
        for number in range(3):
            await write(room, "g", f"line {number}")
        assert 1 == await sending.turn()  # the oldest alone asks for all
        assert 0 == await sending.turn()
        group = await room.groups.get(ACCOUNT, REGION, "g")
        (found,) = await room.forwarding.filters.listed(group)
        assert (3, 0) == (found.waiting, found.sent)
        assert "503" in found.last_error
        receiver.status = 200
        clock.advance(10)
        assert 3 == await sending.turn()

    asyncio.run(scenario())
    sent = [(headers["x-trimtab-delivery"], decoded(body)) for _, headers, body in receiver.requests[1:]]
    assert ["line 0", "line 0", "line 1", "line 2"] == [one["logEvents"][0]["message"] for _, one in sent]
    assert sent[0] == sent[1]
    assert 3 == len({id_ for id_, _ in sent})


def test_a_repeated_write_is_sent_once_and_completes_what_a_crash_cut(
    room: LogsRoom, state: State, clock: ManualClock, receiver: Receiver
) -> None:
    async def scenario() -> None:
        await put(room, "g", receiver.url)
        keeper = room.ingest.keepers.pop()
        await write(room, "g", "a", key="k")  # as if the process had died before the keeper was told
        room.ingest.keepers.append(keeper)
        assert 0 == await sender(state, clock).turn()
        await write(room, "g", "a", key="k")
        await write(room, "g", "a", key="k")
        assert 1 == await sender(state, clock).turn()

    asyncio.run(scenario())


def test_what_is_refused_or_too_old_is_given_up_and_counted(
    room: LogsRoom, state: State, clock: ManualClock, receiver: Receiver
) -> None:
    async def scenario() -> None:
        await put(room, "g", receiver.url)
        await write(room, "g", "a", "b")
        receiver.statuses = [400]
        assert 1 == await sender(state, clock).turn()
        await write(room, "g", "c")
        clock.advance(GIVE_UP_MS / 1000)
        receiver.statuses = [503]
        assert 1 == await sender(state, clock).turn()
        group = await room.groups.get(ACCOUNT, REGION, "g")
        (found,) = await room.forwarding.filters.listed(group)
        assert (0, 3, 0) == (found.sent, found.dropped, found.waiting)

    asyncio.run(scenario())


def test_events_go_into_another_group_once(room: LogsRoom, state: State, clock: ManualClock) -> None:
    async def scenario() -> None:
        target, _ = await room.groups.ensure(ACCOUNT, REGION, "all", ["s"])
        await put(room, "g", arn("all") + ":*", "ERROR")
        await write(room, "g", "ERROR 1", "fine")
        body = await state.read(lambda connection: connection.execute(select(log_forwards)).mappings().one())
        assert 1 == await room.forwarding.into_groups.turn()
        again = Forward(**{name: body[name] for name in ("id", "target", "events", "body")}, kind=Kind.GROUP)
        await room.forwarding.queue.put([again])  # as if the process had died before it noted the first
        assert 1 == await room.forwarding.into_groups.turn()
        assert await room.reader.fresh(30)
        assert {target.id: 7} == await room.reader.stored_bytes([target])

    asyncio.run(scenario())


def test_a_subscription_to_an_event_bus_is_an_event_of_the_outbox(room: LogsRoom, state: State) -> None:
    seen: list[Event] = []

    async def handle(event: Event) -> None:
        seen.append(event)

    async def scenario() -> None:
        box = Outbox(state)
        await box.subscribe("test", handle)
        await put(room, "g", BUS, "ERROR")
        await write(room, "g", "ERROR 1", key="k")
        await write(room, "g", "ERROR 1", key="k")
        await box.deliver()
        (found,) = await room.forwarding.filters.listed(await room.groups.get(ACCOUNT, REGION, "g"))
        assert 1 == found.sent

    asyncio.run(scenario())
    (event,) = seen
    assert ("logs.subscription", f"{arn('g')}:subscription-filter:f") == (event.kind, event.subject)
    assert ["ERROR 1"] == [one["message"] for one in event.body["logEvents"]]


def test_destinations_stand_for_places(room: LogsRoom, state: State, clock: ManualClock, receiver: Receiver) -> None:
    async def scenario() -> None:
        made = await room.forwarding.destinations.put(ACCOUNT, REGION, "d", receiver.url, "role")
        await put(room, "g", made.arn)
        await write(room, "g", "a")
        assert 1 == await sender(state, clock).turn()
        with pytest.raises(InvalidInput):
            await room.forwarding.destinations.put(ACCOUNT, REGION, "e", made.arn, "role")
        with pytest.raises(InvalidInput):
            await room.forwarding.destinations.put_policy(ACCOUNT, REGION, "d", "no json")
        await room.forwarding.destinations.delete(ACCOUNT, REGION, "d")
        await write(room, "g", "nowhere")
        assert 0 == await sender(state, clock).turn()
        with pytest.raises(NotFound):
            await put(room, "g", made.arn)

    asyncio.run(scenario())


def test_filters_have_limits_and_no_loops(room: LogsRoom, receiver: Receiver) -> None:
    async def scenario() -> None:
        for name in ("a", "b", "c"):
            await room.groups.ensure(ACCOUNT, REGION, name, [])
        await put(room, "a", arn("b"))
        await put(room, "b", arn("c"))
        for group, target in (("c", "a"), ("c", "c")):
            with pytest.raises(InvalidInput, match="come back"):
                await put(room, group, arn(target))
        await put(room, "a", BUS, name="second")
        with pytest.raises(LimitExceeded):
            await put(room, "a", BUS, name="third")
        await put(room, "a", arn("c"), name="second")
        receiver.status = 500
        with pytest.raises(InvalidInput, match="Could not deliver test message"):
            await put(room, "c", receiver.url)
        with pytest.raises(InvalidInput):
            await put(room, "c", "arn:aws:sqs:eu-west-1:123456789012:q")
        group = await room.groups.get(ACCOUNT, REGION, "a")
        await room.forwarding.filters.delete(group, "second")
        with pytest.raises(NotFound):
            await room.forwarding.filters.delete(group, "second")

    asyncio.run(scenario())


def test_documents_are_cut_where_they_would_be_too_long() -> None:
    batch = LogBatch(Group(1, ACCOUNT, REGION, "g", 0), Stream(1, 1, "s", 0), [])
    events = [(at, LogEvent(at, "x" * 100_000)) for at in range(5)]
    found = list(payload.documents(batch, events, "f", "base"))
    assert [2, 2, 1] == [len(document["logEvents"]) for _, document in found]
    assert found == list(payload.documents(batch, events, "f", "base"))
    assert 5 == len({one["id"] for _, document in found for one in document["logEvents"]})
    assert found[0][1] == payload.unpack(payload.pack(found[0][1]))


def test_places_are_read() -> None:
    assert (Kind.GROUP, "a/b") == (read_place(arn("a/b:*")).kind, read_place(arn("a/b:*")).name)
    assert [Kind.URL, Kind.BUS, Kind.DESTINATION] == [
        read_place(text).kind for text in ("https://h/x", BUS, f"arn:aws:logs:{REGION}:{ACCOUNT}:destination:d")
    ]


def test_bodies_of_a_receiver_that_never_comes_back_are_bounded(
    room: LogsRoom, state: State, clock: ManualClock, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "MOST_WAITING", 3)

    async def scenario() -> None:
        await put(room, "g", receiver.url)
        for number in range(5):
            await write(room, "g", str(number))
        assert 2 == await room.forwarding.queue.trim()
        assert 3 == await sender(state, clock).turn()
        group = await room.groups.get(ACCOUNT, REGION, "g")
        (found,) = await room.forwarding.filters.listed(group)
        assert (3, 2) == (found.sent, found.dropped)

    asyncio.run(scenario())
