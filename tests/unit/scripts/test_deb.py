"""The Debian package of the agent: its tree, what it says of itself, and that dpkg takes it."""

import importlib.util
import shutil
import stat
import subprocess
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="module")
def deb(repository: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("deb", repository / "scripts" / "deb.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def tree(deb: ModuleType, tmp_path: Path) -> Path:
    (tmp_path / "lib/trimtab/__pycache__").mkdir(parents=True)
    (tmp_path / "lib/bin").mkdir()
    (tmp_path / "lib/trimtab/__main__.py").write_text("print('agent')\n")
    folder = tmp_path / "deb"
    deb.lay_out(folder, Path("trimtab-0.3.0-py3-none-any.whl"), "3.13", "amd64", tmp_path / "lib")
    return folder


def test_the_tree_has_the_library_the_launcher_the_unit_and_settings_that_stay(tree: Path) -> None:
    files = {str(one.relative_to(tree)) for one in tree.rglob("*") if one.is_file()}
    assert files == {
        "opt/trimtab-agent/lib/trimtab/__main__.py",
        "usr/bin/trimtab",
        "lib/systemd/system/trimtab-agent.service",
        "etc/trimtab/agent.env",
        "DEBIAN/control",
        "DEBIAN/conffiles",
        "DEBIAN/postinst",
        "DEBIAN/prerm",
    }
    assert 0o600 == stat.S_IMODE((tree / "etc/trimtab/agent.env").stat().st_mode)
    unit = (tree / "lib/systemd/system/trimtab-agent.service").read_text()
    assert unit.startswith("[Unit]\n")
    assert "ExecStart=/usr/bin/trimtab agent --spool-dir" in unit
    assert "EnvironmentFile=-/etc/trimtab/agent.env" in unit


def test_it_is_for_one_python(tree: Path) -> None:
    control = (tree / "DEBIAN/control").read_text()
    assert "Depends: python3 (>= 3.13), python3 (<< 3.14)\n" in control
    assert "Version: 0.3.0\nArchitecture: amd64\n" in control


def test_dpkg_takes_it(tree: Path, tmp_path: Path) -> None:
    if shutil.which("dpkg-deb") is None:
        pytest.skip("dpkg-deb is not on this machine")
    made = tmp_path / "made.deb"
    subprocess.run(
        ["dpkg-deb", "--root-owner-group", "-Znone", "--build", str(tree), str(made)], check=True, capture_output=True
    )
    listed = subprocess.run(["dpkg-deb", "--field", str(made), "Package"], check=True, capture_output=True, text=True)
    assert "trimtab-agent\n" == listed.stdout
