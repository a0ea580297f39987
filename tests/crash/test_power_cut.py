"""Power cuts: what the disk holds at that instant is all that is left, and nothing acknowledged is missing from it.

The data directory is an ext4 image on a loop device. The writers and the server are stopped where they are; what was
acknowledged is noted; the image, which holds what reached the "disk", is copied before the kernel writes anything
more; the copy is mounted and opened. Needs root and loop devices.
"""

import os
import random
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from crash.writers import DATUMS, Ledger, address_of, retry, run_clients, settled
from live_server import LiveServer

CUTS = int(os.environ.get("POWER_CUTS", "1"))  # `make test-all` sets 10
MKFS = shutil.which("mkfs.ext4", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
IMAGE_BYTES = 640 << 20
COPY_S = 1.0  # the kernel writes dirty pages after 5 s of its own accord; the copy must be done well before

pytestmark = [pytest.mark.crash, pytest.mark.timeout(900)]


class Disk:
    """An ext4 image on a loop device."""

    def __init__(self, image: Path, mount: Path) -> None:
        self.image = image
        self.mount = mount

    def make(self) -> None:
        with self.image.open("wb") as file:
            file.truncate(IMAGE_BYTES)
        subprocess.run([MKFS, "-q", "-E", "lazy_itable_init=0", str(self.image)], check=True)

    def attach(self) -> None:
        self.mount.mkdir(exist_ok=True)
        subprocess.run(["mount", "-o", "loop", str(self.image), str(self.mount)], check=True)

    def detach(self) -> None:
        deadline = time.monotonic() + 20  # the killed children let go of their files a moment later
        while subprocess.run(["umount", str(self.mount)], capture_output=True, check=False).returncode:
            assert time.monotonic() < deadline, f"cannot unmount {self.mount}: something still uses it"
            threading.Event().wait(0.05)

    def copy(self, to: Path) -> float:
        """Copy the image; returns the seconds it took."""
        start = time.monotonic()
        subprocess.run(["cp", "--sparse=always", str(self.image), str(to)], check=True)
        return time.monotonic() - start


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    if os.geteuid() != 0 or not Path("/dev/loop-control").exists() or MKFS is None:
        pytest.skip("needs root, loop devices and mkfs.ext4")
    made = Disk(tmp_path / "disk.img", tmp_path / "mount")
    made.make()
    try:
        made.attach()
    except subprocess.CalledProcessError:
        pytest.skip("this machine does not mount loop devices")
    yield made
    subprocess.run(["umount", "-l", str(made.mount)], check=False)


def test_nothing_acknowledged_is_lost_in_a_power_cut(disk: Disk, tmp_path: Path) -> None:
    ledger = Ledger()
    chance = random.Random(4)
    server = LiveServer(disk.mount / "data").start()

    def cut() -> None:
        floor = sum(batch.acknowledged for batch in ledger.batches) + 50
        while sum(batch.acknowledged for batch in ledger.batches) < floor:
            threading.Event().wait(0.01)
        threading.Event().wait(chance.uniform(0.2, 2.5))
        assert server.process is not None
        os.killpg(server.process.pid, signal.SIGSTOP)
        noted.extend(batch for batch in ledger.batches if batch.acknowledged)
        took = disk.copy(tmp_path / "copy.img")
        server.kill()
        assert took < COPY_S, f"the copy took {took:.2f} s: too slow to stand for a power cut"

    for number in range(CUTS):
        noted: list[object] = []
        run_clients(server, ledger, cut)
        disk.detach()
        (tmp_path / "copy.img").replace(disk.image)
        disk.attach()
        server.start()
        expected = {value for batch in noted for value in batch.values}  # type: ignore[attr-defined]  # Batch
        found = settled(server.data_dir, len(expected))
        lost = expected - found.keys()
        doubled = int((np.array(list(found.values())) > 1).sum())
        print(
            f"cut {number + 1}: {len(noted)} batches acknowledged, {len(expected)} datums, {len(lost)} lost, "
            f"{doubled} doubled"
        )
        assert not lost
        assert not doubled
        retry(address_of(server), ledger.open)
        assert len(settled(server.data_dir, len(ledger.batches) * DATUMS)) == len(ledger.batches) * DATUMS
    assert server.stop() == 0
