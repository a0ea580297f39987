"""Packages: wheel and sdist are built, have what they need and nothing else, and run from where they are put."""

import importlib.util
import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from types import ModuleType

import pytest

from trimtab import __version__

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
_UV = Path(sys.executable).parent / "uv"


@pytest.fixture(scope="module")
def release(repository: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("release", repository / "scripts" / "release.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def built(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The wheel and the sdist. As `make wheel` builds them, with what is installed here."""
    folder = tmp_path_factory.mktemp("dist")
    command = [
        str(_UV),
        "build",
        "--quiet",
        "--no-build-isolation",
        "--python",
        sys.executable,
        "--out-dir",
        str(folder),
    ]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        command, cwd=repository, capture_output=True, text=True, check=False, env=os.environ | {"PATH": path}
    )
    assert done.returncode == 0, done.stderr
    [wheel], [sdist] = list(folder.glob("*.whl")), list(folder.glob("*.tar.gz"))
    return wheel, sdist


def test_the_wheel_has_every_source_and_page_and_no_tests(release: ModuleType, built: tuple[Path, Path]) -> None:
    release.checked_wheel(built[0], release.sources())
    assert f"trimtab-{__version__}-py3-none-any.whl" == built[0].name


def test_the_wheel_brings_the_guides_with_their_pictures(repository: Path, built: tuple[Path, Path]) -> None:
    with zipfile.ZipFile(built[0]) as wheel:
        brought = {one.removeprefix("trimtab/guides/docs/") for one in wheel.namelist() if "/guides/docs/" in one}
    written = {one.relative_to(repository / "docs").as_posix() for one in (repository / "docs").rglob("*.*")}
    assert brought == written


def test_the_sdist_builds_without_a_checkout(built: tuple[Path, Path], tmp_path: Path) -> None:
    with tarfile.open(built[1]) as archive:
        archive.extractall(tmp_path, filter="data")
    [root] = tmp_path.iterdir()
    assert {"pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "hatch_build.py", "src"} <= {
        one.name for one in root.iterdir()
    }
    assert (root / "src/trimtab/web/static/manifest.json").is_file()
    assert not (root / "tests").exists()


def test_what_is_installed_runs_from_where_it_is_put(built: tuple[Path, Path], tmp_path: Path) -> None:
    target = tmp_path / "site"
    install = [str(_UV), "pip", "install", "--quiet", "--offline", "--no-deps", "--target", str(target), str(built[0])]
    done = subprocess.run([*install, "--python", sys.executable], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr

    def trimtab(*arguments: str) -> str:
        command = [sys.executable, "-c", "import trimtab.__main__ as m; print(m.__file__); m.main()", *arguments]
        told = subprocess.run(
            command, capture_output=True, text=True, check=False, cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(target)},
        )  # fmt: skip
        assert told.returncode == 0, told.stderr
        where, _, said = told.stdout.partition("\n")
        assert where.startswith(str(target))
        return said

    assert f"trimtab {__version__}\n" == trimtab("--version")
    assert trimtab("agent", "--once", "--json").startswith("{")
    assert "-m trimtab up" in trimtab("service", "show")
