import asyncio
import socket
from typing import Any

import pytest

from metric_doors import MetricDoor, make_door
from trimtab.base.errors import DiskFull
from trimtab.doors.statsd import door as module
from trimtab.doors.statsd import window
from trimtab.doors.statsd.door import StatsdDoor
from trimtab.listen import bind_udp
from trimtab.store.state.database import State

START = 1_764_000_000_000  # a window begins here


class Door:
    """The door, driven by its clock."""

    def __init__(self, inner: MetricDoor) -> None:
        self.inner = inner
        self.statsd = StatsdDoor(inner.writing)
        inner.clock.at_ms = START + 2_000

    def send(self, *lines: str) -> None:
        self.statsd.datagram("\n".join(lines).encode())

    def next(self) -> None:
        """The next window."""
        self.inner.clock.advance(window.WINDOW_MS / 1000)
        asyncio.run(self.statsd.flush())

    def values(self) -> list[tuple[Any, ...]]:
        return sorted((one.name, one.unit, value, count) for one, _, value, count in self.inner.values())

    def samples(self) -> list[tuple[Any, ...]]:
        return [(one.name, value) for one, _, value in self.inner.samples()]

    def refused(self) -> dict[str, int]:
        return {row.reason: row.rows for row in self.inner.ledger.rejections(10)}


@pytest.fixture
def door(state: State) -> Door:
    return Door(make_door(lambda _writing: [], state))


def test_counters_add_up_each_divided_by_its_sample_rate(door: Door) -> None:
    door.send("hits:3|c", "hits:1|c|@0.5", "hits:2:2|c|@0.1")
    door.send("hits:1|c|#env:b")
    door.next()
    assert [("hits", "Count", 1.0, 1.0), ("hits", "Count", 45.0, 1.0)] == door.values()
    assert {START} == {time for _, time, _, _ in door.inner.values()}
    assert {(), (("env", "b"),)} == {identity.dimensions for identity, _, _, _ in door.inner.values()}
    assert {"StatsD"} == {identity.namespace for identity, _, _, _ in door.inner.values()}


def test_timers_keep_every_value_with_its_weight(door: Door) -> None:
    door.send("t:10|ms|@0.25", "t:10|ms", "t:20:30|ms", "h:1.5|h", "d:2|d|@0.5")
    door.next()
    expected = [("d", "None", 2.0, 2.0), ("h", "None", 1.5, 1.0)]
    expected += [("t", "Milliseconds", 10.0, 5.0), ("t", "Milliseconds", 20.0, 1.0), ("t", "Milliseconds", 30.0, 1.0)]
    assert expected == door.values()


def test_a_gauge_is_its_last_value_and_changes_by_signs_across_windows(door: Door) -> None:
    door.send("g:5|g", "g:7|g", "g:-2|g", "g:+1.5|g")
    door.next()
    door.send("g:-1|g")
    door.next()
    door.next()  # nothing came: no point
    assert [("g", 6.5), ("g", 5.5)] == door.samples()
    assert [START, START + window.WINDOW_MS] == [time for _, time, _ in door.inner.samples()]


def test_a_set_counts_its_different_members(door: Door) -> None:
    door.send("users:ann|s", "users:bob|s", "users:ann|s")
    door.next()
    door.send("users:ann|s")
    door.next()
    assert [("users", 2.0), ("users", 1.0)] == door.samples()


def test_nothing_is_written_before_a_window_is_over(door: Door) -> None:
    door.send("hits:1|c")
    asyncio.run(door.statsd.flush())
    assert [] == door.inner.log.batches
    door.inner.clock.advance(8)
    door.send("hits:1|c")  # the next window's, and closes the one before
    asyncio.run(door.statsd.flush())
    assert [("hits", "Count", 1.0, 1.0)] == door.values()


def test_what_carries_a_time_keeps_it(door: Door) -> None:
    at = START // 1000 - 3600
    door.send(f"hits:2|c|T{at}", f"g:4|g|T{at + 1}", f"t:4|ms|T{at}", "hits:1|c|T1")
    asyncio.run(door.statsd.flush())
    assert [(at * 1000, 2.0)] == [(time, value) for _, time, value, _ in door.inner.values()]
    assert [((at + 1) * 1000, 4.0)] == [(time, value) for _, time, value in door.inner.samples()]
    assert {window.NO_TIME: 1, module.NOT_IN_TIME: 1} == door.refused()


def test_refusals_are_counted_by_reason_and_the_other_lines_kept(door: Door) -> None:
    door.send("hits:1|c", "junk", "hits:x|c", "hits:nan|c", "_e{1,1}:a|b", "_sc|up|0", "", "hits:1|c")
    door.statsd.datagram(b"hits:1|c\xff")
    door.next()
    assert [("hits", "Count", 2.0, 1.0)] == door.values()
    expected = {"a line is not name:value|type": 1, "a value is not a number": 2}
    assert expected | {module.IGNORED: 2, module.NOT_TEXT: 1} == door.refused()


def test_a_window_is_bounded(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(window, "MOST_ENTRIES", 5)
    monkeypatch.setattr(window, "MOST_SERIES", 3)
    door.send("t:1:2|ms", "a:1|c", "b:1|c", "c:1|c", "t:3:4:5|ms", "t:1|ms", "a:1|c", "s:x|s", "g:1|g")
    door.next()
    expected = [("a", "Count", 2.0, 1.0), ("b", "Count", 1.0, 1.0)]
    expected += [("t", "Milliseconds", 1.0, 2.0), ("t", "Milliseconds", 2.0, 1.0), ("t", "Milliseconds", 3.0, 1.0)]
    assert expected == door.values()
    assert {window.FULL: 4} == door.refused()


def test_a_window_that_finds_no_room_is_dropped_by_series_and_counted(door: Door) -> None:
    door.statsd.held._most = 3
    door.send("t:1:2|ms", "u:1:2|ms", "a:1|c")
    door.next()
    assert 3 == len(door.values())
    assert {module.NO_ROOM: 2} == door.refused()


def test_windows_wait_while_the_disk_is_full(door: Door) -> None:
    door.send("hits:1|c")
    door.inner.log.failure = DiskFull("disk")
    with pytest.raises(DiskFull):
        door.next()
    door.send("hits:2|c")
    door.inner.log.failure = None
    door.next()
    assert [1.0, 2.0] == [row[2] for row in door.values()]


def test_the_source_is_known_once_something_is_durable(door: Door) -> None:
    door.send("hits:1|c", "g:1|g")
    assert [] == list(door.inner.ledger.list())
    door.next()
    (source,) = door.inner.ledger.list()
    assert ("statsd", "StatsD", 2, 14) == (source.door, source.name, source.rows, source.bytes)


def test_the_window_that_is_open_at_the_end_is_written(door: Door) -> None:
    door.send("hits:1|c")
    assert "" == asyncio.run(door.statsd.flush_last())
    assert [("hits", "Count", 1.0, 1.0)] == door.values()


def test_datagrams_come_from_a_socket_and_dropped_ones_are_counted(door: Door) -> None:
    async def go(listener: socket.socket) -> None:
        datagrams = door.statsd.datagrams(listener)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.sendto(b"hits:1|c", listener.getsockname())
        datagrams._note(5)  # what Linux tells along with a datagram
        datagrams._note(5)
        datagrams._note(7)
        datagrams.start()
        datagrams.close()

    asyncio.run(go(bind_udp("127.0.0.1:0", "X")))
    door.next()
    assert [("hits", "Count", 1.0, 1.0)] == door.values()
    assert {module.DROPPED: 7} == door.refused()


def test_the_system_tells_what_it_dropped(door: Door) -> None:
    async def go(listener: socket.socket) -> int:
        datagrams = door.statsd.datagrams(listener)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)  # the least there is
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            for _ in range(100):
                client.sendto(b"hits:1|c", listener.getsockname())
            datagrams._read()
            client.sendto(b"hits:1|c", listener.getsockname())
        datagrams.close()
        return 101

    sent = asyncio.run(go(bind_udp("127.0.0.1:0", "X")))
    door.next()
    ((_, _, counted, _),) = door.values()
    dropped = door.refused()[module.DROPPED]
    assert dropped > 0
    assert sent == counted + dropped
