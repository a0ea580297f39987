"""Files are followed entry by entry: once each and in order, whatever happens to the file or to the agent."""

import gzip
import json
import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from trimtab.agent.spool import Spool
from trimtab.agent.tail import tailer as tailer_module
from trimtab.agent.tail.batch import body_of, query_of
from trimtab.agent.tail.config import FileSet
from trimtab.agent.tail.entries import LINE
from trimtab.agent.tail.tailer import SCAN_S, Tailer
from trimtab.agent.tail.trail import GONE_S, QUIET_S
from trimtab.base.clock import ManualClock
from trimtab.base.errors import DiskFull


class Agent:
    """A tailer over a spool in a directory; `crash` begins anew with what is on disk."""

    def __init__(self, directory: Path, files: FileSet) -> None:
        self.directory = directory
        self.files = files
        self.clock = ManualClock(1_795_687_384_000)
        self.lines: list[tuple[str, str]] = []
        self._start()

    def _start(self) -> None:
        self.spool = Spool(self.directory / "spool")
        places = self.directory / "spool" / "places.json"
        self.tailer = Tailer([self.files], self.spool, places, "host", self.clock, lambda: None)

    def crash(self) -> None:
        self.close()
        self._start()

    def close(self) -> None:
        self.tailer.close()
        self.spool.close()

    def run(self, steps: int = 12, seconds: float = 1.0) -> list[str]:
        """Steps, so many seconds apart; the texts that came."""
        for _ in range(steps):
            while self.tailer.step():
                pass
            self.clock.advance(seconds)
        return self.delivered()

    def delivered(self) -> list[str]:
        """Deliver what waits; the texts of it."""
        found = []
        while (record := self.spool.peek()) is not None:
            stream = parse_qs(query_of(record.body))["stream"][0]
            for line in gzip.decompress(body_of(record.body)).splitlines():
                found.append(json.loads(line)[LINE])
                self.lines.append((stream, found[-1]))
            self.spool.done(record.sequence)
        return found


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Agent]:
    made = Agent(tmp_path, FileSet([str(tmp_path / "app*")], exclude=["*.tmp"]))
    yield made
    made.close()


def test_an_entry_waits_until_it_is_whole(tmp_path: Path, agent: Agent) -> None:
    log = tmp_path / "app.log"
    assert agent.run(1) == []
    log.write_text('first\nTraceback:\n  File "a.py"\nhal')
    agent.clock.advance(SCAN_S)
    assert agent.run(1, QUIET_S / 2) == ["first"]
    with log.open("a") as file:
        file.write("f a line\n")
    assert agent.run(1, QUIET_S / 2) == ['Traceback:\n  File "a.py"']
    with log.open("a") as file:
        file.write("  and more\n")
    assert agent.run(1, QUIET_S) == []
    assert agent.run(1) == ["half a line\n  and more"]
    assert agent.lines[0][0] == "host/app.log"


def test_a_renamed_file_is_read_to_its_end_before_the_new_one(tmp_path: Path, agent: Agent) -> None:
    log = tmp_path / "app.log"
    log.write_text("a\nb\n")
    assert agent.run() == ["a", "b"]
    with log.open("a") as file:
        file.write("late and without an end")
    log.rename(tmp_path / "app.log.1")
    log.write_text("c\n")
    assert agent.run() == ["late and without an end", "c"]
    (tmp_path / "app.log.1").rename(tmp_path / "app.log.2")
    log.rename(tmp_path / "app.log.1")
    log.write_text("d\n")
    assert agent.run() == ["d"]
    agent.crash()
    assert agent.run() == []
    assert {stream for stream, _ in agent.lines} == {"host/app.log"}


def test_files_that_were_renamed_while_the_agent_was_away_are_all_read_in_order(tmp_path: Path, agent: Agent) -> None:
    log = tmp_path / "app.log"
    log.write_text("a\n")
    assert agent.run() == ["a"]
    agent.close()
    with log.open("a") as file:
        file.write("b\n")
    log.rename(tmp_path / "app.log.2")
    (tmp_path / "app.log.1").write_text("c\n")
    log.write_text("d\n")
    for place, name in enumerate(("app.log.2", "app.log.1", "app.log")):
        set_mtime(tmp_path / name, 1_795_000_000 + place)
    agent._start()
    assert agent.run() == ["b", "c", "d"]


def test_a_file_that_was_copied_and_emptied_loses_nothing(tmp_path: Path, agent: Agent) -> None:
    log = tmp_path / "app.log"
    log.write_text("a\n")
    assert agent.run() == ["a"]
    with log.open("a") as file:
        file.write("b\n")
    (tmp_path / "app.log.1").write_bytes(log.read_bytes())
    log.write_text("")
    assert agent.run() == ["b"]
    log.write_text("a longer one than was there before\n")
    assert agent.run() == ["a longer one than was there before"]
    log.write_text("and one that is written over it in place, longer by far\n")  # no smaller: its head tells
    assert agent.run() == ["and one that is written over it in place, longer by far"]


def test_the_copy_is_not_a_log_of_its_own_while_the_file_is_not_emptied_yet(tmp_path: Path, agent: Agent) -> None:
    log = tmp_path / "app.log"
    log.write_text("a\n")
    assert agent.run() == ["a"]
    (tmp_path / "app.log-20261126").write_bytes(log.read_bytes())
    assert agent.run() == []


def test_after_a_crash_what_the_spool_has_is_not_read_again(tmp_path: Path, agent: Agent) -> None:
    log = tmp_path / "app.log"
    log.write_text("a\nb\n")
    agent.run(4)
    places = (tmp_path / "spool" / "places.json").read_bytes()
    assert json.loads(places)["places"][0]["offset"] < json.loads(places)["places"][0]["end"]
    agent.crash()  # the last note was made before the spool had it
    with log.open("a") as file:
        file.write("c\n")
    assert agent.run() == ["c"]


def test_what_the_spool_did_not_take_is_read_again(
    tmp_path: Path, agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "app.log").write_text("a\nb\n")
    (tmp_path / "app.err").write_text("e\n")

    def full(*_: object) -> int:
        raise DiskFull("no room")

    agent.clock.advance(QUIET_S)
    with monkeypatch.context() as patched:
        patched.setattr(agent.spool, "append", full)
        with pytest.raises(DiskFull):
            agent.run(3)
    agent.crash()
    assert sorted(agent.run()) == ["a", "b", "e"]


def test_nothing_is_read_while_enough_waits(tmp_path: Path, agent: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tailer_module, "SPOOL_BYTES", 1)
    log = tmp_path / "app.log"
    log.write_text("a\n")
    agent.clock.advance(SCAN_S)
    for _ in range(5):
        agent.tailer.step()
        agent.clock.advance(1)
    with log.open("a") as file:
        file.write("b\n")
    for _ in range(5):
        assert not agent.tailer.step()
        agent.clock.advance(1)
    assert agent.tailer.behind == 2
    assert agent.delivered() == ["a"]
    assert agent.run() == ["b"]


def test_large_files_and_lines_without_an_end(tmp_path: Path, agent: Agent) -> None:
    wanted = [f"line {number} {'x' * 90}" for number in range(20_000)]
    (tmp_path / "app.log").write_text("\n".join(wanted) + "\n")
    assert agent.run() == wanted
    (tmp_path / "app.one").write_text("y" * 1_200_000)
    assert agent.run(30) == ["y" * (512 << 10), "y" * (512 << 10)]  # the rest may grow yet
    (tmp_path / "app.one").unlink()
    assert agent.run(int(GONE_S) + 5) == ["y" * (1_200_000 - (1 << 20))]
    assert agent.tailer.files == 1


def test_packed_and_excluded_files_are_left_alone(tmp_path: Path, agent: Agent) -> None:
    for name in ("app.log.2.gz", "app.tmp"):
        (tmp_path / name).write_text("x\n")
    (tmp_path / "app.dir").mkdir()
    assert agent.run() == []
    assert agent.tailer.files == 0


def test_a_set_may_begin_at_the_end_of_what_is_there_at_first(tmp_path: Path) -> None:
    old, new = tmp_path / "app.log", tmp_path / "app.new"
    old.write_text("long ago\n")
    agent = Agent(tmp_path, FileSet([str(tmp_path / "app*")], start="end"))
    assert agent.run() == []
    agent.crash()
    with old.open("a") as file:
        file.write("now\n")
    new.write_text("new\n")
    assert sorted(agent.run()) == ["new", "now"]
    agent.close()


def set_mtime(path: Path, seconds: int) -> None:
    os.utime(path, (seconds, seconds))
