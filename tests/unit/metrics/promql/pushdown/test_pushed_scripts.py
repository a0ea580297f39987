"""Scripts hold whether their queries are evaluated or pushed down: what they load is put into the engine too."""

import asyncio
from pathlib import Path

import numpy as np
import pytest
from tests.unit.metrics.conftest import Room, make_room

from trimtab.base.tags import make_tags
from trimtab.metrics.model import SAMPLE_ROW, Identity, Kind
from trimtab.metrics.promql.catalogue import Catalogue
from trimtab.metrics.promql.engine import PromQL
from trimtab.metrics.promql.memory import MemorySource
from trimtab.metrics.promql.pushdown.stored import EnginePushdown
from trimtab.metrics.promql.script.run import run_script
from trimtab.metrics.promql.translation import PROMETHEUS
from trimtab.store.telemetry.schema import TABLES

HERE = Path(__file__)
OWN = [*sorted((HERE.parents[1] / "scripts").glob("*.test")), HERE.parents[4] / "language" / "promql.test"]
UPSTREAM = sorted((HERE.parents[6] / "shared" / "data" / "promql" / "upstream_tests").glob("*.test"))


class Mirror:
    """Makes engines over what a script loaded, which is copied into the store whenever it changed."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._copied: tuple[MemorySource, int] | None = None
        self._pushdown: EnginePushdown | None = None

    def engine_of(self, source: MemorySource) -> PromQL:
        if self._copied != (source, len(source)):
            self._copied, self._pushdown = (source, len(source)), self._copy(source)
        return PromQL(source, pushdown=self._pushdown)

    def _copy(self, source: MemorySource) -> EnginePushdown:
        engine, rows = self._room.engine, []
        engine.clear()
        registry = make_room(engine, self._room.clock).registry
        for labels, samples in source:
            dimensions = dict(labels)
            name = dimensions.pop("__name__", "")
            plain = all(isinstance(value, float) and not start for _, value, start in samples)
            kind = Kind.GAUGE if plain else Kind.HISTOGRAM  # of which nothing is pushed
            series = registry.add(Identity("1", "eu", PROMETHEUS, name, make_tags(dimensions), kind=kind))
            rows += [(series, at, value) for at, value, _ in samples if plain]
        if rows:
            body = np.array(rows, SAMPLE_ROW).tobytes()
            columns = TABLES["metric_samples"].column_names
            engine.client.raw_insert("metric_samples", columns, body, fmt="RowBinary")
        return EnginePushdown(engine, Catalogue(registry), least=0)  # type: ignore[arg-type]  # a test's engine


def failures(path: Path, room: Room) -> tuple[int, list[str]]:
    """How many statements were pushed, and what failed."""
    text = path.read_text(encoding="utf-8", errors="surrogateescape")
    outcomes = asyncio.run(run_script(text, Mirror(room).engine_of))
    assert outcomes
    pushed = sum("ToGrid" in sql for sql in room.engine.queries)
    return pushed, [f"{path.name}:{each.line} {each.text}: {each.reason}" for each in outcomes if each.reason]


@pytest.mark.parametrize("path", OWN, ids=lambda path: path.stem)
def test_a_script_holds_pushed_down(path: Path, room: Room) -> None:
    assert [] == failures(path, room)[1]


@pytest.mark.slow
def test_prometheus_own_scripts_hold_pushed_down(room: Room) -> None:
    if not UPSTREAM:
        pytest.skip("shared/data/promql is not there")
    pushed = 0
    for path in UPSTREAM:
        number, failed = failures(path, room)
        assert [] == failed
        pushed += number
    assert pushed > 0
