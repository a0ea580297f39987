from pathlib import Path
from types import SimpleNamespace

from trimtab.agent.collect import network

COUNTED = SimpleNamespace(bytes_recv=1, bytes_sent=2, errin=3, errout=4)


def names(*interfaces: str, sysfs: Path) -> set[str]:
    readings = network.of_counters(dict.fromkeys(interfaces, COUNTED), sysfs, 0)
    return {reading.attributes[0][1] for reading in readings}


def test_container_and_loopback_interfaces_are_left_out(tmp_path: Path) -> None:
    noise = ("lo", "lo0", "veth12ab", "cali99", "docker0", "br-1234", "virbr0", "cni0", "flannel.1", "ifb0", "tunl0")
    real = ("eth0", "ens5", "enp1s0f0np0", "bond0", "ib0", "wlan0", "wg0", "br0", "longhaul")
    assert names(*noise, *real, sysfs=tmp_path) == set(real)


def test_members_of_a_bond_are_counted_by_the_bond(tmp_path: Path) -> None:
    (tmp_path / "class" / "net" / "eth0" / "bonding_slave").mkdir(parents=True)
    assert names("eth0", "bond0", sysfs=tmp_path) == {"bond0"}


def test_each_direction_has_bytes_and_errors(tmp_path: Path) -> None:
    readings = network.of_counters({"eth0": COUNTED}, tmp_path, 77)
    found = {(r.name, dict(r.attributes)["network.io.direction"]): (r.value, r.start_ms) for r in readings}
    assert found == {
        ("system.network.io", "receive"): (1, 77),
        ("system.network.io", "transmit"): (2, 77),
        ("system.network.errors", "receive"): (3, 77),
        ("system.network.errors", "transmit"): (4, 77),
    }
