from pathlib import Path
from types import SimpleNamespace

import pytest

from trimtab.agent.collect import disk


@pytest.fixture
def sysfs(tmp_path: Path) -> Path:
    for name in ("sda", "nvme0n1", "dm-0", "md0", "loop3", "zram0", "sr0", "cciss!c0d0"):
        (tmp_path / "block" / name / "slaves").mkdir(parents=True)
    (tmp_path / "block" / "dm-0" / "slaves" / "sda").touch()
    return tmp_path


@pytest.mark.parametrize("device", ["sda", "nvme0n1", "cciss/c0d0", "md0"])
def test_whole_disks_count(device: str, sysfs: Path) -> None:
    assert disk.is_disk(device, sysfs)


@pytest.mark.parametrize("device", ["sda1", "nvme0n1p2", "dm-0", "loop3", "ram0", "zram0", "sr0", "fd0"])
def test_partitions_stacked_and_memory_devices_do_not(device: str, sysfs: Path) -> None:
    assert not disk.is_disk(device, sysfs)


def test_without_sysfs_names_alone_decide(tmp_path: Path) -> None:
    assert disk.is_disk("disk0", tmp_path)
    assert not disk.is_disk("loop0", tmp_path)


def test_counters_become_sums_since_boot(sysfs: Path) -> None:
    counted = SimpleNamespace(read_bytes=10, write_bytes=20, read_count=1, write_count=2)
    readings = disk.of_counters({"sda": counted, "sda1": counted}, sysfs, 5000)
    assert [(r.name, r.unit, dict(r.attributes), r.value, r.start_ms) for r in readings] == [
        ("system.disk.io", "By", {"system.device": "sda", "disk.io.direction": "read"}, 10, 5000),
        ("system.disk.operations", "{operation}", {"system.device": "sda", "disk.io.direction": "read"}, 1, 5000),
        ("system.disk.io", "By", {"system.device": "sda", "disk.io.direction": "write"}, 20, 5000),
        ("system.disk.operations", "{operation}", {"system.device": "sda", "disk.io.direction": "write"}, 2, 5000),
    ]
