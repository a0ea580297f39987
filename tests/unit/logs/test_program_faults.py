"""Lines of training programs that come in are counted by machine, run and trouble; every other line is nothing."""

import asyncio
from collections.abc import Mapping

from trimtab.logs.filters.emission import Measured
from trimtab.logs.model import Group, LogBatch, LogEvent, Stream
from trimtab.logs.program_faults import COUNT, ProgramFaults

GROUP = Group(7, "1", "eu", "train", 0)
TIMEOUT = (
    "[Rank 3] Watchdog caught collective operation timeout: WorkNCCL(SeqNum=1, OpType=ALLREDUCE, Timeout(ms)=600000)"
)


def emitted(messages: list[str], stream: str, attributes: Mapping[str, str]) -> list[Measured]:
    found: list[Measured] = []

    async def emit(points: object) -> None:
        found.extend(points)  # type: ignore[call-overload]  # a list of points

    events = [LogEvent(1_000, message, attributes=dict(attributes)) for message in messages]
    asyncio.run(ProgramFaults(emit)([LogBatch(GROUP, Stream(9, 7, stream, 0), events)]))
    return found


def test_lines_of_a_moment_are_counted_together_with_machine_and_job() -> None:
    (point,) = emitted([TIMEOUT, "step 3", TIMEOUT], "slurm-48213.out", {"host.name": "node-3"})
    assert (COUNT, 2, 1.0, "trimtab/Host", 1_000, "1", "eu") == (
        point.name, point.count, point.value, point.namespace, point.time_ms, point.account, point.region,
    )  # fmt: skip
    expected = {
        "host.name": "node-3", "slurm.job.id": "48213", "error.type": "collective timeout", "error.detail": "ALLREDUCE",
    }  # fmt: skip
    assert expected == dict(point.dimensions)


def test_an_attribute_names_the_job_before_the_file_does() -> None:
    (point,) = emitted([TIMEOUT], "slurm-48213.out", {"slurm.job.id": "99", "host.name": "n"})
    assert "99" == dict(point.dimensions)["slurm.job.id"]


def test_other_lines_emit_nothing() -> None:
    assert [] == emitted(["step 3", "NCCL INFO all is well"], "slurm-48213.out", {})
