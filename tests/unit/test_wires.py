import asyncio
import logging
import socket
from typing import Any, cast

import pytest

from metric_doors import MetricDoor, make_door
from trimtab.access.keys import KeyStore
from trimtab.base.records import replace
from trimtab.doors.guard import Guard, Policy
from trimtab.doors.log_writing import LogWriting
from trimtab.doors.otlp.intake import Intake
from trimtab.doors.syslog.door import SyslogDoor
from trimtab.doors.xray_udp import XRayDoor
from trimtab.settings import OFF, Settings
from trimtab.store.state.database import State
from trimtab.traces.documents.intake import SegmentIntake
from trimtab.wires import LISTENING, OtlpSignals, Wires

FREE = "127.0.0.1:0"
ALL = Settings(otlp_grpc_addr=FREE, emf_addr=FREE, statsd_addr=FREE, xray_udp_addr=FREE)


@pytest.fixture
def door(state: State) -> MetricDoor:
    return make_door(lambda _writing: [], state)


def opened(door: MetricDoor, state: State, settings: Settings, send: Any = None) -> None:
    async def go() -> None:
        intake = Intake(door.writing)
        guard = Guard(Policy(), KeyStore(state, door.clock))
        signals = OtlpSignals(intake, intake, intake)
        xray = XRayDoor(cast(SegmentIntake, None), door.writing.ledger, "123456789012", "us-east-1")
        wires = Wires(settings, door.writing, signals, guard, SyslogDoor(cast(LogWriting, door.writing)), xray)
        async with wires.open():
            if send is not None:
                send()

    asyncio.run(go())


def listening(capsys: pytest.CaptureFixture[str]) -> dict[str, int]:
    lines = [line.removeprefix(LISTENING).split() for line in capsys.readouterr().out.splitlines()]
    return {" ".join(words[:-1]): int(words[-1].rpartition(":")[2]) for words in lines}


def test_every_door_says_where_it_listens(door: Any, state: State, capsys: pytest.CaptureFixture[str]) -> None:
    opened(door, state, ALL)
    found = listening(capsys)
    assert ["OTLP over gRPC", "embedded metric format", "StatsD", "X-Ray daemon"] == list(found)
    assert 0 not in found.values()


def test_off_turns_each_off(door: Any, state: State, capsys: pytest.CaptureFixture[str]) -> None:
    opened(door, state, replace(ALL, otlp_grpc_addr=OFF, emf_addr=OFF, statsd_addr=OFF, xray_udp_addr=OFF))
    assert {} == listening(capsys)


def test_doors_without_credentials_stay_closed_where_those_are_asked_for(
    door: Any, state: State, capsys: pytest.CaptureFixture[str]
) -> None:
    opened(door, state, replace(ALL, require_auth=True))
    assert ["OTLP over gRPC"] == list(listening(capsys))


def test_a_taken_port_is_a_warning_that_names_the_setting(
    door: Any, state: State, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as tcp, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.bind(("127.0.0.1", 0))
        taken, taken_udp = (f"127.0.0.1:{one.getsockname()[1]}" for one in (tcp, udp))
        settings = Settings(otlp_grpc_addr=taken, emf_addr=taken, statsd_addr=taken_udp, xray_udp_addr=taken_udp)
        with caplog.at_level(logging.WARNING):
            opened(door, state, settings)
    assert {} == listening(capsys)
    for name in ("TRIMTAB_OTLP_GRPC_ADDR", "TRIMTAB_EMF_ADDR", "TRIMTAB_STATSD_ADDR", "TRIMTAB_XRAY_UDP_ADDR"):
        assert 1 == sum(name in message for message in caplog.messages)


def test_what_came_last_is_written_at_the_end(door: Any, state: State, capsys: pytest.CaptureFixture[str]) -> None:
    def send() -> None:
        port = listening(capsys)["StatsD"]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.sendto(b"hits:1|c", ("127.0.0.1", port))

    opened(door, state, ALL, send)
    assert ["hits"] == [identity.name for identity, *_ in door.values()]
