"""Several generators that share a load: parts that add up, merging that loses nothing, workers that are lost."""

import asyncio
import os
import random
from typing import Any

import msgspec
import pytest

from trimtab.base.errors import InvalidInput, TrimtabError, Unavailable
from trimtab.inference.load.crew import Crew, local_crew
from trimtab.inference.load.generator import Generator, Heard, Progress, merged
from trimtab.inference.load.held import Held
from trimtab.inference.load.http import Prepared
from trimtab.inference.load.outcome import Done, Outcome
from trimtab.inference.load.record import Record, total
from trimtab.inference.load.run import Limits
from trimtab.inference.load.target import Target


class _Sender:
    async def open(self, connections: int = 1) -> None:
        pass

    def send(self, prepared: Prepared, done: Done) -> None:
        loop = asyncio.get_running_loop()
        loop.call_later(0.001, lambda: done(Outcome(loop.time())))

    async def close(self) -> None:
        pass


class _Target(Target):
    def sender(self) -> Any:
        return _Sender()


class _Here:
    """A worker in this process. `dies` is the number of its call at which it is gone."""

    def __init__(self, dies: int = 0) -> None:
        self.generator = Generator(lambda: _Target("http://x"))
        self.calls, self.dies, self.ended = 0, dies, False

    async def call(self, method: str, *arguments: Any) -> Any:
        self.calls += 1
        if self.dies and self.calls >= self.dies:
            raise Unavailable("gone")
        return await getattr(self.generator, method)(*arguments)

    async def end(self) -> None:
        self.ended = True
        await self.generator.close()


def _never(_record: Record, _now_s: float) -> bool:
    return False


def test_parts_of_a_load_send_together_what_one_would() -> None:
    parts = [Held(1.0, 90.0, requests=10).part(number, 3) for number in range(3)]
    assert [30.0] * 3 == [one.rate for one in parts]
    assert [4, 3, 3] == [one.requests for one in parts]
    assert 3 == len({one.seed for one in parts})
    assert [3, 2, 2] == [Held(1.0, users=7).part(number, 3).users for number in range(3)]
    trace = tuple(random.Random(3).uniform(5, 9) for _ in range(20))
    whole = sorted(one - min(trace) for one in trace)
    dealt = [list(Held(9.0, trace=trace).part(number, 3).arrivals()) for number in range(3)]
    assert whole == pytest.approx(sorted(one for part in dealt for one in part))


def test_a_load_that_several_hold_adds_up_and_ends_when_it_is_told_to() -> None:
    async def run() -> tuple[Record, Record, list[_Here]]:
        workers = [_Here(), _Here(), _Here()]
        crew = Crew(workers)
        await crew.open(3)
        limits = Limits(0.5, slice_s=0.05)
        whole = await crew.hold(Held(0.5, 300.0), limits, _never)
        early = await crew.hold(
            Held(30.0, 300.0), Limits(30.0, slice_s=0.05), lambda record, now: now > record.start_s + 0.2
        )
        await crew.close()
        return whole, early, workers

    whole, early, workers = asyncio.run(run())
    assert 90 <= total(whole.slices).sent <= 220
    assert total(whole.slices).good == total(whole.slices).sent == sum(whole.finished.values())
    assert 0 < total(early.slices).sent < 1000
    assert total(early.slices).good == total(early.slices).sent
    assert all(one.ended for one in workers)


def test_merging_is_exact() -> None:
    async def run() -> tuple[Record, list[Generator]]:
        generators = [Generator(lambda: _Target("http://x")) for _ in range(2)]
        heard = [Heard(), Heard()]
        for number, one in enumerate(generators):
            await one.open(1)
            await one.begin(Held(0.3, 200.0, seed=number), 0.3, 0.05, 1.0)
        while any(one.last is None or not one.last.over for one in heard):
            await asyncio.sleep(0.03)
            for one, generator in zip(heard, generators, strict=True):
                one.hear(msgspec.msgpack.decode(await generator.poll(), type=Progress))
        return merged(heard, 0.0, 0.05), generators

    record, generators = asyncio.run(run())
    parts = [one._record for one in generators]
    assert total(record.slices).latency.pairs() == _together(parts)
    assert sum(one.sent for part in parts if part for one in part.slices) == sum(one.sent for one in record.slices)


def _together(parts: list[Record | None]) -> list[tuple[int, int]]:
    return total([one for part in parts if part is not None for one in part.slices]).latency.pairs()


@pytest.mark.parametrize("dies", [1, 2, 4], ids=["opening", "beginning", "polling"])
def test_a_worker_that_is_lost_ends_the_test_and_the_others(dies: int) -> None:
    workers = [_Here(), _Here(dies)]

    async def run() -> None:
        crew = Crew(workers)
        try:
            await crew.open(2)
            await crew.hold(Held(30.0, 100.0), Limits(30.0, slice_s=0.05), _never)
        finally:
            await crew.close()

    with pytest.raises(Unavailable, match="gone"):
        asyncio.run(run())
    assert all(one.ended for one in workers)


def _nobody() -> Target:
    return Target("http://127.0.0.1:9/x")


@pytest.mark.slow
@pytest.mark.parametrize("kill", [False, True], ids=["nobody-answers", "killed"])
def test_processes_of_a_crew_never_stay_behind(kill: bool) -> None:
    async def run() -> tuple[TrimtabError | None, list[int]]:
        crew = local_crew(2, _nobody)
        pids = [one.process.pid for one in crew.workers]  # type: ignore[attr-defined]  # local workers
        if kill:
            crew.workers[0].process.kill()  # type: ignore[attr-defined]
        try:
            await crew.open(2)
        except TrimtabError as problem:
            return problem, pids
        finally:
            await crew.close()
        return None, pids

    problem, pids = asyncio.run(run())
    assert isinstance(problem, InvalidInput | Unavailable)
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
