"""The cheap look: a run that moves data or runs no kernel is left alone, whatever may hang is looked at in full."""

import asyncio
from pathlib import Path

import pytest
from tests.unit.kpis.fleet import HOUR, MINUTE, START, Fleet
from tests.unit.kpis.runs.test_by_hand import reports_of
from tests.unit.kpis.runs.test_phases import HANGING, WORKING

from trimtab.access.scope import EVERYTHING
from trimtab.base.clock import ManualClock
from trimtab.base.records import replace
from trimtab.inventory.room import InventoryRoom
from trimtab.inventory.runs.model import Held, Run, RunKey, RunState
from trimtab.kpis.runs import activity
from trimtab.kpis.runs.probes import State, probes_of, states
from trimtab.kpis.runs.watch import HangWatch
from trimtab.store.state.database import State as Database

NOW = START + HOUR
RUN = Run(
    RunKey("1", "atlas", "7"), "slurm", RunState.RUNNING, START, name="pretrain", team="vision", start_ms=START,
    gpus=4.0, gpu_type="h100", nodes=1, node_names=("n1",), held=(Held("n1", 4.0, (0, 1, 2, 3)),),
)  # fmt: skip
IDLE = dict.fromkeys(WORKING, 0.0)
MEMORY = "DCGM_FI_PROF_DRAM_ACTIVE"


def told(*levels: dict[str, float], until: int = NOW, without: str = "") -> Fleet:
    """A fleet whose four GPUs show these levels, the last of them in the last five minutes."""
    made, times = Fleet(), list(range(START, until, 30_000))
    for index in range(4):
        mine = levels[index % len(levels)]
        labels = {"Hostname": "n1", "gpu": str(index), "UUID": f"GPU-{index}"}
        for name, level in mine.items():
            if name != without:
                values = [level if at >= NOW - 5 * MINUTE else WORKING[name] for at in times]
                made.add(name, values, times=times, labels=labels)
    return made


def state_of(made: Fleet) -> State | None:
    found = asyncio.run(activity.read(made, made.registry, EVERYTHING, [RUN], START, NOW, 60))
    probes = probes_of(made.registry, EVERYTHING, found, START)
    return asyncio.run(states(made, EVERYTHING, probes, NOW)).get(RUN.key)


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        ((WORKING,), State.MOVES),
        ((IDLE,), State.IDLE),
        ((HANGING,), State.UNSURE),
        ((IDLE, HANGING, HANGING, IDLE), State.UNSURE),  # those that are asked first run no kernel
        ((WORKING, HANGING, HANGING, HANGING), State.MOVES),
        ((HANGING, HANGING, WORKING, HANGING), State.UNSURE),  # one that is not asked moves: the dear look finds it
    ],
)
def test_a_run_is_left_alone_only_where_it_cannot_hang(levels: tuple[dict[str, float], ...], expected: State) -> None:
    assert expected is state_of(told(*levels))


def test_silence_is_no_calm_and_without_memory_activity_nothing_is_asked() -> None:
    assert State.UNSURE is state_of(told(WORKING, until=NOW - 4 * MINUTE))
    assert state_of(told(HANGING, without=MEMORY)) is None


class Counting(Fleet):
    """Counts the series that are asked for."""

    asked = 0

    async def statistics(self, scope, requests, start_ms, end_ms):  # type: ignore[no-untyped-def]  # as the other
        self.asked += sum(len(one.series) for one in requests)
        return await super().statistics(scope, requests, start_ms, end_ms)


def test_a_watch_asks_a_few_series_of_runs_that_work_and_all_of_one_that_may_hang(tmp_path: Path) -> None:
    state, clock = Database.open("", tmp_path), ManualClock(NOW)
    room = InventoryRoom.of(state, clock)
    asyncio.run(room.runs.put([RUN, replace(RUN, key=RunKey("1", "atlas", "8"), held=(), node_names=("n9",))], START))

    def look(watch: HangWatch, made: Fleet) -> int:
        counting = Counting(made.registry, made.points)
        watch.reports = reports_of(room, counting, clock.at_ms)
        asyncio.run(watch.look())
        return counting.asked

    watch = HangWatch.of(reports_of(room, told(WORKING), NOW), state, clock)
    first = look(watch, told(WORKING))
    clock.at_ms += 15_000
    assert 4 == look(watch, told(WORKING))  # tensor and memory of two of four GPUs; nothing of the run of no GPU
    assert look(watch, told(HANGING)) >= first  # and what its cost is made of
    assert look(watch, told(WORKING)) > 4  # once more, so that the end of the stall is seen
    assert 4 == look(watch, told(WORKING))
    state.close()
