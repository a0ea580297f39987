"""Hourly lines of a bill belong to their hours: the ledger's costs beside a second, plain working out of them."""

from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pytest
from tests.unit.fleet.house import House, emptied, house_of, run
from tests.unit.fleet.test_ledger import DAY3, MONTH, by_the_hour, job, node, put, report
from tests.unit.kpis.fleet import Fleet

from trimtab.access.scope import EVERYTHING
from trimtab.base.clock import ManualClock
from trimtab.fleet.frame import NOBODY_HELD
from trimtab.fleet.model import DAY_MS, HOUR_MS
from trimtab.store.state.database import State as StateDatabase
from trimtab.store.telemetry.client import Telemetry

TEAMS = ("vision", "speech", "search")


@pytest.fixture
def house(engine: Telemetry, state: StateDatabase, tmp_path: Path) -> House:
    emptied(engine)
    return house_of(engine, state, tmp_path, ManualClock(MONTH + 20 * DAY_MS), Fleet())


def test_a_machine_billed_for_some_of_its_hours_costs_those_hours_what_they_cost(house: House) -> None:
    """The scheduler knows it for twelve hours, the bill charges six of one price: whoever held those six pays all."""
    report(house, DAY3, node("n1", gpus=1.0, instance_id="i-0a"), node("n2", gpus=1.0))
    report(house, DAY3 + 12 * HOUR_MS, node("n2", gpus=1.0))
    put(house, job("1", DAY3, DAY3 + 6 * HOUR_MS, {"n1": 1.0}, "vision"))
    house.bring([by_the_hour("i-0a", hour, "98.32") for hour in range(6)])
    costed = house.costed(DAY3, DAY3 + DAY_MS)
    assert {"vision": {"USD": Decimal("589.92")}} == {
        name: amounts for name, amounts in costed.by(costed.frame.owner_names().__getitem__).items() if name == "vision"
    }
    assert Decimal("589.92") == costed.sums()["USD"]


class Machine:
    """A machine of one GPU: the hours in which it exists, who holds it in each, and what the bill says of each."""

    def __init__(self, name: str, random: Random) -> None:
        self.name = name
        self.start, self.end = sorted(random.sample(range(25), 2))
        self.holder: dict[int, str] = {}
        for hour in range(self.start, self.end):
            self.holder[hour] = random.choice([*TEAMS, self.holder.get(hour - 1, "")])
        prices = random.choice([("4.1",), ("4.1", "9.9"), ("1.25", "3.5", "7.75")])
        billed = random.choice(
            [range(24), range(self.start, self.end), sorted(random.sample(range(24), random.choice([1, 2, 6])))]
        )
        self.lines = {hour: random.choice(prices) for hour in billed}

    def costs(self) -> Mapping[str, Decimal]:
        """What each team pays: the hours' lines; those of hours in which it was not there are divided by time."""
        found: dict[str, Decimal] = defaultdict(Decimal)
        late = sum((Decimal(cost) for hour, cost in self.lines.items() if hour not in self.holder), Decimal(0))
        for hour, team in self.holder.items():
            found[team or NOBODY_HELD] += Decimal(self.lines.get(hour, "0")) + late / len(self.holder)
        return found


@pytest.mark.parametrize("seed", range(3))
def test_every_hour_is_paid_by_who_had_it_whatever_hours_the_bill_has(house: House, seed: int) -> None:
    random = Random(seed)
    machines = [Machine(f"n{number}", random) for number in range(25)]
    for hour in range(25):
        there = [node(one.name, gpus=1.0, instance_id=f"i-{one.name}") for one in machines if hour in one.holder]
        report(house, DAY3 + hour * HOUR_MS, node("last", gpus=1.0), *there)
    put(
        house,
        *(
            job(f"{one.name}-{hour}", DAY3 + hour * HOUR_MS, DAY3 + (hour + 1) * HOUR_MS, {one.name: 1.0}, team)
            for one in machines
            for hour, team in one.holder.items()
            if team
        ),
    )
    house.bring([by_the_hour(f"i-{one.name}", hour, cost) for one in machines for hour, cost in one.lines.items()])
    costed = house.costed(DAY3, DAY3 + DAY_MS)
    by_hand: dict[str, Any] = defaultdict(Decimal)
    for one in machines:
        for team, amount in one.costs().items():
            by_hand[team] += amount
    by = costed.by(costed.frame.owner_names().__getitem__)
    seen = {team: amounts["USD"] for team, amounts in by.items() if amounts.get("USD")}
    assert {team: pytest.approx(amount, abs=Decimal("1e-7")) for team, amount in by_hand.items() if amount} == seen
    assert sum((Decimal(cost) for one in machines for cost in one.lines.values()), Decimal(0)) == costed.sums()["USD"]
    devices = run(house.room.ledger.device_costs(EVERYTHING, DAY3, DAY3 + DAY_MS))
    assert costed.sums()["USD"] == sum((one.amounts.get("USD", Decimal(0)) for one in devices.values()), Decimal(0))
