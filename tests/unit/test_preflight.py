"""What a machine must offer, told before anything starts."""

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from trimtab.base.errors import SetupError
from trimtab.preflight import LEAST_FILES, WANTED_FILES, allow_files, check_directory

HARD = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
HIGHEST = min(HARD, WANTED_FILES) if HARD != resource.RLIM_INFINITY else WANTED_FILES


def test_a_directory_is_made_and_left_as_it_was(tmp_path: Path) -> None:
    check_directory(tmp_path / "a" / "b")
    assert list((tmp_path / "a" / "b").iterdir()) == []


def test_what_is_no_directory_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for place in (tmp_path / "file", tmp_path / "file" / "under"):
        with pytest.raises(SetupError, match=r"cannot use the data directory .*TRIMTAB_DATA_DIR"):
            check_directory(place)


def test_a_directory_that_cannot_be_written_to_is_told() -> None:
    with pytest.raises(SetupError, match="cannot use the data directory /proc/trimtab"):
        check_directory(Path("/proc/trimtab"))
    with pytest.raises(SetupError, match=r"cannot use the data directory /proc: .*expected a directory"):
        check_directory(Path("/proc"))


def test_a_full_disk_leaves_no_probe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("trimtab.base.disk.os.fsync", full)
    with pytest.raises(SetupError, match="No space left on device"):
        check_directory(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("limit", "allowed"), [((64, 64), 0), ((64, 4096), 4096), ((LEAST_FILES, HARD), HIGHEST)])
def test_open_files_are_raised_as_far_as_they_may_be(limit: tuple[int, int], allowed: int) -> None:
    code = (
        "import resource; from trimtab.preflight import allow_files; "
        f"resource.setrlimit(resource.RLIMIT_NOFILE, {limit}); allow_files(); "
        "print(resource.getrlimit(resource.RLIMIT_NOFILE)[0])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    if allowed:
        assert ran.stdout.split() == [str(allowed)], ran.stderr
    else:
        assert "may open 64 files; expected at least 1,024" in ran.stderr


def test_here_it_is_enough() -> None:
    allow_files()
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] >= LEAST_FILES
