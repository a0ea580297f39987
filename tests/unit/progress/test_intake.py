"""Log lines find their run: by job id, by pod, by host; what no run fits waits, and goes."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from trimtab.base.clock import ManualClock
from trimtab.inventory.runs.model import Held, Run, RunKey, RunState
from trimtab.inventory.runs.store import RunStore
from trimtab.logs.model import Group, LogBatch, LogEvent, Stream
from trimtab.progress import intake
from trimtab.progress.intake import LineIntake, whose
from trimtab.progress.store import ProgressStore
from trimtab.store.state.database import State

ACCOUNT = "123456789012"
LINE = "step: {}  loss:  4.1  grad_norm: 1.0"


class Site:
    def __init__(self, directory: Path) -> None:
        self.clock = ManualClock()
        state = State.open("", directory)
        self.runs = RunStore(state)
        self.store = ProgressStore(state, self.clock)
        self.intake = LineIntake(self.runs, self.store, self.clock)

    def run(self, job: str, *nodes: str, pod: str = "") -> RunKey:
        now_ms = self.clock.now_ms()
        key = RunKey(ACCOUNT, "atlas", job)
        held = (Held(nodes[0] if nodes else "", 8, pod=pod),)
        run = Run(key, "slurm", RunState.RUNNING, now_ms, start_ms=now_ms, gpus=8, node_names=nodes, held=held)
        asyncio.run(self.runs.put([run], now_ms))
        return key

    def write(self, text: str, stream: str = "s", attributes: Mapping[str, str] | None = None) -> None:
        event = LogEvent(self.clock.now_ms(), text, attributes=attributes or {})
        batch = LogBatch(Group(1, ACCOUNT, "us-east-1", "g", 0), Stream(1, 1, stream, 0), [event])
        asyncio.run(self.intake([batch]))

    def flush(self) -> int:
        return asyncio.run(self.intake.flush())

    def steps(self, key: RunKey) -> list[int | None]:
        found = asyncio.run(self.store.of([key])).get(key)
        return [one.step for one in found.marks] if found else []


def one_line(site: Site, step: int) -> tuple[LogBatch, LogEvent]:
    event = LogEvent(site.clock.now_ms() + step, LINE.format(step))
    return LogBatch(Group(1, ACCOUNT, "us-east-1", "g", 0), Stream(1, 1, "slurm-48213.out", 0), [event]), event


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


@pytest.mark.parametrize(
    ("stream", "attributes"),
    [
        ("slurm-48213.out", {}),
        ("x", {"slurm.job.id": "48213"}),
        ("x", {"log.file.path": "/home/mira/slurm-48213_2.out"}),
        ("node-1", {}),
        ("x", {"host.name": "node-1.cluster.local"}),
    ],
)
def test_a_line_finds_its_run(site: Site, stream: str, attributes: dict[str, str]) -> None:
    key, _other = site.run("48213", "node-1"), site.run("48214", "node-2")
    site.write(LINE.format(7), stream, attributes)
    assert 1 == site.flush()
    assert [7] == site.steps(key)


def test_a_pod_finds_its_run(site: Site) -> None:
    key = site.run("vision/train", pod="vision/train-0")
    site.write(LINE.format(7), "x", {"k8s.namespace.name": "vision", "k8s.pod.name": "train-0"})
    site.flush()
    assert [7] == site.steps(key)


def test_a_host_with_two_runs_says_nothing(site: Site) -> None:
    keys = site.run("1001", "node-1"), site.run("1002", "node-1")
    site.write(LINE.format(7), "node-1")
    assert 0 == site.flush()
    assert [[], []] == [site.steps(key) for key in keys]


def test_lines_wait_for_their_run_and_no_longer_than_that(site: Site) -> None:
    site.write(LINE.format(7), "slurm-48213.out")
    site.write(LINE.format(7), "slurm-99999.out")
    assert 0 == site.flush()
    site.clock.advance(300)
    key = site.run("48213", "node-1")
    assert 1 == site.flush()
    assert [7] == site.steps(key)
    site.clock.advance(301)
    site.flush()
    late = site.run("99999", "node-2")
    assert 0 == site.flush()
    assert [] == site.steps(late)


def test_what_cannot_be_stored_is_tried_again(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    key = site.run("48213", "node-1")
    site.write(LINE.format(7), "slurm-48213.out")

    async def fail(_told: Any) -> int:
        site.intake._take(*one_line(site, 9))
        raise OSError("full")

    with monkeypatch.context() as broken:
        broken.setattr(site.store, "add", fail)
        with pytest.raises(OSError, match="full"):
            site.flush()
    site.write(LINE.format(8), "slurm-48213.out")
    assert 1 == site.flush()
    assert [7, 8, 9] == sorted(step or 0 for step in site.steps(key))


def test_of_too_many_lines_the_newest_are_dropped_and_counted(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "MOST_HELD", 2)
    for step in range(3):
        site.write(LINE.format(step), "slurm-48213.out")
    assert 1 == site.intake.dropped
    site.flush()  # two wait for their run
    site.write(LINE.format(9), "slurm-48213.out")
    assert 2 == site.intake.dropped
    site.run("48213", "node-1")
    site.flush()
    site.write(LINE.format(10), "slurm-48213.out")
    assert 2 == site.intake.dropped


def test_other_lines_are_passed_over(site: Site) -> None:
    site.run("48213", "node-1")
    site.write("GET /index.html 200", "slurm-48213.out")
    assert 0 == site.flush()


def test_a_file_of_another_name_names_no_job() -> None:
    event = LogEvent(0, "x")
    batch = LogBatch(Group(1, ACCOUNT, "r", "app-2024.log.d", 0), Stream(1, 1, "web-17", 0), [event])
    assert ("", "web-17") == (whose(batch, event).job, whose(batch, event).host)


def test_the_last_lines_of_a_run_come_after_its_end(site: Site) -> None:
    key = site.run("48213", "node-1")
    now_ms = site.clock.now_ms()
    ended = Run(key, "slurm", RunState.COMPLETED, now_ms, start_ms=now_ms, end_ms=now_ms + 1000)
    asyncio.run(site.runs.put([ended], now_ms + 1000))
    site.clock.advance(30)
    site.write("[titan] - root - INFO - Training completed", "slurm-48213.out")
    assert 1 == site.flush()
