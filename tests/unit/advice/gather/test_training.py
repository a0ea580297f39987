"""Counters of ports and faults of training programs as facts, from the agent's and others' names."""

import asyncio
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from trimtab.access.scope import Scope
from trimtab.advice.gather.training import TrainingReader
from trimtab.base.clock import ManualClock
from trimtab.base.tags import make_tags
from trimtab.metrics.model import Identity, Kind
from trimtab.metrics.plan import StatSeries
from trimtab.metrics.registry import SeriesRegistry

NOW = 1_764_000_000_000


class Told:
    """Series with their increase, as a registry, a reader and an inventory of one node."""

    def __init__(self) -> None:
        self.registry = SeriesRegistry(None, ManualClock(NOW))  # type: ignore[arg-type]  # nothing is stored
        self.sums: dict[int, float] = {}
        self.nodes = SimpleNamespace(all=self._all)

    async def _all(self, scope: Scope) -> list[Any]:
        return [SimpleNamespace(name="n1", labels={"provider": "coreweave"}, cluster="atlas")]

    def add(self, name: str, total: float, **labels: str) -> None:
        tags = make_tags({key.replace("__", "."): value for key, value in labels.items()})
        found = self.registry.add(Identity("1", "r", "any", name, tags, "1", Kind.COUNTER))
        self.registry.seen(np.array([found], np.uint64), np.array([NOW], np.int64))
        self.sums[found] = total

    async def statistics(self, scope: Scope, requests: Any, start_ms: int, end_ms: int) -> list[StatSeries]:
        assert 7 * 24 * 3_600_000 <= end_ms - start_ms <= 169 * 3_600_000
        half = [np.full(2, self.sums[one.series[0]] / 2) for one in requests]
        return [StatSeries(np.arange(2, dtype=np.int64), values) for values in half]

    @property
    def reader(self) -> TrainingReader:
        return TrainingReader(self, self.registry, self)  # type: ignore[arg-type]  # what it asks of them


@pytest.fixture
def told() -> Told:
    return Told()


def test_ports_have_their_counts_whoever_sends_them(told: Told) -> None:
    own = {"host__name": "n1", "infiniband__device": "mlx5_0", "infiniband__port": "1"}
    told.add("infiniband.port.errors", 4.0, **own, error__type="link_downed")
    told.add("infiniband.port.errors", 90.0, **own, error__type="out_of_sequence")
    told.add("infiniband.port.errors", 7.0, **own, error__type="some_other")
    told.add("node_infiniband_link_downed_total", 2.0, instance="n2:9100", device="mlx5_1", port="1")
    found = asyncio.run(told.reader.ports(Scope(), NOW))
    assert [("n1", "mlx5_0", "coreweave"), ("n2", "mlx5_1", "")] == [
        (one.node, one.device, one.provider) for one in found
    ]
    assert [{"link.downed": 4.0, "out_of_sequence": 90.0}, {"link.downed": 2.0}] == [one.counts for one in found]
    assert 94.0 == found[0].count("link.downed", "out_of_sequence", "discards")


def test_faults_are_by_machine_job_and_kind_and_silent_ones_are_none(told: Told) -> None:
    told.add(
        "training.faults", 8.0, host__name="n1", slurm__job__id="48213", error__type="collective timeout",
        error__detail="ALLREDUCE",
    )  # fmt: skip
    told.add("training.faults", 0.0, host__name="n1", error__type="NCCL warning")
    (one,) = asyncio.run(told.reader.faults(Scope(), NOW))
    assert ("n1", "coreweave", "48213", "collective timeout", "ALLREDUCE", 8) == (
        one.node, one.provider, one.job, one.kind, one.detail, one.lines,
    )  # fmt: skip
