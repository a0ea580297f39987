"""The kernel's log through /dev/kmsg: a record a read; faults are counted by device and code."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from trimtab.agent.collect.kernel_log import KernelLog
from trimtab.agent.reading import Reading

XID = "4,{},206764307,-;NVRM: Xid (PCI:0000:9b:00): {}, pid=1, name=py, text\n SUBSYSTEM=pci\n"
INFO = Reading(
    "hw.gpu.info", "1", 1,
    (("hw.id", "GPU-1"), ("hw.name", "H100"), ("gpu.number", "4"), ("gpu.pci.bus_id", "00000000:9B:00.0")),
)  # fmt: skip


class Kernel:
    """A log that gives a record a read, as the kernel's does."""

    def __init__(self) -> None:
        self._writer, reader = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        reader.setblocking(False)
        self.log = KernelLog.of(reader.detach(), 1_000)

    def say(self, *records: str) -> None:
        for record in records:
            self._writer.send(record.encode())

    def close(self) -> None:
        self._writer.close()
        self.log.close()


@pytest.fixture
def kernel() -> Iterator[Kernel]:
    made = Kernel()
    yield made
    made.close()


def told(readings: list[Reading]) -> dict[tuple[str, str], float]:
    return {(one.name, dict(one.attributes).get("error.type", "")): one.value for one in readings}


def test_faults_are_counted_and_named_as_the_gpu_is(kernel: Kernel) -> None:
    assert [] == kernel.log.readings([INFO])
    kernel.say(XID.format(1, 31), "6,2,3,-;usb 1-1: new device\n", XID.format(3, 31), XID.format(4, 79))
    found = kernel.log.readings([INFO])
    counts = {("gpu.faults", "xid.31"): 2, ("gpu.faults", "xid.79"): 1, ("gpu.fault.down", ""): 1}
    assert counts == told(found)
    assert all(
        {("hw.id", "GPU-1"), ("gpu.number", "4"), ("gpu.pci.bus_id", "0000:9b:00.0")} <= set(one.attributes)
        for one in found
    )
    assert {1_000} == {one.start_ms for one in found if one.name == "gpu.faults"}
    again = kernel.log.readings([INFO])
    assert {("gpu.faults", "xid.31"): 2, ("gpu.faults", "xid.79"): 1} == told(again), "a line takes a GPU once"


def test_what_the_driver_gives_back_is_not_down(kernel: Kernel) -> None:
    kernel.say(
        "4,1,2,-;NVRM: Xid (PCI:0000:9b:00): 154, GPU recovery action changed from 0x1 (GPU Reset) to 0x0 (None)"
    )
    assert 0 == told(kernel.log.readings([]))["gpu.fault.down", ""]


def test_a_gpu_off_the_bus_over_several_records_and_a_switch(kernel: Kernel) -> None:
    kernel.say(
        "3,1,2,-;NVRM: The NVIDIA GPU 0000:9b:00.0\n",
        "3,2,3,-;NVRM: (PCI ID: 10de:2330) installed in this system has\n",
        "3,3,4,-;NVRM: fallen off the bus and is not responding to commands.\n",
        "3,4,5,-;nvidia-nvswitch0: SXid (PCI:0000:a9:00.0): 20034, Fatal, Link 30\n",
    )
    found = kernel.log.readings([])
    assert {("gpu.faults", "xid.79"): 1, ("gpu.faults", "sxid.20034"): 1, ("gpu.fault.down", ""): 1} == told(found)
    assert {"0000:9b:00.0", "0000:a9:00.0"} == {dict(one.attributes)["hw.id"] for one in found}


def test_a_log_that_may_not_be_read_tells_nothing(tmp_path: Path) -> None:
    assert [] == KernelLog(tmp_path / "none", 0).readings([])


def test_what_was_there_before_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "kmsg"
    path.write_text(XID.format(1, 79))
    log = KernelLog(path, 0)
    assert [] == log.readings([])
    with path.open("a") as file:
        file.write(XID.format(2, 48))
        file.flush()
        os.fsync(file.fileno())
    assert {("gpu.faults", "xid.48"): 1, ("gpu.fault.down", ""): 1} == told(log.readings([]))
    log.close()
