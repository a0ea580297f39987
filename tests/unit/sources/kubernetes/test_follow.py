"""Lists and watches of a server over real HTTP: what is reported, and that nothing is lost between two looks."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest
from tests.unit.sources.kubernetes.conftest import TOKEN, ApiServer
from tests.unit.sources.kubernetes.pods import node, pod

from trimtab.base.clock import ManualClock
from trimtab.base.errors import AccessDenied, Unavailable
from trimtab.client.inventory_wire import NodesTaken, ReportNodes, ReportRuns, RunRecord, RunsTaken
from trimtab.sources.kubernetes.api import Api
from trimtab.sources.kubernetes.config import Access
from trimtab.sources.kubernetes.cursor import Cursor
from trimtab.sources.kubernetes.follow import Follow

ENDED = {"exitCode": 0, "reason": "Completed", "finishedAt": "2026-11-25T12:05:00Z"}


@dataclass
class Told:
    """Stands for trimtab: keeps what it is told. `heard` is set with every report."""

    runs: dict[str, RunRecord] = field(default_factory=dict)
    open: list[str] = field(default_factory=list)
    nodes: dict[str, Any] = field(default_factory=dict)
    away: bool = False
    heard: threading.Condition = field(default_factory=threading.Condition)

    def report(self, body: ReportRuns) -> RunsTaken:
        if self.away:
            raise Unavailable("cannot reach trimtab")
        with self.heard:
            self.runs |= {one.job: one for one in body.runs}
            self.open = list(body.open or ())
            self.heard.notify_all()
        return RunsTaken(len(body.runs), len(body.runs), 0)

    def put_nodes(self, body: ReportNodes) -> NodesTaken:
        with self.heard:
            self.nodes = {one.name: one for one in body.nodes}
            self.heard.notify_all()
        return NodesTaken(len(body.nodes), 0)

    def wait_for(self, so: Callable[[], bool]) -> None:
        with self.heard:
            assert self.heard.wait_for(so, 20)


@pytest.fixture
def told() -> Told:
    return Told()


def read(api_server: ApiServer, told: Told, directory: Path, token: str = TOKEN) -> None:
    """One look, with nothing left open."""
    found = follow_of(api_server, told, directory, token)
    try:
        found.read()
    finally:
        found.api.close()


def follow_of(api_server: ApiServer, told: Told, directory: Path, token: str = TOKEN) -> Follow:
    access = Access(f"http://127.0.0.1:{api_server.port}", token=token)
    cursor = Cursor(directory, "test", "trimtab")
    return Follow(Api(access), cast("Any", told), cast("Any", told), cursor, ManualClock(1_795_700_000_000), "prod")


@pytest.fixture
def following(api_server: ApiServer, told: Told, tmp_path: Path) -> Iterator[Follow]:
    """A cluster with a node and a run, read and followed."""
    api_server.apply("nodes", "n1", node())
    api_server.apply("pods", "vision/trainer", pod("trainer", node="n1", phase="Running", gpus=4))
    found, stop = follow_of(api_server, told, tmp_path), threading.Event()
    found.read()
    thread = threading.Thread(target=found.follow, args=(0.02, stop), daemon=True)
    thread.start()
    yield found
    stop.set()
    thread.join(10)
    found.api.close()


def test_every_page_of_a_list_is_read(api_server: ApiServer, told: Told, tmp_path: Path) -> None:
    for number in range(5):
        api_server.apply("pods", f"vision/p{number}", pod(f"p{number}"))
    api_server.apply("pods", "vision/web", pod("web", gpus=0))
    read(api_server, told, tmp_path)
    assert {f"vision/p{number}" for number in range(5)} == set(told.runs) == set(told.open)
    assert 3 == sum("/pods?" in path and "watch" not in path for path in api_server.asked)


def test_changes_are_reported_as_they_come(api_server: ApiServer, told: Told, following: Follow) -> None:
    assert ("running", 4.0) == (told.runs["vision/trainer"].state, told.nodes["n1"].allocated)
    api_server.apply("pods", "vision/eval", pod("eval"))
    told.wait_for(lambda: "vision/eval" in told.open)
    api_server.apply("pods", "vision/trainer", pod("trainer", node="n1", phase="Succeeded", ended=ENDED, gpus=4))
    told.wait_for(lambda: "vision/trainer" not in told.open)
    assert ("completed", 0) == (told.runs["vision/trainer"].state, told.runs["vision/trainer"].exit_code)
    api_server.delete("pods", "vision/trainer")  # it had ended before: nothing changes
    api_server.apply("nodes", "n1", node(cordoned=True))
    told.wait_for(lambda: told.nodes["n1"].condition == "drained")
    assert ("completed", 0.0) == (told.runs["vision/trainer"].state, told.nodes["n1"].allocated)


def test_a_pod_that_is_deleted_while_it_runs_was_cancelled(
    api_server: ApiServer, told: Told, following: Follow
) -> None:
    api_server.delete("pods", "vision/trainer")
    told.wait_for(lambda: told.runs["vision/trainer"].state == "cancelled")
    assert [] == told.open


def test_a_watch_that_the_server_forgot_begins_anew_with_a_list(
    api_server: ApiServer, told: Told, following: Follow
) -> None:
    with api_server.lock:  # changes that no watch hears of
        for waiting in api_server.waiting:
            waiting.put(None)
        api_server.waiting.clear()
    api_server.delete("pods", "vision/trainer")
    api_server.apply("pods", "vision/other", pod("other", node="n1", phase="Running"))
    api_server.forget()
    told.wait_for(lambda: told.open == ["vision/other"])


def test_a_list_of_no_nodes_says_nothing_of_pods(api_server: ApiServer, told: Told, following: Follow) -> None:
    with api_server.lock:
        del api_server.objects["nodes"]["n1"]
        api_server.version += 1  # a change of which no watch heard
    api_server.forget()
    told.wait_for(lambda: not told.nodes)
    assert ["vision/trainer"] == told.open


def test_what_could_not_be_posted_is_posted_later(api_server: ApiServer, told: Told, following: Follow) -> None:
    told.away = True
    api_server.apply("pods", "vision/late", pod("late"))
    told.away = False
    told.wait_for(lambda: "vision/late" in told.open)


def test_a_second_start_first_asks_how_ended_what_is_gone(api_server: ApiServer, told: Told, tmp_path: Path) -> None:
    api_server.apply("pods", "vision/trainer", pod("trainer", node="n1", phase="Running"))
    read(api_server, told, tmp_path)
    api_server.apply("pods", "vision/trainer", pod("trainer", node="n1", phase="Succeeded", ended=ENDED))
    api_server.delete("pods", "vision/trainer")
    read(api_server, told, tmp_path)
    assert ("completed", []) == (told.runs["vision/trainer"].state, told.open)


def test_a_second_start_after_too_long_tells_what_is_open(api_server: ApiServer, told: Told, tmp_path: Path) -> None:
    api_server.apply("pods", "vision/trainer", pod("trainer", node="n1", phase="Running"))
    read(api_server, told, tmp_path)
    api_server.delete("pods", "vision/trainer")
    api_server.apply("pods", "vision/next", pod("next"))
    api_server.forget()
    read(api_server, told, tmp_path)
    assert ["vision/next"] == told.open  # and trimtab ends what is not among them


def test_a_refusal_says_which_role_is_missing(api_server: ApiServer, told: Told, tmp_path: Path) -> None:
    with pytest.raises(AccessDenied, match="--print-role"):
        read(api_server, told, tmp_path, token="wrong")
