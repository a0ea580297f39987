"""The door over real sockets on loopback, in this process."""

import asyncio
import json
import socket
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from metric_doors import MetricDoor, make_door
from trimtab.base.errors import Throttled
from trimtab.doors.emf import door as module
from trimtab.doors.emf.door import LINE_LIMIT, EmfDoor
from trimtab.doors.held import Held
from trimtab.listen import bind_both
from trimtab.metrics.model import SET_ROW
from trimtab.store.state.database import State

Send = Callable[[int], Awaitable[None]]


@pytest.fixture
def door(state: State) -> MetricDoor:
    return make_door(lambda _writing: [], state)


def line(door: MetricDoor, value: Any = 1, name: str = "latency", namespace: str = "App") -> bytes:
    definition = {"Namespace": namespace, "Dimensions": [["service"]], "Metrics": [{"Name": name, "Unit": "Count"}]}
    meta = {"Timestamp": door.clock.now_ms(), "CloudWatchMetrics": [definition]}
    return json.dumps({"_aws": meta, "service": "api", name: value}).encode()


def through(door: MetricDoor, send: Send, emf: EmfDoor | None = None) -> EmfDoor:
    """What is sent, read from the sockets and flushed."""

    async def go() -> EmfDoor:
        opened = emf or EmfDoor(door.writing)
        tcp, udp = bind_both("127.0.0.1:0", "X")
        server, datagrams = await opened.serve(tcp), opened.datagrams(udp)
        datagrams.start()
        await send(udp.getsockname()[1])
        datagrams.close()
        server.close()
        await opened.hang_up()
        assert "" == await opened.held.flush_last()
        return opened

    return asyncio.run(go())


async def tcp(port: int, *parts: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for part in parts:
        writer.write(part)
        await writer.drain()
    writer.write_eof()
    assert b"" == await reader.read()  # the door is done with it
    writer.close()
    await writer.wait_closed()


def udp(port: int, *datagrams: bytes) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        for datagram in datagrams:
            client.sendto(datagram, ("127.0.0.1", port))


def names(door: MetricDoor) -> list[tuple[str, float]]:
    return [(identity.name, value) for identity, _, value, _ in door.values()]


def test_documents_come_by_tcp_in_any_pieces_the_last_without_its_newline(door: MetricDoor) -> None:
    text = line(door, 1, "a") + b"\n" + line(door, 2, "b") + b"\r\n\n" + line(door, [3, 4], "c")

    async def send(port: int) -> None:
        await tcp(port, text[:50], text[50:200], text[200:])

    through(door, send)
    assert [("a", 1.0), ("b", 2.0), ("c", 3.0), ("c", 4.0)] == names(door)


def test_documents_come_by_udp_one_or_more_a_datagram(door: MetricDoor) -> None:
    async def send(port: int) -> None:
        udp(port, line(door, 1, "a"), line(door, 2, "b") + b"\n" + line(door, 3, "c"))

    through(door, send)
    assert [("a", 1.0), ("b", 2.0), ("c", 3.0)] == names(door)


def test_a_series_has_the_identity_that_put_metric_data_gives_it(door: MetricDoor) -> None:
    async def send(port: int) -> None:
        udp(port, line(door))

    through(door, send)
    ((identity, time, value, count),) = door.values()
    assert ("App", "latency", "Count", "events") == (identity.namespace, identity.name, identity.unit, identity.kind)
    assert (("service", "api"),) == identity.dimensions
    assert (door.clock.now_ms(), 1.0, 1.0) == (time, value, count)
    (source,) = door.ledger.list()
    assert ("emf", "App", 1, len(line(door))) == (source.door, source.name, source.rows, source.bytes)


def test_statistic_sets_are_kept_as_sets(door: MetricDoor) -> None:
    async def send(port: int) -> None:
        udp(port, line(door, {"Min": 1, "Max": 3, "Sum": 4, "Count": 2}))

    through(door, send)
    (rows,) = door.rows("metric_sets", SET_ROW)
    assert [(2.0, 4.0, 1.0, 3.0)] == [row[2:] for row in rows.tolist()]


def test_every_refusal_is_in_the_ledger_and_the_rest_is_kept(door: MetricDoor) -> None:
    long = b"x" * (LINE_LIMIT + 10) + b"\n"

    async def send(port: int) -> None:
        await tcp(port, b"junk\n", long, line(door, "text"), b"\n", line(door, 7, "kept"), b"\n", long[:-1])

    through(door, send)
    assert [("kept", 7.0)] == names(door)
    found = {(row.source.rpartition("/")[2], row.reason): row.rows for row in door.ledger.rejections(10)}
    assert {
        ("TCP", "a document is not JSON"): 1,
        ("TCP", module.TOO_LONG): 2,
        ("TCP", "a metric is not a member of the root with a number or an array of numbers"): 1,
    } == found


def small(door: MetricDoor) -> EmfDoor:
    emf = EmfDoor(door.writing)
    emf.held = Held(door.writing, module.DOOR, module.MOST_POINTS)
    return emf


def test_a_datagram_that_finds_no_room_is_dropped_and_counted(door: MetricDoor) -> None:
    async def send(port: int) -> None:
        udp(port, line(door, 1, "a"), line(door, 2, "b"), line(door, 3, "c"))

    through(door, send, small(door))
    assert [("a", 1.0)] == names(door)
    assert [(2, module.NO_ROOM)] == [(row.rows, row.reason) for row in door.ledger.rejections(10)]


def test_tcp_waits_for_room_and_loses_nothing(door: MetricDoor) -> None:
    emf = small(door)

    async def send(port: int) -> None:
        sending = asyncio.ensure_future(tcp(port, b"".join(line(door, at) + b"\n" for at in range(20))))
        while not sending.done():
            await asyncio.sleep(0)
            await emf.held.flush()
        await sending

    through(door, send, emf)
    assert [float(at) for at in range(20)] == [value for _, value in names(door)]
    assert not door.ledger.rejections(10)


def test_what_the_log_refuses_stays_held_and_is_written_later(door: MetricDoor) -> None:
    emf = EmfDoor(door.writing)

    async def go() -> None:
        emf.document(line(door), "TCP")
        door.log.failure = Throttled("full")
        with pytest.raises(Throttled):
            await emf.held.flush()
        assert [] == list(door.ledger.list())
        door.log.failure = None
        await emf.held.flush()

    asyncio.run(go())
    assert [("latency", 1.0)] == names(door)
    assert [1] == [source.rows for source in door.ledger.list()]


def test_what_cannot_be_written_at_the_end_is_said(door: MetricDoor) -> None:
    emf = EmfDoor(door.writing)
    emf.document(line(door, [1, 2]), "TCP")
    door.log.failure = Throttled("full")
    assert "2 points of emf are lost" in asyncio.run(emf.held.flush_last())


def test_a_connection_without_a_document_for_too_long_is_closed(
    door: MetricDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "IDLE_S", 0.2)

    async def send(port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(line(door) + b"\n" + b"{")
        assert b"" == await reader.read()  # nothing more was sent
        writer.close()

    through(door, send)
    assert 1 == len(door.values())
