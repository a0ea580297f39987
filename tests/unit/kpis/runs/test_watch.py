"""A run that goes on and hangs is told within five minutes, once, and when it works again."""

import asyncio
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import select
from tests.unit.kpis.fleet import HOUR, MINUTE, START, Fleet
from tests.unit.kpis.runs.test_by_hand import reports_of
from tests.unit.kpis.runs.test_phases import HANGING, WORKING

from trimtab.access.scope import EVERYTHING, RowRule, Scope
from trimtab.base.clock import ManualClock
from trimtab.base.records import replace
from trimtab.inventory.catalog.model import Rate, RateKind, RateUnit
from trimtab.inventory.room import InventoryRoom
from trimtab.inventory.runs.model import Held, Run, RunKey, RunState
from trimtab.kpis.runs.watch import HangWatch
from trimtab.store.state.database import State
from trimtab.store.state.tables import outbox

BEGUN, HUNG_FROM, WORKS_FROM = START, START + HOUR, START + 2 * HOUR
RUN = Run(
    RunKey("1", "atlas", "7"), "slurm", RunState.RUNNING, BEGUN, name="pretrain", team="vision", start_ms=BEGUN,
    gpus=4.0, gpu_type="h100", nodes=1, node_names=("n1",), held=(Held("n1", 4.0, (0, 1, 2, 3)),),
)  # fmt: skip
STEP = 30_000


def told_until(now_ms: int) -> Fleet:
    made = Fleet()
    times = list(range(BEGUN, now_ms, STEP))
    for index in range(4):
        labels = {"Hostname": "n1", "gpu": str(index), "UUID": f"GPU-{index}"}
        for name, level in WORKING.items():
            stuck = 0.0 if index == 2 else HANGING[name]
            values = [stuck if HUNG_FROM <= at < WORKS_FROM else level for at in times]
            made.add(name, values, times=times, labels=labels)
    return made


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    state = State.open("", tmp_path)
    yield state
    state.close()


class Watching:
    """A watch whose engine and clock move on."""

    def __init__(self, state: State) -> None:
        self.state, self.clock = state, ManualClock(BEGUN)
        self.room = InventoryRoom.of(state, self.clock)
        asyncio.run(self.room.rates.put([Rate(RateKind.PRICE, "gpu:H100", RateUnit.GPU_HOUR, Decimal("3"), "USD", 0)]))
        asyncio.run(self.room.runs.put([RUN], BEGUN))
        self.watch = HangWatch.of(reports_of(self.room, told_until(BEGUN), BEGUN), state, self.clock)

    def look(self, now_ms: int) -> None:
        self.clock.at_ms = now_ms
        self.watch.reports = reports_of(self.room, told_until(now_ms), now_ms)
        asyncio.run(self.watch.look())

    def events(self) -> list[tuple[str, str, dict[str, object]]]:
        rows = self.state.read_sync(lambda connection: list(connection.execute(select(outbox)).mappings()))
        return [
            (row["kind"], row["subject"], json.loads(row["body"])) for row in rows if row["kind"].startswith("run.")
        ]


def test_a_hang_is_told_within_five_minutes_with_its_cost_and_the_gpu_that_stopped_first(state: State) -> None:
    watching = Watching(state)
    at = next(at for at in range(HUNG_FROM - 2 * MINUTE, WORKS_FROM, STEP) if _hangs(watching, at))
    assert at - HUNG_FROM <= 5 * MINUTE
    ((kind, subject, body),) = watching.events()
    assert (kind, subject) == ("run.hung", "1/atlas/7")
    assert body["stopped_first"] == {"gpu": "GPU-2", "node": "n1", "index": "2"}
    assert body["amounts_a_minute"] == {"USD": "0.2000"}  # 4 GPUs at 3.00 an hour
    assert body["since"] == "2025-11-24T17:00:00Z"


def test_it_is_told_once_keeps_its_beginning_and_is_over_when_it_works(state: State) -> None:
    watching = Watching(state)
    watching.look(HUNG_FROM - MINUTE)
    for minutes in (6, 30, 59):
        watching.look(HUNG_FROM + minutes * MINUTE)
        assert [one.hang.start_ms for one in watching.watch.hanging(EVERYTHING)] == [HUNG_FROM]
    watching.look(WORKS_FROM + 2 * MINUTE)
    assert watching.watch.hanging(EVERYTHING) == []
    assert [kind for kind, *_ in watching.events()] == ["run.hung", "run.works_again"]


def test_a_hang_that_began_long_before_the_server_is_found_at_the_first_look(state: State) -> None:
    watching = Watching(state)
    watching.look(HUNG_FROM + 55 * MINUTE)
    assert [one.hang.start_ms for one in watching.watch.hanging(EVERYTHING)] == [HUNG_FROM]


def test_a_server_that_starts_again_tells_it_no_second_time(state: State) -> None:
    Watching(state).look(HUNG_FROM + 6 * MINUTE)
    again = Watching(state)
    for minutes in (8, 12):
        again.look(HUNG_FROM + minutes * MINUTE)
    assert [kind for kind, *_ in again.events()] == ["run.hung"]
    again.look(WORKS_FROM + 2 * MINUTE)
    assert [kind for kind, *_ in again.events()] == ["run.hung", "run.works_again"]


def test_who_is_bound_to_another_team_sees_no_hang_of_this_one(state: State) -> None:
    watching = Watching(state)
    watching.look(HUNG_FROM + 6 * MINUTE)
    for team, seen in (("vision", 1), ("ads", 0)):
        scope = Scope(rows=(RowRule("team", frozenset({team})),))
        assert len(watching.watch.hanging(scope)) == seen


def test_a_run_that_ended_hangs_no_more(state: State) -> None:
    watching = Watching(state)
    watching.look(HUNG_FROM + 6 * MINUTE)
    ended = replace(RUN, state=RunState.CANCELLED, end_ms=HUNG_FROM + 7 * MINUTE)
    asyncio.run(watching.room.runs.put([ended], HUNG_FROM + 7 * MINUTE))
    watching.look(HUNG_FROM + 8 * MINUTE)
    assert watching.watch.hanging(EVERYTHING) == []


def _hangs(watching: Watching, now_ms: int) -> bool:
    watching.look(now_ms)
    return bool(watching.watch.hanging(EVERYTHING))
