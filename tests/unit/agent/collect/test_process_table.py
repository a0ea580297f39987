import os
import sys
from pathlib import Path

import pytest

from trimtab.agent.collect import process_table
from trimtab.agent.collect.process_table import DiskUse, Process

STAT = b"42 (a (b) c) S 1 42 42 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 1 0 12300 10000000 256 18446744073709551615 1 1"


def make_process(procfs: Path, pid: int, stat: bytes) -> Path:
    directory = procfs / str(pid)
    directory.mkdir()
    (directory / "stat").write_bytes(stat)
    return directory


def test_a_stat_line_is_read_around_brackets_in_the_name() -> None:
    assert process_table.parse_stat(42, STAT, ticks=100, page=4096) == Process(
        pid=42, started=123.0, name="a (b) c", status="sleeping", cpu_s=3.0, rss=256 * 4096
    )


@pytest.mark.parametrize("line", [b"", b"42 (x", b"42 (x) S 1 2", b"nonsense"])
def test_a_line_that_is_not_one_gives_nothing(line: bytes) -> None:
    assert process_table.parse_stat(42, line, 100, 4096) is None


@pytest.mark.skipif(sys.platform != "linux", reason="reads a /proc tree")
def test_the_table_is_every_numbered_directory_that_can_be_read(tmp_path: Path) -> None:
    make_process(tmp_path, 42, STAT)
    make_process(tmp_path, 7, STAT.replace(b") S", b") Z"))
    (tmp_path / "99").mkdir()  # ended between the listing and the read
    (tmp_path / "meminfo").touch()
    found = {process.pid: process.status for process in process_table.read_table(tmp_path)}
    assert found == {42: "sleeping", 7: "zombies"}


def test_the_executable_is_named_by_its_file_else_by_the_short_name(tmp_path: Path) -> None:
    directory = make_process(tmp_path, 42, STAT)
    process = Process(42, 0.0, "short", "running", 0.0, 1)
    assert process_table.executable_name(process, tmp_path) == "short"
    os.symlink("/usr/bin/python3.12 (deleted)", directory / "exe")
    assert process_table.executable_name(process, tmp_path) == "python3.12"


def test_disk_use_is_read_where_it_may_be(tmp_path: Path) -> None:
    directory = make_process(tmp_path, 42, STAT)
    assert process_table.disk_use(42, tmp_path) is None
    (directory / "io").write_bytes(b"rchar: 1\nwchar: 2\nread_bytes: 4096\nwrite_bytes: 8192\n")
    assert process_table.disk_use(42, tmp_path) == DiskUse(4096, 8192)


def test_this_process_is_in_the_real_table() -> None:
    mine = [process for process in process_table.read_table(Path("/proc")) if process.pid == os.getpid()]
    assert len(mine) == 1
    assert mine[0].rss > 1_000_000


def test_off_linux_psutil_gives_the_same_shape(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process_table.sys, "platform", "darwin")
    mine = [process for process in process_table.read_table(Path("/proc")) if process.pid == os.getpid()]
    assert len(mine) == 1
    assert mine[0].rss > 1_000_000
    assert mine[0].started > 1_000_000_000
