"""logrotate turns files that the agent's follower reads: every line once and in order, however they are turned."""

import subprocess
from pathlib import Path

import pytest
from tests.unit.agent.tail.test_tailer import Agent

from real.parts import program
from trimtab.agent.tail.config import FileSet
from trimtab.agent.tail.tailer import SCAN_S

pytestmark = pytest.mark.real

TURNS = 6
WAYS = {
    "create": "create 0644",
    "created later": "nocreate",
    "packed": "create 0644\n    compress",
    "packed a turn later": "create 0644\n    compress\n    delaycompress",
    "by date": "create 0644\n    dateext\n    dateformat -%Y%m%d.{turn}",
    "moved away": "create 0644\n    olddir old",
    "copied and emptied": "copytruncate",
    "copied, emptied and packed": "copytruncate\n    compress\n    delaycompress",
}


class Rotated:
    """A log that logrotate turns whenever it is told to."""

    def __init__(self, folder: Path, way: str) -> None:
        self.log = folder / "app.log"
        self._old = folder / "old"
        self._old.mkdir()
        self._state, self._config = folder / "state", folder / "logrotate.conf"
        self._way, self._turns = WAYS[way], 0
        folder.chmod(0o755)  # logrotate refuses folders that others may write to
        self.written: list[str] = []

    def write(self, count: int, more: str = "") -> None:
        """Append numbered lines."""
        lines = [f"line {len(self.written) + at}{more}" for at in range(count)]
        with self.log.open("a") as file:
            file.write("\n".join(lines) + "\n")
        self.written += lines

    def turn(self) -> None:
        """Turn the file, now."""
        self._turns += 1
        way = self._way.replace("{turn}", f"{self._turns:03d}")  # several within a second have names of their own
        self._config.write_text(f"{self.log} {{\n    rotate 20\n    su root root\n    {way}\n}}\n")
        self._config.chmod(0o644)
        words = [program("logrotate"), "--force", "--state", str(self._state), str(self._config)]
        done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
        assert 0 == done.returncode, done.stderr


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("pattern", ["app.log", "app*"])
def test_every_line_comes_once_and_in_order(tmp_path: Path, way: str, pattern: str) -> None:
    log = Rotated(tmp_path, way)
    agent = Agent(tmp_path, FileSet([str(tmp_path / pattern)]))
    try:
        for turn in range(TURNS):
            log.write(5)
            agent.clock.advance(SCAN_S)
            agent.run(2)
            log.write(3)  # not read yet when the file is turned
            if "emptied" in way:
                agent.run(1)  # what is written between copying and emptying is lost for every reader
            log.turn()
            if turn % 2:
                log.write(2)
        log.write(1)
        agent.clock.advance(SCAN_S)
        agent.run(12, SCAN_S)
        assert log.written == [text for _, text in agent.lines]
        assert 1 == len({stream for stream, _ in agent.lines})
    finally:
        agent.close()


@pytest.mark.parametrize(("way", "turns"), [("create", 3), ("by date", 3), ("copied and emptied", 1)])
def test_an_agent_that_was_away_finds_what_was_turned_meanwhile(tmp_path: Path, way: str, turns: int) -> None:
    log = Rotated(tmp_path, way)
    agent = Agent(tmp_path, FileSet([str(tmp_path / "app*")]))
    log.write(4)
    agent.run(2, SCAN_S)
    agent.close()
    for _ in range(turns):
        log.write(3)
        log.turn()
    log.write(1)
    agent._start()
    try:
        agent.run(12, SCAN_S)
        assert log.written == [text for _, text in agent.lines]
    finally:
        agent.close()
