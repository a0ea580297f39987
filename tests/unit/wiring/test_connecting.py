"""Connections that pages make: what is kept over a restart, what is refused, and what a source's trouble becomes."""

import asyncio
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gates import open_gate
from trimtab.base.clock import ManualClock
from trimtab.base.errors import AccessDenied, InvalidInput, NotFound, Unavailable
from trimtab.sources.readings.reading import Progress, Stopped, Waiter
from trimtab.web.connect.model import Kind, State
from trimtab.wiring.connecting import Connecting

KEPT = {
    "id": "1", "kind": "prometheus", "source": "http://prometheus:9090", "since_ms": 1, "begun_ms": 5, "by": "ann",
}  # fmt: skip


async def doors(scope: Any, receive: Any, send: Any) -> None:
    """Nothing is asked of it here."""
    raise AssertionError


class Pretended:
    """A source that does as it is told: rounds of errors, then it waits until it is stopped."""

    def __init__(self, *problems: Exception, follows: bool = True, rows: int = 0) -> None:
        self.follows, self.rows, self.problems = follows, rows, list(problems)
        self.ran = threading.Event()

    def run(self, stop: threading.Event) -> None:
        if self.problems:
            raise self.problems.pop(0)
        self.ran.set()
        if self.follows:
            Waiter(stop)(60)

    def progress(self) -> Progress:
        return Progress(rows=self.rows, unit="rows", share=1.0 if self.ran.is_set() else 0.0)


@pytest.fixture
def connecting(tmp_path: Path) -> Iterator[Connecting]:
    made = Connecting(open_gate(), ManualClock(), tmp_path, commands_allowed=False)
    made.attach(doors)
    yield made
    for one in list(made.standings()):
        asyncio.run(made.stop(one.id))


def settled(connecting: Connecting, state: State) -> Any:
    """The only connection, once it is in a state."""
    for _ in range(200):
        (one,) = connecting.standings()
        if one.state is state:
            return one
        threading.Event().wait(0.01)
    raise AssertionError(one)


def test_a_source_is_read_and_then_followed_until_it_is_stopped(connecting: Connecting, tmp_path: Path) -> None:
    source = Pretended(rows=7)
    begun = connecting._begin(Kind.PROMETHEUS, "http://p:9090", 1, "ann", source)
    assert settled(connecting, State.FOLLOWING).progress.rows == 7
    (file,) = (tmp_path / "connect").glob("pages-*.json")
    assert ["http://p:9090"] == [one["source"] for one in json.loads(file.read_bytes())["connections"]]
    asyncio.run(connecting.stop(begun.id))
    assert [] == connecting.standings()
    assert [] == json.loads(file.read_bytes())["connections"]
    with pytest.raises(NotFound, match="there is no connection"):
        asyncio.run(connecting.stop(begun.id))


@pytest.mark.parametrize(
    ("source", "state", "problem"),
    [
        (Pretended(InvalidInput("no Prometheus")), State.FAILED, "no Prometheus"),
        (Pretended(Unavailable("away")), State.FAILED, "away"),
        (Pretended(ValueError("x")), State.FAILED, "a bug of trimtab's: ValueError"),
        (Pretended(Stopped("")), State.STOPPED, ""),
        (Pretended(follows=False), State.DONE, ""),
    ],
)
def test_what_ends_a_reading_is_told(source: Pretended, state: State, problem: str, connecting: Connecting) -> None:
    connecting._begin(Kind.PROMETHEUS, "http://p:9090", 1, "ann", source)
    assert problem == settled(connecting, state).problem


def test_a_source_that_was_read_and_is_away_now_is_tried_again(connecting: Connecting) -> None:
    connecting._begin(Kind.PROMETHEUS, "http://p:9090", 1, "ann", Pretended(Unavailable("away"), rows=3))
    for _ in range(200):
        (one,) = connecting.standings()
        if one.problem:
            break
        threading.Event().wait(0.01)
    assert ("away", False) == (one.problem, one.state.over)


def test_the_same_source_is_not_read_twice(connecting: Connecting) -> None:
    connecting._begin(Kind.PROMETHEUS, "http://p:9090", 1, "ann", Pretended())
    with pytest.raises(Exception, match="is connected already"):
        connecting._begin(Kind.PROMETHEUS, "http://p:9090", 1, "ann", Pretended())
    connecting._begin(Kind.PROMETHEUS, "http://p:9090", 1, "ann", Pretended(), 'up{job="a"}')
    assert 2 == len(connecting.standings())


def test_files_are_read_once_and_not_again_after_a_restart(connecting: Connecting, tmp_path: Path) -> None:
    connecting._begin(Kind.SLURM, "files", 1, "ann", Pretended(follows=False))
    settled(connecting, State.DONE)
    assert [] == [
        one for file in (tmp_path / "connect").glob("*.json") for one in json.loads(file.read_bytes())["connections"]
    ]


def test_commands_are_run_where_the_settings_allow_it(connecting: Connecting) -> None:
    with pytest.raises(AccessDenied, match="TRIMTAB_CONNECT_COMMANDS=1"):
        asyncio.run(connecting.slurm("ann"))


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"secret": True}, "its password is not kept over a restart"),
        ({"kind": "slurm", "source": ""}, "the settings do not allow SLURM's commands any more"),
    ],
)
def test_what_cannot_go_on_after_a_restart_says_why(changes: dict[str, Any], problem: str, tmp_path: Path) -> None:
    before = Connecting(open_gate(), ManualClock(), tmp_path, commands_allowed=False)
    before._file.path.write_text(json.dumps({"connections": [{**KEPT, **changes}]}))
    after = Connecting(open_gate(), ManualClock(), tmp_path, commands_allowed=False)
    after.attach(doors)
    asyncio.run(after.take_up())
    (one,) = after.standings()
    assert (State.FAILED, "ann") == (one.state, one.by)
    assert problem in one.problem
