"""A data directory copied, compared and brought back; what is damaged, missing or in the way is told."""

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from patience import until
from trimtab.base.clock import ManualClock
from trimtab.base.errors import SetupError
from trimtab.settings import Settings
from trimtab.store.backup.backup import MANIFEST, backups, check, forget, restore, take
from trimtab.store.backup.folder import PICTURE
from trimtab.store.telemetry.lock import lock_directory

PART = "engine/data/store/aaa/20261130_1_1_0"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A directory with a part of a table, what the engine appends to, a link, an empty folder and the state."""
    data = tmp_path / "data"
    for name, content in {
        f"{PART}/checksums.txt": b"sums",
        f"{PART}/data.bin": b"rows" * 1000,
        f"{PART}/metadata_version.txt": b"0",
        "engine/data/store/aaa/deduplication_logs/deduplication_log_1.txt": b"token\n",
        "engine/engine.json": b"{}",
        "engine/lock": b"1",
        "log/metrics/000000000001.log": b"TTLOG002",
        "state.sqlite": b"state",
    }.items():
        path = data / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    (data / "state.sqlite").chmod(0o600)
    (data / "engine/data/store/aaa/detached").mkdir()
    (data / "engine/data/table").symlink_to("store/aaa")
    return Settings(data_dir=data)


WRITER = """
import sys
from pathlib import Path
from trimtab.store.telemetry.lock import lock_directory
data = Path(sys.argv[1])
lock = lock_directory(data / "engine")
files = [(data / name / "number").open("wb", buffering=0) for name in ("first", "last")]
number = 0
while True:
    number += 1
    for file in files:
        file.seek(0)
        file.write(b"%09d" % number)
    if number == 1:
        print("writes", flush=True)
"""


@pytest.fixture
def running(settings: Settings, tmp_path: Path) -> Iterator[Path]:
    """The directory of a trimtab whose process writes ever greater numbers, first here and then there."""
    for name in ("first", "last"):
        (settings.data_dir / name).mkdir()
    for number in range(300):
        (settings.data_dir / "engine" / f"{number}.txt").write_text("between the two")
    up = tmp_path / "trimtab"
    up.write_text("import subprocess, sys\nsubprocess.run([sys.executable, '-c', *sys.argv[1:]])\n")
    command = [sys.executable, str(up), WRITER, str(settings.data_dir)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield settings.data_dir
        os.killpg(process.pid, signal.SIGKILL)


def test_a_picture_of_a_running_trimtab_is_of_one_moment(
    running: Path, settings: Settings, tmp_path: Path, clock: ManualClock
) -> None:
    made = take(settings, tmp_path / "backups", clock, "1")
    first, last = (int((made.folder / "data" / name / "number").read_text()) for name in ("first", "last"))
    assert first - last in (0, 1)
    now = int((running / "first" / "number").read_text())
    until(lambda: int((running / "first" / "number").read_text()) > now, "it does not go on")


def inside(folder: Path) -> dict[str, bytes | str]:
    """Everything below a folder but locks: a file's bytes, a link's target, a folder's mark."""

    def content(path: Path) -> bytes | str:
        if path.is_symlink():
            return str(path.readlink())
        return "/" if path.is_dir() else path.read_bytes()

    kept = (path for path in folder.rglob("*") if path.name not in ("lock", "engine.json"))
    return {str(path.relative_to(folder)): content(path) for path in kept}


def test_what_is_restored_is_what_was_there(settings: Settings, tmp_path: Path, clock: ManualClock) -> None:
    before = inside(settings.data_dir)
    made = take(settings, tmp_path / "backups", clock, "0.1.0")
    assert check(made.folder)[1] == []
    there = Settings(data_dir=tmp_path / "other" / "data")
    manifest, kept = restore(there, made.folder, clock)
    assert (kept, manifest) == (None, made.manifest)
    assert inside(there.data_dir) == before
    assert stat.S_IMODE((there.data_dir / "state.sqlite").stat().st_mode) == 0o600
    assert not (settings.data_dir / PICTURE).exists()
    assert stat.S_IMODE(made.folder.parent.stat().st_mode) == 0o700
    assert (manifest.trimtab, manifest.engine, manifest.state, manifest.stood_still_s) == ("0.1.0", True, True, 0)
    assert manifest.bytes == sum(len(content) for content in before.values() if isinstance(content, bytes))


def test_only_what_is_never_written_again_is_shared_by_backups(
    settings: Settings, tmp_path: Path, clock: ManualClock
) -> None:
    first = take(settings, tmp_path / "backups", clock, "1")
    clock.advance(60_000)
    log = settings.data_dir / "engine/data/store/aaa/deduplication_logs/deduplication_log_1.txt"
    log.write_bytes(b"token\nmore\n")
    second = take(settings, tmp_path / "backups", clock, "1")

    def inode(folder: Path, name: str) -> int:
        return (folder / "data" / name).stat().st_ino

    assert inode(first.folder, f"{PART}/data.bin") == inode(second.folder, f"{PART}/data.bin")
    assert inode(settings.data_dir.parent, f"{PART}/data.bin") != inode(second.folder, f"{PART}/data.bin")
    for copied in ("state.sqlite", f"{PART}/metadata_version.txt", str(log.relative_to(settings.data_dir))):
        assert inode(first.folder, copied) != inode(second.folder, copied)
    assert [one.folder for one in backups(tmp_path / "backups")] == [first.folder, second.folder]
    assert forget(tmp_path / "backups", 1) == [first.folder]
    assert not first.folder.exists()
    assert check(second.folder)[1] == []


def test_a_part_that_changed_is_copied_again(settings: Settings, tmp_path: Path, clock: ManualClock) -> None:
    take(settings, tmp_path / "backups", clock, "1")
    clock.advance(60_000)
    rows = settings.data_dir / PART / "data.bin"
    os.utime(rows, ns=(1, rows.stat().st_mtime_ns))
    rows.unlink()
    rows.write_bytes(b"ROWS" * 1000)
    os.utime(rows, ns=(1, 1))
    second = take(settings, tmp_path / "backups", clock, "1")
    assert (second.folder / "data" / PART / "data.bin").read_bytes() == b"ROWS" * 1000


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        (lambda data: (data / "state.sqlite").write_bytes(b"stats"), "state.sqlite is not what was backed up"),
        (lambda data: (data / "state.sqlite").unlink(), "state.sqlite is missing"),
        (lambda data: (data / "extra").write_bytes(b""), "extra was not backed up"),
        (lambda data: (data / "engine/data/table").unlink(), "engine/data/table is no link to store/aaa"),
    ],
)
def test_a_damaged_backup_is_told_and_not_restored(
    settings: Settings, tmp_path: Path, clock: ManualClock, harm: object, told: str
) -> None:
    made = take(settings, tmp_path / "backups", clock, "1")
    harm(made.folder / "data")  # type: ignore[operator]
    assert check(made.folder)[1] == [told]
    before = inside(settings.data_dir)
    with pytest.raises(SetupError, match=f"{told}.*nothing was changed"):
        restore(settings, made.folder, clock, replace=True)
    assert inside(settings.data_dir) == before
    assert [path.name for path in tmp_path.iterdir() if "data" in path.name] == ["data"]


def test_what_is_there_is_kept_beside_it_when_that_is_asked_for(
    settings: Settings, tmp_path: Path, clock: ManualClock
) -> None:
    made = take(settings, tmp_path / "backups", clock, "1")
    (settings.data_dir / "state.sqlite").write_bytes(b"newer")
    with pytest.raises(SetupError, match="not empty; give --replace"):
        restore(settings, made.folder, clock)
    _, kept = restore(settings, made.folder, clock, replace=True)
    assert (settings.data_dir / "state.sqlite").read_bytes() == b"state"
    assert kept is not None
    assert (kept / "state.sqlite").read_bytes() == b"newer"


def test_nothing_is_restored_under_a_running_trimtab(settings: Settings, tmp_path: Path, clock: ManualClock) -> None:
    made = take(settings, tmp_path / "backups", clock, "1")
    with (
        lock_directory(settings.data_dir / "engine"),
        pytest.raises(SetupError, match=f"process {os.getpid()} is using"),
    ):
        restore(settings, made.folder, clock, replace=True)


def test_an_owner_that_is_no_trimtab_is_not_stopped(settings: Settings, tmp_path: Path, clock: ManualClock) -> None:
    with lock_directory(settings.data_dir / "engine"), pytest.raises(SetupError, match="not below one `trimtab up`"):
        take(settings, tmp_path / "backups", clock, "1")


def test_what_is_no_backup_and_what_a_newer_one_made_is_refused(
    settings: Settings, tmp_path: Path, clock: ManualClock
) -> None:
    with pytest.raises(SetupError, match="expected a folder that `trimtab backup` made"):
        check(tmp_path)
    made = take(settings, tmp_path / "backups", clock, "9.9")
    manifest = made.folder / MANIFEST
    manifest.write_text(manifest.read_text().replace('"version": 1', '"version": 2'))
    with pytest.raises(SetupError, match=r"trimtab 9\.9 made it, a newer one"):
        check(made.folder)


def test_a_backup_into_the_directory_itself_and_of_none_is_refused(
    settings: Settings, tmp_path: Path, clock: ManualClock
) -> None:
    with pytest.raises(SetupError, match="into itself"):
        take(settings, settings.data_dir / "backups", clock, "1")
    with pytest.raises(SetupError, match="there is no such directory"):
        take(Settings(data_dir=tmp_path / "none"), tmp_path / "backups", clock, "1")


def test_a_disk_that_is_full_leaves_nothing(
    settings: Settings, tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("trimtab.store.backup.backup._copy", full)
    with pytest.raises(SetupError, match="No space left on device; nothing was kept of it"):
        take(settings, tmp_path / "backups", clock, "1")
    assert list((tmp_path / "backups").iterdir()) == []
    assert not (settings.data_dir / PICTURE).exists()
