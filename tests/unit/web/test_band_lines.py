"""The explorer's chart gets the band of a detector, and only where there is one."""

import asyncio

import numpy as np
from tests.unit.metrics.bands.test_source import AVERAGE, BEGIN, HOUR, noisy, world

from trimtab.access.scope import EVERYTHING
from trimtab.detectors.model import Settings, Target
from trimtab.metrics.expressions.evaluate import Evaluator
from trimtab.metrics.model import SeriesQuery
from trimtab.store.state.database import State
from trimtab.web.band_lines import with_band
from trimtab.web.chart_data import Chart, Drawn
from trimtab.web.format import NUMBER
from trimtab.web.lines import Line


def test_the_two_edges_are_drawn_around_a_line_whose_metric_has_a_detector(state: State) -> None:
    source, points, room, clock = world(state, noisy(3))
    registry = source._registry  # the one of the made-up world
    evaluator = Evaluator(points, registry, clock, source)  # type: ignore[arg-type]  # reads like a MetricReader
    [series] = registry.find(EVERYTHING, SeriesQuery())  # type: ignore[attr-defined]  # it is a whole registry
    start, count = BEGIN + 60 * HOUR, 36
    line = Drawn(Line("m", ("ns", "m"), (), (series,)), 1, 3, np.full(count, 100.0))
    chart = Chart(start, 300_000, count, start, start + count * 300_000, False, NUMBER, (line,), 1)

    async def scenario() -> None:
        assert await with_band(evaluator, room.book, chart, AVERAGE) is chart
        await room.store.put("1", "eu", Target("ns", "m", (), "Average"), Settings())
        room.book.forget()
        drawn = await with_band(evaluator, room.book, chart, AVERAGE)
        _, most, least = drawn.lines
        assert (most.edge, least.edge) == ("expected", "expected")
        assert len(most.values) == count
        assert (most.values > 102).all()
        assert (least.values < 98).all()
        assert [None, "expected", "expected"] == [one["edge"] for one in drawn.payload()["series"]]

    asyncio.run(scenario())
