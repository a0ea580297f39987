"""Syslog over TCP: connections that are silent, or stop within a message, are closed."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest

from trimtab.base.clock import ManualClock
from trimtab.doors.syslog import door as module
from trimtab.doors.syslog.door import SyslogDoor
from trimtab.listen import bind


class Writing:
    """What the door asks of where it writes."""

    account, region = "1", "eu"

    def __init__(self) -> None:
        self.logs = SimpleNamespace(clock=ManualClock())
        self.written: list[str] = []

    def in_time(self, _time_ms: int) -> bool:
        return True

    async def write(self, _door: str, events: Any, *_rest: Any) -> None:
        self.written += [event.message for found in events.values() for event in found]


def closed_after(sent: bytes) -> list[str]:
    """Messages taken of a sender that sends this, waits to be hung up on, and is."""

    async def go() -> list[str]:
        writing = Writing()
        door = SyslogDoor(cast(Any, writing))
        listener = bind("127.0.0.1:0", "X")
        server = await door.serve(listener)
        reader, writer = await asyncio.open_connection(*listener.getsockname())
        writer.write(sent)
        assert b"" == await reader.read()
        writer.close()
        server.close()
        await door.hang_up()
        await door.flush()
        return writing.written

    return asyncio.run(go())


def test_one_that_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "IDLE_S", 0.2)
    assert ["hello"] == closed_after(b"<13>Feb  5 17:32:18 host app: hello\n")


@pytest.mark.parametrize("sent", [b"<13>hello", b"12 <13>", b"1"])
def test_one_that_stops_within_a_message(monkeypatch: pytest.MonkeyPatch, sent: bytes) -> None:
    monkeypatch.setattr(module, "SLOW_S", 0.01)
    assert [] == closed_after(sent)
