"""The same series in the engine and in memory, so that what is pushed down is held against the evaluator."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np
import pytest
from tests.unit.metrics.conftest import START, Room

from trimtab.access.scope import EVERYTHING
from trimtab.base.tags import make_tags
from trimtab.metrics.model import SAMPLE_ROW, Identity, Kind, MetricBatch
from trimtab.metrics.promql import labels as sets
from trimtab.metrics.promql.catalogue import Catalogue
from trimtab.metrics.promql.engine import Answer, PromQL
from trimtab.metrics.promql.memory import MemorySource
from trimtab.metrics.promql.pushdown.stored import EnginePushdown
from trimtab.metrics.promql.stored import StoredSource
from trimtab.metrics.promql.translation import PROMETHEUS

STEP_MS = 60_000


@dataclass
class Both:
    """Queries over series, pushed down into the engine and evaluated in memory."""

    room: Room
    memory: MemorySource = field(default_factory=MemorySource)
    least: int = 0

    def put(self, name: str, points: Iterable[tuple[int, float]], kind: Kind = Kind.GAUGE, **labels: str) -> None:
        """Points are (ms after START, value)."""
        own = list(points)
        series = self.room.registry.add(Identity("1", "eu", PROMETHEUS, name, make_tags(labels), kind=kind))
        rows = np.array([(series, START + at, value) for at, value in own], SAMPLE_ROW)
        asyncio.run(self.room.ingest.write(MetricBatch(samples=rows)))
        for at, value in own:
            self.memory.add(sets.make({"__name__": name, **labels}), START + at, value)

    def pushed(self) -> PromQL:
        """The engine's way."""
        catalogue, telemetry = Catalogue(self.room.registry), self.room.engine
        pushdown = EnginePushdown(telemetry, catalogue, least=self.least)  # type: ignore[arg-type]  # a test's engine
        return PromQL(StoredSource(telemetry, catalogue), pushdown=pushdown)  # type: ignore[arg-type]  # a test's engine

    def answers(self, text: str, steps: int = 20, step_ms: int = STEP_MS, first_ms: int = 0) -> tuple[Answer, Answer]:
        """What is pushed answers, and the evaluator."""
        times = START + first_ms, START + first_ms + steps * step_ms, step_ms
        self.room.engine.queries.clear()
        pushed = asyncio.run(self.pushed().query_range(EVERYTHING, text, *times))
        return pushed, asyncio.run(PromQL(self.memory).query_range(EVERYTHING, text, *times))

    def instants(self, text: str, at_ms: int) -> tuple[Answer, Answer]:
        """The same at one time."""
        self.room.engine.queries.clear()
        pushed = asyncio.run(self.pushed().query(EVERYTHING, text, START + at_ms))
        return pushed, asyncio.run(PromQL(self.memory).query(EVERYTHING, text, START + at_ms))

    @property
    def statements(self) -> list[str]:
        """What was sent for the last answer, each as `groups`, `grids` or `samples`."""
        return [
            "samples" if "ToGrid" not in sql else "groups" if "transform(" in sql else "grids"
            for sql in self.room.engine.queries
        ]


Cells = dict[tuple[sets.Labels, int], float]


def cells(answer: Answer) -> Cells:
    return {
        (series.labels, at): value
        for series in answer.series
        for at, value in zip(series.times.tolist(), series.values.tolist(), strict=True)
    }


@pytest.fixture
def both(room: Room) -> Both:
    return Both(room)


@pytest.fixture
def same() -> Callable[[str, tuple[Answer, Answer]], None]:
    """Holds two answers against each other: cells, bits of those that are no sums, and notes."""

    def check(text: str, answers: tuple[Answer, Answer], relative: float = 1e-12) -> None:
        pushed, evaluated = map(cells, answers)
        assert evaluated.keys() == pushed.keys(), text
        for key, value in evaluated.items():
            other = pushed[key]
            alike = value == other or (np.isnan(value) and np.isnan(other))
            assert alike or abs(value - other) <= relative * max(abs(value), abs(other)), (text, key, value, other)
        assert (answers[1].infos, answers[1].warnings) == (answers[0].infos, answers[0].warnings), text
        assert [each.labels for each in answers[1].series] == [each.labels for each in answers[0].series], text

    return check
