"""Files are followed entry by entry: once each, whatever happens to the file or to the follower."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from trimtab.agent.follow import LINE, Follower
from trimtab.base.errors import Unavailable


class Server:
    """Takes records; a key that it knows counts once. Fails when told to, before or after it took them."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.keys: set[str] = set()
        self.fails = ""

    def send(self, records: bytes, key: str) -> None:
        if self.fails == "before":
            raise Unavailable("away")
        if key not in self.keys:
            self.keys.add(key)
            for line in records.splitlines():
                record = json.loads(line)
                self.texts.append(record.get(LINE) or json.dumps(record))
        if self.fails == "after":
            raise Unavailable("the answer was lost")


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def follow(tmp_path: Path, server: Server) -> Callable[[], Follower]:
    return lambda: Follower(tmp_path / "app.log", tmp_path / "notes.json", server.send)


def drain(follower: Follower, steps: int = 4) -> None:
    for _ in range(steps):
        follower.step()


def test_lines_and_stack_traces_are_entries_and_a_half_line_waits(
    tmp_path: Path, server: Server, follow: Callable[[], Follower]
) -> None:
    log, follower = tmp_path / "app.log", follow()
    assert not follower.step()  # there is no file yet
    log.write_text('first\nTraceback:\n  File "a.py"\n\n  File "b.py"\nlast\nhal')
    drain(follower)
    assert server.texts == ["first", 'Traceback:\n  File "a.py"\n\n  File "b.py"', "last"]
    with log.open("a") as file:
        file.write('f a line\n{"level": "error", "n": 1}\n')
    drain(follower)
    assert server.texts[3:] == ["half a line", '{"level": "error", "n": 1}']
    follower.close()


def test_a_rotated_file_is_finished_and_the_new_one_begun(
    tmp_path: Path, server: Server, follow: Callable[[], Follower]
) -> None:
    log, follower = tmp_path / "app.log", follow()
    log.write_text("a\nb\n")
    drain(follower)
    with log.open("a") as file:
        file.write("late and without an end")
    log.rename(tmp_path / "app.log.1")
    log.write_text("c\n")
    drain(follower, 8)
    assert server.texts == ["a", "b", "late and without an end", "c"]
    log.write_text("")
    drain(follower)
    log.write_text("d\n")
    drain(follower)
    assert server.texts[4:] == ["d"]
    follower.close()


@pytest.mark.parametrize("fails", ["before", "after"])
def test_after_a_crash_nothing_is_lost_and_nothing_doubled(
    tmp_path: Path, server: Server, follow: Callable[[], Follower], fails: str
) -> None:
    log, follower = tmp_path / "app.log", follow()
    log.write_text("a\nb\n")
    server.fails = fails
    with pytest.raises(Unavailable):
        drain(follower)
    follower.close()
    log.rename(tmp_path / "app.log.1")  # renamed while nobody looked
    with (tmp_path / "app.log.1").open("a") as file:
        file.write("c\n")
    log.write_text("d\n")
    server.fails = ""
    again = follow()
    drain(again, 10)
    again.close()
    assert server.texts == ["a", "b", "c", "d"]
