from pathlib import Path
from types import SimpleNamespace

from trimtab.agent.collect import filesystem
from trimtab.agent.collect.filesystem import Mount, Space


def mount(device: str, mountpoint: str, fstype: str) -> SimpleNamespace:
    return SimpleNamespace(device=device, mountpoint=mountpoint, fstype=fstype)


def test_kernel_image_and_network_filesystems_are_left_out() -> None:
    partitions = [
        mount("proc", "/proc", "proc"),
        mount("cgroup2", "/sys/fs/cgroup", "cgroup2"),
        mount("tmpfs", "/run", "tmpfs"),
        mount("/dev/loop4", "/snap/core/1", "squashfs"),
        mount("server:/home", "/home", "nfs4"),
        mount("overlay", "/var/lib/docker/overlay2/x/merged", "overlay"),
        mount("/dev/sda1", "/", "ext4"),
        mount("shm", "/dev/shm", "tmpfs"),
    ]
    assert [item.mountpoint for item in filesystem.choose(partitions)] == ["/", "/dev/shm"]


def test_a_container_shows_its_own_root() -> None:
    assert [item.device for item in filesystem.choose([mount("overlay", "/", "overlay")])] == ["overlay"]


def test_a_device_is_shown_once_at_its_shortest_path() -> None:
    partitions = [mount("/dev/sda1", "/etc/hosts", "ext4"), mount("/dev/sda1", "/data", "ext4")]
    assert [item.mountpoint for item in filesystem.choose(partitions)] == ["/data"]


def test_under_a_rootfs_paths_are_those_of_the_host() -> None:
    partitions = [
        mount("overlay", "/", "overlay"),
        mount("/dev/sda1", "/host/root", "ext4"),
        mount("/dev/sdb", "/host/root/data", "xfs"),
        mount("/dev/sdc", "/var/lib/trimtab-agent", "ext4"),
    ]
    chosen = filesystem.choose(partitions, "/host/root")
    assert chosen == [
        Mount("/dev/sda1", "/", "ext4", "/host/root"),
        Mount("/dev/sdb", "/data", "xfs", "/host/root/data"),
    ]


def test_the_share_is_that_of_df() -> None:
    readings = filesystem.of_space(Mount("/dev/sda1", "/", "ext4", "/"), Space(used=60, free=20, reserved=20))
    usage = {dict(r.attributes)["system.filesystem.state"]: r.value for r in readings[:3]}
    assert usage == {"used": 60, "free": 20, "reserved": 20}
    assert (readings[3].name, readings[3].value) == ("system.filesystem.utilization", 0.75)


def test_a_bound_file_or_a_missing_path_has_no_space(tmp_path: Path) -> None:
    bound = tmp_path / "hosts"
    bound.touch()
    assert filesystem.measure(str(bound)) is None
    assert filesystem.measure(str(tmp_path / "gone")) is None
    space = filesystem.measure(str(tmp_path))
    assert space is not None
    assert space.used + space.free + space.reserved > 0
