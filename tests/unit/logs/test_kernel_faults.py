"""Kernel-log lines that come in become metrics of a host and a device; every other line becomes nothing."""

import asyncio
import json
from collections.abc import Sequence

import pytest

from trimtab.logs.filters.emission import Measured
from trimtab.logs.kernel_faults import COUNT, DOWN, XID, KernelFaults, host_of
from trimtab.logs.model import Group, LogBatch, LogEvent, Stream

GROUP, STREAM = Group(7, "1", "eu", "/var/log", 0), Stream(9, 7, "node-3/kern.log", 0)
FALLEN = "NVRM: Xid (PCI:0000:9b:00): 79, pid=4242, name=python3, GPU has fallen off the bus."
PLACE = {"gpu.pci.bus_id": "0000:9b:00.0", "hw.id": "0000:9b:00.0", "host.name": "node-3"}


def emitted(*messages: str, names: dict[str, str] | None = None, streams: Sequence[Stream] = ()) -> list[Measured]:
    found: list[Measured] = []

    async def emit(points: Sequence[Measured]) -> None:
        found.extend(points)

    tap = KernelFaults(emit, lambda account, host, bus: names or {})
    for at, message in enumerate(messages):
        stream = streams[at] if streams else STREAM
        asyncio.run(tap([LogBatch(GROUP, stream, [LogEvent(1_000, message)])]))
    return found


def told(points: Sequence[Measured]) -> list[tuple[str, float, int, dict[str, str]]]:
    return [(one.name, one.value, one.count, dict(one.dimensions)) for one in points]


def test_a_fault_is_counted_by_code_and_takes_the_gpu() -> None:
    points = emitted(FALLEN)
    assert [
        (COUNT, 1.0, 1, {**PLACE, "error.type": "xid.79"}), (XID, 79.0, 1, PLACE), (DOWN, 1.0, 1, PLACE),
    ] == told(points)  # fmt: skip
    assert {("1", "eu", "trimtab/Host", 1_000)} == {
        (one.account, one.region, one.namespace, one.time_ms) for one in points
    }


def test_a_gpu_is_named_as_its_other_series_name_it() -> None:
    names = {"gpu.uuid": "GPU-1", "hw.id": "GPU-1", "gpu.number": "4", "host.name": "node-3.cluster"}
    (_, down) = [one for one in emitted(FALLEN, names=names) if one.name != COUNT]
    assert {**names, "gpu.pci.bus_id": "0000:9b:00.0"} == dict(down.dimensions)


@pytest.mark.parametrize(
    ("message", "down"),
    [
        ("NVRM: Xid (PCI:0000:9b:00): 31, pid=1, name=py, MMU Fault", []),
        ("NVRM: Xid (PCI:0000:9b:00): 48, pid=1, name=py, DBE", [1.0]),
        (
            "NVRM: Xid (PCI:0000:9b:00): 149, NETIR_LINK_EVT/NETIR_LINK_DOWN Fatal XC0 i0 Link 0 (0x11 0x0)",
            [1.0],
        ),
        ("NVRM: Xid (PCI:0000:9b:00): 154, GPU recovery action changed from 0x0 (None) to 0x1 (GPU Reset)", [1.0]),
        ("NVRM: Xid (PCI:0000:9b:00): 154, GPU recovery action changed from 0x1 (GPU Reset) to 0x0 (None)", [0.0]),
        ("nvidia-nvswitch0: SXid (PCI:0000:9b:00.0): 20034, Fatal, Link 30", []),
    ],
)
def test_only_what_takes_a_gpu_is_down(message: str, down: list[float]) -> None:
    points = emitted(message)
    assert down == [one.value for one in points if one.name == DOWN]
    assert 1 == len([one for one in points if one.name == COUNT])


@pytest.mark.parametrize("message", ["", "hello", "NVRM: Xid (invalid): x", "GPU has fallen off the bus, says a user"])
def test_other_lines_are_nothing(message: str) -> None:
    assert [] == emitted(message)


def test_a_message_over_several_lines_is_followed_stream_by_stream() -> None:
    parts = ("NVRM: The NVIDIA GPU 0000:9b:00.0", "NVRM: fallen off the bus and is not responding to commands.")
    assert [(COUNT, 1.0, 1, {**PLACE, "error.type": "xid.79"})] == told(emitted(*parts))[:1]
    assert [] == emitted(*parts, streams=(STREAM, Stream(10, 7, "node-4/kern.log", 0)))


def test_lines_of_one_moment_are_counted_together() -> None:
    found: list[Measured] = []

    async def emit(points: Sequence[Measured]) -> None:
        found.extend(points)

    events = [LogEvent(1_000, FALLEN), LogEvent(1_000, FALLEN), LogEvent(2_000, FALLEN)]
    asyncio.run(KernelFaults(emit, lambda *_: {})([LogBatch(GROUP, STREAM, events)]))
    assert [(1_000, 2), (2_000, 1)] == [(one.time_ms, one.count) for one in found if one.name == COUNT]


@pytest.mark.parametrize(
    ("event", "host"),
    [
        (LogEvent(0, FALLEN, attributes={"host.name": "n1"}), "n1"),
        (LogEvent(0, FALLEN, attributes={"hostname": "n2"}), "n2"),
        (LogEvent(0, f"Nov 30 11:00:00 n3 kernel: [ 12.5] {FALLEN}"), "n3"),
        (LogEvent(0, f"2026-11-30T11:00:00.1+00:00 n4 kernel: {FALLEN}"), "n4"),
        (LogEvent(0, json.dumps({"MESSAGE": FALLEN, "_HOSTNAME": "n5"})), "n5"),
        (LogEvent(0, "{broken"), "node-3"),
        (LogEvent(0, FALLEN), "node-3"),
    ],
)
def test_where_a_line_comes_from(event: LogEvent, host: str) -> None:
    assert host == host_of(event, STREAM.name)
