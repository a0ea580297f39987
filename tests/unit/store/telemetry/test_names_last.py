"""What a power cut may take is no name of what was acknowledged: each new name is synced in its folder first.

ext4 syncs the name of a new file along with its content, so that cuts on it say nothing of other file systems.
"""

import asyncio
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.unit.store.telemetry.test_log import Engine, crash, values

from trimtab.base.clock import ManualClock
from trimtab.base.whole_file import make_folder, write_whole
from trimtab.store.telemetry.damage import Damage, Kind, keep
from trimtab.store.telemetry.log import IngestLog, LogLimits
from trimtab.store.telemetry.repair import REPLAYED, _put_away
from trimtab.store.telemetry.set_aside import SetAside, set_aside

_watching: list[Callable[[str, tuple[Any, ...]], None]] = []
sys.addaudithook(lambda event, arguments: [watch(event, arguments) for watch in _watching] and None)


class Names:
    """The names under a folder that are not durable yet: made, or moved there, and their folder not synced since."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.loose: set[Path] = set()
        self._folder = folder
        for name in ("fsync", "fdatasync"):
            monkeypatch.setattr(os, name, self._syncing(getattr(os, name)))

    def hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if (
            event == "open" and isinstance(arguments[0], str) and (arguments[2] or 0) & os.O_CREAT
        ) or event == "os.mkdir":
            self._made(arguments[0])
        elif event == "os.rename":
            self.loose.discard(Path(arguments[0]))
            self._made(arguments[1], replaced=True)

    def _made(self, name: Any, *, replaced: bool = False) -> None:
        path = Path(name)
        if path.is_relative_to(self._folder) and path.name != "lock" and (replaced or not path.exists()):
            self.loose.add(path)

    def _syncing(self, sync: Callable[[int], None]) -> Callable[[int], None]:
        def synced(descriptor: int) -> None:
            sync(descriptor)
            folder = Path(os.readlink(f"/proc/self/fd/{descriptor}"))
            self.loose = {path for path in self.loose if path.parent != folder}

        return synced


@pytest.fixture
def names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Names]:
    made = Names(tmp_path, monkeypatch)
    _watching.append(made.hear)
    yield made
    _watching.remove(made.hear)


def test_every_name_of_a_log_lasts_when_a_batch_is_acknowledged(names: Names, tmp_path: Path) -> None:
    limits = LogLimits(disk_reserve_bytes=0)
    log = IngestLog(tmp_path / "new" / "log", Engine(), ManualClock(), limits)
    log.drain.start = lambda: None  # type: ignore[method-assign]  # nothing is sent
    log.open()
    asyncio.run(log.append([values(b"0001")], "k"))
    assert sorted(path.name for path in (tmp_path / "new" / "log").iterdir()) == ["000000000001.log", "lock", "log_id"]
    assert names.loose == set()
    crash(log)


def test_what_was_set_aside_lasts(names: Names, tmp_path: Path) -> None:
    set_aside(tmp_path, "token.table", SetAside("table", (), "token", 0, "refused", 0), b"rows")
    assert names.loose == set()


def test_what_was_damaged_lasts(names: Names, tmp_path: Path) -> None:
    (tmp_path / "000000000001.log").write_bytes(b"x" * 100)
    names.loose.clear()
    made = Damage("000000000001", 0, 50, Kind.LOST, None, 0, 0, 0)
    assert keep(tmp_path, [made]) == [made]
    assert names.loose == set()


def test_a_file_that_is_to_last_does(names: Names, tmp_path: Path) -> None:
    write_whole(tmp_path / "kept", b"x", lasting=True)
    assert names.loose == set()
    write_whole(tmp_path / "loose", b"x")
    assert names.loose == {tmp_path / "loose"}


def test_folders_last_with_those_above_them(names: Names, tmp_path: Path) -> None:
    make_folder(tmp_path / "a" / "b" / "c")
    assert (tmp_path / "a" / "b" / "c").is_dir()
    assert names.loose == set()
    make_folder(tmp_path / "a" / "b" / "c")  # which is there


def test_what_was_replayed_lasts_where_it_went(names: Names, tmp_path: Path) -> None:
    path = set_aside(tmp_path, "token.table", SetAside("table", (), "token", 0, "refused", 0), b"rows")
    _put_away(path)
    assert {one.name for one in (path.parent / REPLAYED).iterdir()} == {path.name, path.with_suffix(".json").name}
    assert names.loose == set()
