"""Transform jobs in their process: begun, recorded while they run, ended, and begun again."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from gates import open_gate
from trimtab.access.scope import EVERYTHING
from trimtab.base.clock import ManualClock
from trimtab.batch.model import Progress
from trimtab.batch.places import Places
from trimtab.batch.recorder import RECORDS, Recorder, report_of
from trimtab.batch.store import JobStore
from trimtab.batch.transform_jobs import TransformJobs
from trimtab.inventory.served.model import MODEL, TRANSFORM
from trimtab.inventory.served.store import ServedStore
from trimtab.metrics.model import Identity, MetricBatch
from trimtab.store.state.database import State

HERE = ("123456789012", "us-east-1")


class Measured:
    """Stands for the metrics room: it remembers what it was given."""

    def __init__(self) -> None:
        self.series: list[Identity] = []
        self.values: list[tuple[str, float]] = []

    def add(self, identity: Identity) -> int:
        self.series.append(identity)
        return len(self.series) - 1

    async def write(self, batch: MetricBatch) -> None:
        for row in np.asarray(batch.samples):
            self.values.append((self.series[int(row[0])].name, float(row[2])))


@dataclass
class Ended:
    """A command that has ended with this output."""

    said: bytes
    running: bool = False

    def output(self) -> bytes:
        return self.said

    def said_last(self) -> str:
        return "cannot read it"

    async def stop(self) -> None:
        pass


def _progress(status: str = "Completed", problem: str = "") -> bytes:
    return msgspec.json.encode(
        Progress(status, 100, 100, 1, 1, 0, 42, 1, 5, 2.0, 21.0, 2, 8, problem=problem, first_errors=("a, byte 3: no",))
    )


def _tell(own: Path, progress: Path, said: bytes) -> None:
    own.mkdir(parents=True, exist_ok=True)
    if said:
        progress.write_bytes(said)


def _jobs(state: State, tmp_path: Path, said: bytes, commands: list[list[str]]) -> tuple[TransformJobs, Measured]:
    clock, measured = ManualClock(), Measured()
    recorder = Recorder(JobStore(state, clock), measured, measured, clock)  # type: ignore[arg-type]  # the metrics room

    async def start(command: Sequence[str], own: Path) -> Any:
        commands.append(list(command))
        _tell(own, Path(command[command.index("--progress-file") + 1]), said)
        return Ended(said)

    (tmp_path / "bucket" / "in").mkdir(parents=True)
    (tmp_path / "bucket" / "in" / "a.csv").write_text("1\n")
    places = Places({"records": tmp_path / "bucket"})
    return TransformJobs(
        ServedStore(state, clock), clock, tmp_path / "own", places, open_gate(), recorder, start
    ), measured


async def _run(jobs: TransformJobs, name: str, uri: str = "s3://records/in") -> Any:
    container = {"Image": "mine", "Environment": {"TRIMTAB_URL": "http://127.0.0.1:9/invocations"}}
    await jobs.served.create(HERE, MODEL, f"model-{name}", {"PrimaryContainer": container}, "InService")
    form = {
        "ModelName": f"model-{name}",
        "TransformInput": {"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": uri}}},
        "TransformOutput": {"S3OutputPath": "s3://records/out"},
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 2},
    }
    await jobs.served.create(HERE, TRANSFORM, name, form, "InProgress")
    await jobs.turn()
    await asyncio.gather(*jobs._running.values())
    return await jobs.served.get(HERE, TRANSFORM, name)


@pytest.mark.parametrize("status", ["Completed", "Failed"])
def test_a_job_ends_as_its_process_says_and_is_recorded(state: State, tmp_path: Path, status: str) -> None:
    commands: list[list[str]] = []
    jobs, measured = _jobs(state, tmp_path, _progress(status, "" if status == "Completed" else "too many"), commands)
    ended = asyncio.run(_run(jobs, f"transform-{status}"))
    assert status == ended.status
    assert jobs.recorder is not None
    kept = next(one for one in asyncio.run(jobs.recorder.store.listed(EVERYTHING)) if one.name == ended.name)
    report = report_of(kept)
    assert (status, "transform", 42, "ml.m5.large", 2) == (
        kept.status, kept.source, report.records, report.instance_type, report.instances,
    )  # fmt: skip
    assert ["a, byte 3: no"] == report.first_errors
    assert (RECORDS, 42.0) in measured.values
    assert str(tmp_path / "bucket" / "in") in commands[0]
    assert commands[0][-2:] == ["--connect-to", "127.0.0.1"]  # the address that the gate returned


def test_a_job_that_cannot_begin_fails_with_the_reason_and_is_recorded(state: State, tmp_path: Path) -> None:
    jobs, _ = _jobs(state, tmp_path, b"", [])
    ended = asyncio.run(_run(jobs, "transform-nowhere", "s3://records/none"))
    assert "Failed" == ended.status
    assert "nothing there" in ended.state["problem"]
    assert jobs.recorder is not None
    kept = next(one for one in asyncio.run(jobs.recorder.store.listed(EVERYTHING)) if one.name == ended.name)
    assert ("Failed", ended.state["problem"]) == (kept.status, report_of(kept).problem)


def test_a_process_that_says_nothing_is_a_failure_with_its_last_words(state: State, tmp_path: Path) -> None:
    jobs, _ = _jobs(state, tmp_path, b"", [])
    ended = asyncio.run(_run(jobs, "transform-silent"))
    assert ("Failed", "cannot read it") == (ended.status, ended.state["problem"])
