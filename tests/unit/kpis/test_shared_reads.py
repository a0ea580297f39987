import asyncio
from collections.abc import Sequence

import numpy as np
import pytest

from trimtab.access.scope import Scope
from trimtab.base.errors import Unavailable
from trimtab.kpis.shared_reads import SharedReads
from trimtab.metrics.plan import StatRequest, StatSeries
from trimtab.metrics.statistics import parse_statistic

SUM, P99 = parse_statistic("Sum"), parse_statistic("p99")


class Reader:
    """Answers each request with the id of its first series; notes what it was asked."""

    def __init__(self, *, fails: bool = False) -> None:
        self.asked: list[tuple[int, int, list[int]]] = []
        self._fails = fails

    async def statistics(
        self, scope: Scope, requests: Sequence[StatRequest], start_ms: int, end_ms: int
    ) -> list[StatSeries]:
        self.asked.append((start_ms, end_ms, [request.series[0] for request in requests]))
        await asyncio.sleep(0)
        if self._fails:
            raise Unavailable("away")
        return [StatSeries(np.array([0]), np.array([float(request.series[0])])) for request in requests]


def request(series: int, statistic: object = SUM) -> StatRequest:
    return StatRequest((series,), statistic, 60)  # type: ignore[arg-type] - a Statistic


async def ask(reads: SharedReads, *series: int, end_ms: int = 100, statistic: object = SUM) -> list[float]:
    asked = [request(one, statistic) for one in series]
    return [float(one.values[0]) for one in await reads.statistics(Scope(), asked, 0, end_ms)]


def test_what_is_asked_side_by_side_is_read_once_and_each_request_once() -> None:
    async def nested(reads: SharedReads) -> list[float]:
        return await asyncio.create_task(ask(reads, 3, 1))

    async def run() -> None:
        reader = Reader()
        reads = SharedReads(reader)
        assert [[1.0, 2.0], [2.0], [3.0, 1.0]] == await asyncio.gather(ask(reads, 1, 2), ask(reads, 2), nested(reads))
        assert [(0, 100, [1, 2, 3])] == reader.asked
        assert [1.0] == await ask(reads, 1)  # nothing is kept: a later question is a later answer
        assert [(0, 100, [1, 2, 3]), (0, 100, [1])] == reader.asked

    asyncio.run(run())


def test_other_ranges_and_percentiles_are_reads_of_their_own() -> None:
    async def run() -> None:
        reader = Reader()
        reads = SharedReads(reader)
        await asyncio.gather(ask(reads, 1), ask(reads, 2, end_ms=200), ask(reads, 3, statistic=P99))
        assert [(0, 100, [1]), (0, 100, [3]), (0, 200, [2])] == sorted(reader.asked)

    asyncio.run(run())


def test_a_failed_read_fails_everyone_who_waits_and_nobody_later() -> None:
    async def run() -> None:
        reader = Reader(fails=True)
        reads = SharedReads(reader)
        results = await asyncio.gather(ask(reads, 1), ask(reads, 2), return_exceptions=True)
        assert [Unavailable, Unavailable] == [type(one) for one in results]
        with pytest.raises(Unavailable):
            await ask(reads, 1)
        assert 2 == len(reader.asked)

    asyncio.run(run())


def test_a_viewer_who_leaves_does_not_take_the_answer_from_others() -> None:
    async def run() -> None:
        reader = Reader()
        reads = SharedReads(reader)
        first, second = asyncio.create_task(ask(reads, 1)), asyncio.create_task(ask(reads, 2))
        await asyncio.sleep(0)
        first.cancel()
        assert [2.0] == await second
        with pytest.raises(asyncio.CancelledError):
            await first

    asyncio.run(run())
