"""One statistic of many series on one grid is what each would be asked alone."""

import math

import numpy as np
import pytest
from tests.unit.metrics.conftest import START, Room, run
from tests.unit.metrics.test_read_samples import put

from trimtab.access.scope import EVERYTHING, Scope
from trimtab.metrics.model import Kind
from trimtab.metrics.read import StatRequest
from trimtab.metrics.statistics import parse_statistic

STATISTICS = ("Average", "Sum", "SampleCount", "Minimum", "Maximum", "Last", "Rate", "p90")
SPANS = ((0, 600), (60, 600), (30, 430), (0, 0), (-600, 60))


def asked_alone(room: Room, ids: list[int], name: str, start: int, end: int) -> np.ndarray:
    """The same by a request for each series, in periods of a minute."""
    first = (START + start * 1000) // 60_000
    wide = max(-(-(START + end * 1000) // 60_000) - first, 0)
    found = np.full((len(ids), wide), np.nan)
    requests = [StatRequest((one,), parse_statistic(name), 60) for one in ids]
    answers = run(room.reader.statistics(EVERYTHING, requests, START + start * 1000, START + end * 1000))
    for row, answer in zip(found, answers, strict=True):
        row[answer.times // 60_000 - first] = answer.values
    return found


def asked_together(room: Room, ids: list[int], name: str, start: int, end: int) -> np.ndarray:
    statistic = parse_statistic(name)
    return run(room.reader.matrix(EVERYTHING, ids, statistic, START + start * 1000, START + end * 1000, 60))


@pytest.mark.parametrize("span", SPANS)
@pytest.mark.parametrize("name", STATISTICS)
def test_it_equals_a_request_for_each(room: Room, rng: np.random.Generator, name: str, span: tuple[int, int]) -> None:
    kinds = (Kind.GAUGE, Kind.COUNTER, Kind.GAUGE, Kind.GAUGE)
    ids = [room.series(kind=kind, host=str(at)) for at, kind in enumerate(kinds)]
    for one in ids[:3]:  # the last has no sample
        at = np.sort(rng.choice(np.arange(-100, 700), 60, replace=False))
        put(room, one, list(zip(at.tolist(), (rng.normal(0, 5, 60)).tolist(), strict=True)))
    put(room, ids[0], [(400, math.nan), (410, -7.0)])
    ids.reverse()
    alone, together = asked_alone(room, ids, name, *span), asked_together(room, ids, name, *span)
    assert together.shape == alone.shape
    assert np.isnan(together).tolist() == np.isnan(alone).tolist()
    assert together == pytest.approx(alone, rel=1e-12, nan_ok=True)
    assert span == (0, 0) or not np.isnan(together[1]).all()


def test_a_hidden_series_has_nothing(room: Room) -> None:
    one = room.series(kind=Kind.GAUGE)
    put(room, one, [(0, 1.0)])
    hidden = Scope(frozenset({"another"}))
    assert np.isnan(run(room.reader.matrix(hidden, [one], parse_statistic("Sum"), START, START + 60_000, 60))).all()
    assert asked_together(room, [one], "Sum", 0, 60).tolist() == [[1.0]]


def test_gauges_are_one_query(room: Room) -> None:
    ids = [room.series(kind=Kind.GAUGE, host=str(at)) for at in range(40)]
    for one in ids:
        put(room, one, [(0, 1.0)])
    room.engine.queries.clear()
    asked_together(room, ids, "Average", 0, 600)
    assert len(room.engine.queries) == 1
