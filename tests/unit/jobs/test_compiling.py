"""What is compiled is compiled once for a version, by a process that ends."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from trimtab.jobs import compiling
from trimtab.jobs.compiling import Rehearsal, compiled_as

ALSO = "import pathlib, sys; pathlib.Path(sys.argv[1]).open('a').write('x')"


def start(folder: Path, fails: str = "", stamp: str = "1") -> None:
    """What a start of the process does that needs the loops: it asks more than once."""
    rehearsal = Rehearsal("long loops", stamp, folder, str(folder / "rehearsed"), (sys.executable, "-c", ALSO + fails))

    async def asks() -> None:
        await rehearsal.once()
        await rehearsal.once()

    asyncio.run(asks())


def times(folder: Path) -> int:
    return len((folder / "rehearsed").read_text()) if (folder / "rehearsed").exists() else 0


def test_it_is_done_once_for_a_version(tmp_path: Path) -> None:
    for _ in range(2):
        start(tmp_path)
        assert 1 == times(tmp_path)
    assert compiled_as("1") == (tmp_path / "long_loops_compiled").read_text()
    start(tmp_path, stamp="2")
    assert 2 == times(tmp_path)


def test_what_fails_is_tried_again_at_the_next_start_only(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    for number in (1, 2):
        start(tmp_path, "; sys.exit(3)")
        assert number == times(tmp_path)
    assert "cannot compile long loops apart: status 3; the first use compiles" in caplog.text
    asyncio.run(Rehearsal("loops", "1", tmp_path, "", (str(tmp_path / "nothing"),)).once())
    assert "No such file" in caplog.text


def test_where_there_is_no_compiler_nothing_is_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> str:
        raise compiling.PackageNotFoundError(name)

    monkeypatch.setattr(compiling, "version", missing)
    assert "" == compiled_as("1")
    start(tmp_path)
    assert 0 == times(tmp_path)


def test_a_rehearsal_that_is_done_ends_well_while_its_parent_lives() -> None:
    quick = "import sys; from trimtab.jobs.compiling import rehearsing; sys.exit(rehearsing(int))"
    with subprocess.Popen((sys.executable, "-c", quick), stdin=subprocess.PIPE) as process:
        assert 0 == process.wait(60)
