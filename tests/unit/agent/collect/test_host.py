from pathlib import Path

from trimtab.agent.collect import host
from trimtab.agent.collect.roots import Roots


def test_identity_is_read_below_the_rootfs(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "machine-id").write_text("abc123\n")
    (tmp_path / "etc" / "os-release").write_text('NAME=x\nPRETTY_NAME="Example Linux 9"\n')
    roots = Roots(rootfs=tmp_path)
    assert host.machine_id(roots) == "abc123"
    assert host.description(roots).startswith("Example Linux 9, kernel ")


def test_a_host_without_a_machine_id_has_none(tmp_path: Path) -> None:
    roots = Roots(rootfs=tmp_path)
    assert host.machine_id(roots) == ""
    assert "host.id" not in host.attributes(roots)
    assert host.description(roots)


def test_attributes_name_the_host() -> None:
    found = host.attributes(Roots())
    assert found["host.name"]
    assert found["host.arch"]
    assert found["os.type"] == found["os.type"].lower()


def test_uptime_is_since_boot() -> None:
    assert [reading.value for reading in host.uptime(90_000, 30_000)] == [60.0]
    assert host.boot_ms() > 1_000_000_000_000
