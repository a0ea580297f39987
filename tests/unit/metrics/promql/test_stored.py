"""What is read of the store is bounded, and what one read's failure makes useless ends."""

import asyncio
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from trimtab.access.scope import EVERYTHING
from trimtab.base.clock import ManualClock
from trimtab.base.errors import Unavailable
from trimtab.base.tags import make_tags
from trimtab.metrics.model import Identity, Kind
from trimtab.metrics.promql import catalogue, stored, translation
from trimtab.metrics.promql.allowance import Limits
from trimtab.metrics.promql.catalogue import Catalogue
from trimtab.metrics.promql.engine import PromQL
from trimtab.metrics.promql.problems import TooManySamples
from trimtab.metrics.promql.translation import PROMETHEUS
from trimtab.metrics.registry import SeriesRegistry
from trimtab.store.telemetry.client import Columns


class Telemetry:
    """Answers two samples of each series; the first read fails where it is to, and the others then never end."""

    def __init__(self, *, fails: bool = False) -> None:
        self.fails, self.reads, self.cancelled = fails, 0, 0

    async def fetch(self, sql: str, params: Mapping[str, Any], **_more: object) -> Columns:
        self.reads += 1
        if self.fails:
            await self._fail(self.reads)
        ids = np.repeat(np.array(params["ids"], np.uint64), 2)
        return {"series": ids, "at": np.tile((1_000, 2_000), len(params["ids"])), "value": np.ones(len(ids))}

    async def _fail(self, number: int) -> None:
        if number == 1:
            await asyncio.sleep(0)
            raise Unavailable("cannot reach the engine: it is gone")
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise


def engine(telemetry: Telemetry, limits: Limits | None = None, series: int = 3) -> PromQL:
    registry = SeriesRegistry(None, ManualClock())  # type: ignore[arg-type]  # reads nothing
    for number in range(series):
        registry.add(Identity("1", "eu", PROMETHEUS, "m", make_tags({"n": str(number)}), kind=Kind.GAUGE))
    return PromQL(stored.StoredSource(telemetry, Catalogue(registry)), limits=limits)  # type: ignore[arg-type]  # a fake


def test_series_and_samples_that_are_read_are_bounded() -> None:
    telemetry = Telemetry()
    assert len(asyncio.run(engine(telemetry, Limits(series=3, samples=6)).query(EVERYTHING, "m", 2_000)).series) == 3
    with pytest.raises(TooManySamples, match="cannot read 3 series for one query; expected at most 2"):
        asyncio.run(engine(telemetry, Limits(series=2)).query(EVERYTHING, "m", 2_000))
    assert telemetry.reads == 1
    with pytest.raises(TooManySamples, match="too many samples"):
        asyncio.run(engine(telemetry, Limits(samples=5)).query(EVERYTHING, "m", 2_000))


def test_a_selector_of_too_many_series_is_refused_before_all_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored, "MOST_SERIES", 2)
    telemetry, made = Telemetry(), []

    def counted(series: int, identity: Identity, name: str, part: translation.Part) -> translation.Entry:
        made.append(series)
        return translation.entry(series, identity, name, part)

    monkeypatch.setattr(catalogue, "entry", counted)
    with pytest.raises(TooManySamples, match="cannot read more than 2 series for one selector"):
        asyncio.run(engine(telemetry, series=9).query(EVERYTHING, "m", 2_000))
    assert (telemetry.reads, len(made)) == (0, 3)
    assert len(asyncio.run(engine(telemetry, series=2).query(EVERYTHING, "m", 2_000)).series) == 2


def test_the_other_reads_of_one_that_failed_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored, "IDS_A_QUERY", 1)
    telemetry = Telemetry(fails=True)

    async def failed() -> None:
        with pytest.raises(Unavailable, match="it is gone"):
            await engine(telemetry).query(EVERYTHING, "m", 2_000)
        await asyncio.sleep(0)
        assert (telemetry.reads, telemetry.cancelled) == (3, 2)

    asyncio.run(failed())
