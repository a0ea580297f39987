"""A bill that is imported again makes those days anew of which it says other machines or hours, and no others."""

from decimal import Decimal
from pathlib import Path

import pytest
from tests.unit.fleet.house import House, emptied, house_of, run
from tests.unit.fleet.test_ledger import DAY3, MONTH, billed, job, node, put, report
from tests.unit.kpis.fleet import Fleet

from trimtab.access.scope import EVERYTHING
from trimtab.base.clock import ManualClock
from trimtab.base.records import replace
from trimtab.fleet.bills import BilledDays
from trimtab.fleet.gather import FactsReader
from trimtab.fleet.known import BilledMachine, Known
from trimtab.fleet.model import DAY_MS, HOUR_MS
from trimtab.store.state.database import State as StateDatabase
from trimtab.store.telemetry.client import Telemetry

P5 = {"product_instance_type": "p5.48xlarge"}
DAYS = (3, 4, 5)


@pytest.fixture
def house(engine: Telemetry, state: StateDatabase, tmp_path: Path) -> House:
    emptied(engine)
    house = house_of(engine, state, tmp_path, ManualClock(MONTH + 20 * DAY_MS), Fleet())
    report(house, DAY3, node("n1", instance_id="i-0a"))
    report(house, DAY3 + 3 * DAY_MS)
    put(house, job("1", DAY3, DAY3 + DAY_MS, {"n1": 8.0}))
    house.bring([billed("i-0a", "240", "24", day) | P5 for day in DAYS])
    return house


class Counted(FactsReader):
    """Facts that note of which days they were asked."""

    def asked(self) -> list[int]:
        asked, _ASKED[:] = list(_ASKED), []
        return sorted(asked)

    async def known(self, start_ms: int, *args: object, **more: object) -> Known:  # type: ignore[override]
        _ASKED.append((start_ms - MONTH) // DAY_MS + 1)
        return await super().known(start_ms, *args, **more)  # type: ignore[arg-type]


_ASKED: list[int] = []


def counted(house: House) -> Counted:
    facts = house.room.facts
    found = Counted(facts.reader, facts.registry, facts.inventory, facts.bills, facts.clock)
    house.room.keeper.facts = found
    found.asked()
    return found


def spent(house: House) -> Decimal:
    return house.costed(DAY3, DAY3 + 3 * DAY_MS).sums()["USD"]


def test_a_month_that_is_delivered_again_makes_no_day_again_whose_machines_are_as_before(house: House) -> None:
    facts = counted(house)
    assert Decimal(720) == spent(house)
    assert [*DAYS] == facts.asked()
    house.bring([billed("i-0a", "250", "24", day) | P5 for day in DAYS])
    assert Decimal(750) == spent(house)
    house = house.again()
    facts = counted(house)
    house.bring([billed("i-0a", "260", "24", day) | P5 for day in DAYS])
    assert Decimal(780) == spent(house)
    assert [] == facts.asked()


def test_amounts_that_came_again_are_seen_at_once(house: House) -> None:
    at_ms, span = house.clock.at_ms, (DAY3, DAY3 + 3 * DAY_MS)
    assert Decimal(720) == run(house.room.ledger.costed(EVERYTHING, *span)).sums()["USD"]
    house.bring([billed("i-0a", "250", "24", day) | P5 for day in DAYS])
    house.clock.at_ms = at_ms + 3_000  # an answer is remembered for five seconds, what bills hold for two
    assert Decimal(750) == run(house.room.ledger.costed(EVERYTHING, *span)).sums()["USD"]


def test_a_day_of_which_the_bill_names_other_machines_or_hours_is_made_again(house: House) -> None:
    facts = counted(house)
    spent(house)
    facts.asked()
    lines = [billed("i-0a", "240", "24", day) | P5 for day in DAYS]
    house.bring([*lines, billed("i-0b", "100", "10", 4) | P5])
    assert Decimal(820) == spent(house)
    assert [4] == facts.asked()
    assert 2 * 8 * 24 + (24 + 10) * 8 == pytest.approx(house.totals(DAY3, DAY3 + 3 * DAY_MS).existing)
    house.bring([*lines, billed("i-0b", "100", "11", 4) | P5])
    spent(house)
    assert [4] == facts.asked()


def test_a_bill_of_the_next_month_makes_no_day_of_this_again(house: House) -> None:
    house.clock.at_ms = MONTH + 40 * DAY_MS
    facts = counted(house)
    spent(house)
    facts.asked()
    house.bring(
        [billed("i-0a", "240", "24", 2) | P5 | {"bill_billing_period_start_date": "2026-09-01T00:00:00Z"}], "next"
    )
    assert Decimal(720) == spent(house)
    assert [] == facts.asked()


class Bill:
    """A bill by hand: its mark, and the machines of its days."""

    def __init__(self, mark: str, *machines: BilledMachine) -> None:
        self.mark, self.machines, self.reads = mark, machines, 0

    async def marks(self, day: int) -> str:
        del day
        return self.mark

    async def billed(self, start_ms: int, end_ms: int) -> list[BilledMachine]:
        self.reads += 1
        return [one for one in self.machines if any(start_ms <= start < end_ms for start, _ in one.spans)]


def test_what_a_day_was_made_of_is_compared_by_what_bills_say_of_it() -> None:
    day = DAY3 // DAY_MS
    machine = BilledMachine("i-0a", "1", "r", "p5.48xlarge", 8, ((DAY3, DAY3 + 24 * HOUR_MS),))
    bill = Bill("a", machine)
    days = BilledDays(bill.marks, bill.billed)
    was = run(days.of(day))
    nothing = run(days.of(day + 1))
    assert 1 == bill.reads  # a month at once
    assert was == run(days.still(was, day))
    bill.mark = "b"
    assert was.replace("a ", "b ", 1) == run(days.still(was, day))
    assert run(days.still(nothing, day)) is None
    assert nothing.replace("a ", "b ", 1) == run(days.still("", day + 1))  # no bill, and one that does not name it
    assert run(days.still("", day)) is None
    assert run(days.still("a", day)) is None  # an earlier version kept the mark alone
    bill.mark, bill.machines = "c", (replace(machine, account="2"),)
    assert run(days.still(was, day)) is None
    bill.mark = ""
    assert run(days.still(was, day)) is None
    assert ("", "") == (run(days.still(nothing, day)), run(days.of(day)))
