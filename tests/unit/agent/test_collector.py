from pathlib import Path

import psutil
import pytest

from trimtab.agent.collect.roots import Roots
from trimtab.agent.collector import Collector
from trimtab.base.clock import SystemClock

NAMES = {
    "system.cpu.utilization": "1",
    "system.cpu.logical.count": "{cpu}",
    "system.cpu.load_average.1m": "{thread}",
    "system.memory.usage": "By",
    "system.memory.utilization": "1",
    "system.memory.limit": "By",
    "system.processes.count": "{process}",
    "system.uptime": "s",
    "process.cpu.utilization": "1",
    "process.memory.usage": "By",
    "trimtab.agent.cpu.utilization": "1",
    "trimtab.agent.memory.usage": "By",
}


def test_two_looks_at_this_machine_give_every_subject_with_its_unit() -> None:
    collector = Collector(Roots(), SystemClock())
    collector.prime()
    start = psutil.cpu_times()
    while psutil.cpu_times() == start:  # the machine's own clock ticks 100 times a second
        sum(range(10_000))
    readings = collector.collect()
    units = {reading.name: reading.unit for reading in readings}
    assert {name: units.get(name) for name in NAMES} == NAMES
    shares = [reading.value for reading in readings if reading.name == "system.cpu.utilization"]
    assert sum(shares) == pytest.approx(1.0)


def test_the_first_look_has_no_shares_but_all_else() -> None:
    names = {reading.name for reading in Collector(Roots(), SystemClock()).collect()}
    assert "system.cpu.utilization" not in names
    assert "process.cpu.utilization" not in names
    assert {"system.memory.limit", "process.memory.usage", "system.uptime"} <= names


def test_a_subject_that_fails_is_told_once_and_the_others_go_on(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    collector = Collector(Roots(), SystemClock())

    def broken(*_: object, **__: object) -> None:
        raise OSError("no diskstats")

    with monkeypatch.context() as patch:
        patch.setattr(psutil, "disk_io_counters", broken)
        for _ in range(2):
            names = {reading.name for reading in collector.collect()}
            assert "system.memory.limit" in names
            assert "system.disk.io" not in names
    collector.collect()
    told = [record.getMessage() for record in caplog.records if record.name == "trimtab.agent.collector"]
    assert told == [
        "cannot read disk of this machine: no diskstats; going on without it",
        "reading disk of this machine again",
    ]


def test_another_procfs_is_read_through_psutil_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(psutil, "PROCFS_PATH", "/elsewhere", raising=False)
    Collector(Roots(procfs=Path("/proc")), SystemClock())
    assert psutil.PROCFS_PATH == "/proc"
