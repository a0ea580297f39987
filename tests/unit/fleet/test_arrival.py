"""Facts that arrive late, twice and in any order leave the same ledger, and its costs are the bill to the cent.

Organisations are drawn by a number; what one is told is put into the stores piece by piece in a random order, and the
ledger is asked between the pieces, so that every day is made too early at least once. What is told of one thing in turn
(a run goes on, its end is told, then corrected; half of a bill, all of it) stays in turn.
"""

import random
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from tests.unit.fleet.house import House, emptied, house_of, run
from tests.unit.fleet.test_ledger import DAY3, billed, job, node, put, report
from tests.unit.kpis.fleet import Fleet

from depth import examples
from trimtab.base.clock import ManualClock
from trimtab.fleet.frame import Frame
from trimtab.fleet.model import DAY_MS, HOUR_MS, State
from trimtab.inventory.runs.model import Condition
from trimtab.store.state.database import State as StateDatabase
from trimtab.store.telemetry.client import Telemetry

SPAN = DAY3, DAY3 + 3 * DAY_MS
Step = Callable[[House], None]


def told_of(draw: random.Random) -> tuple[list[list[Step]], Decimal]:
    """What an organisation is told of each thing in turn, and what the bill of its machines adds up to."""
    steps: list[list[Step]] = []
    names = [f"n{at}" for at in range(draw.randint(1, 3))]
    for at in sorted({DAY3, *(DAY3 + draw.randrange(3 * 24) * HOUR_MS for _ in range(4))}):
        there = [
            node(
                name,
                draw.choice((Condition.UP, Condition.UP, Condition.DRAINED)) if at > DAY3 else Condition.UP,
                draw.choice((4.0, 8.0)),
                instance_id=f"i-{name}",
            )
            for name in names
            if at == DAY3 or draw.random() < 0.9
        ]
        steps.append([lambda house, at=at, there=there: report(house, at, *there)])  # type: ignore[misc]
    for number in range(draw.randint(2, 8)):
        start = DAY3 + draw.randrange(60 * 60) * 60_000
        end = draw.choice((None, start + draw.randrange(1, 30 * 60) * 60_000))
        where = {name: float(draw.choice((1, 2, 4))) for name in draw.sample(names, 1)}
        team = draw.choice(("vision", "ads", ""))
        told = [job(str(number), start, end, where, team)]
        if end is not None and draw.random() < 0.7:
            said = max(start + 1, end + draw.randrange(-40, 40) * 60_000 * 60)  # another end, before it is corrected
            others = [
                job(str(number), start, None, where, draw.choice((team, "ads"))),
                job(str(number), start, said, where, team),
            ]
            told = [*draw.sample(others, draw.randint(1, 2)), *told]
        steps.append([lambda house, made=made: put(house, made) for made in told])  # type: ignore[misc]
    amounts = {(name, day): Decimal(draw.randrange(1, 99_999)) / 1000 for name in names for day in (3, 4, 5)}
    lines = [billed(f"i-{name}", str(amount), "24", day) for (name, day), amount in amounts.items()]
    steps.append([lambda house: house.bring(lines[: len(lines) // 2]), lambda house: house.bring(lines)])
    return steps, sum(amounts.values(), Decimal(0))


def rows(frame: Frame) -> list[tuple[object, ...]]:
    columns = (frame.day, frame.machine, frame.state, frame.reason, frame.holder, frame.team, frame.amount)
    return sorted(
        (day, frame.machines[m], state, frame.reasons[r], frame.holders[h], frame.teams[t], amount)
        for day, m, state, r, h, t, amount in zip(*(one.tolist() for one in columns), strict=True)
    )


@pytest.mark.parametrize("seed", range(examples(8)))
def test_every_order_of_arrival_gives_the_same_ledger_and_the_bill(
    engine: Telemetry, tmp_path: Path, seed: int
) -> None:
    found = []
    for order in ("as it happened", "late"):
        emptied(engine)
        draw = random.Random(seed)
        told, bill = told_of(draw)
        steps = [step for one in told for step in one]
        if order == "late":
            turns = [at for at, one in enumerate(told) for _ in one]
            draw.shuffle(turns)
            left = [iter(one) for one in told]
            steps = [next(left[at]) for at in turns]
            steps += [one[-1] for one in draw.sample(told, 2)]  # some of it twice
        state = StateDatabase.open("", tmp_path / order)
        state.migrate()
        house = house_of(engine, state, tmp_path, ManualClock(DAY3 + 10 * DAY_MS), Fleet())
        for step in steps:
            step(house)
            if order == "late":
                run(house.room.keeper.ensure(*SPAN))
        costed = house.costed(*SPAN)
        total = sum(costed.sums().values(), Decimal(0)) + sum(costed.leftover.values(), Decimal(0))
        assert bill == total
        frame = costed.frame
        assert frame.amount.sum() == sum(int(frame.amount[frame.state == one].sum()) for one in State)
        found.append((rows(frame), costed.by(frame.owner_names().__getitem__)))
        state.close()
    assert found[0] == found[1]
