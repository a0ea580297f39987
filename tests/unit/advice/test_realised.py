"""What machines that advice changed really saved, against companies whose invoice without the change is known."""

import asyncio
from random import Random
from typing import Any

import numpy as np
import pytest

from trimtab.advice.ledger.machines import Applied, outcomes
from trimtab.advice.ledger.replay import put_back
from trimtab.base.records import replace
from unit.advice.plan.companies import Change, Company, Machine, company
from unit.advice.plan.company_bill import DAY, HOUR, START, CompanyBill

DAYS, CHANGED = 60, 40
SINCE = (CHANGED + 1) * 24


def done(one: Company, changes: list[Change], at: int = CHANGED * 24) -> Company:
    """The company once changes are made at an hour: what ran stops there, and what it becomes runs from there on."""
    becomes = {each.machine: each.becomes for each in changes}
    made: list[Machine] = []
    for machine in one.machines:
        if machine.name not in becomes:
            made.append(machine)
            continue
        until = tuple(ran and hour < at for hour, ran in enumerate(machine.hours))
        made.append(replace(machine, hours=until))
        if becomes[machine.name]:
            since = tuple(ran and hour >= at for hour, ran in enumerate(machine.hours))
            made.append(replace(machine, type=becomes[machine.name], hours=since))
    return replace(one, machines=tuple(made))


def since(one: Company, first: int) -> float:
    """The invoice a month of the hours from `first` on."""
    return replace(one, machines=tuple(replace(each, hours=each.hours[first:]) for each in one.machines)).invoice()


def realised(one: Company, changes: list[Change], verb: str = "stop") -> dict[str, float]:
    applied = [Applied(each.machine, START + CHANGED * DAY + 5 * HOUR, verb) for each in changes]
    reader: Any = CompanyBill(one)
    found = asyncio.run(outcomes(reader, "USD", applied))
    return {name: float(each.saved.mean()) * 730 for name, each in found.items()}


def of_each(one: Company) -> list[Change]:
    """One change of each machine that has any."""
    return list({each.machine: each for each in one.changes}.values())


@pytest.mark.parametrize("seed", range(500, 512))
def test_what_a_set_saved_is_what_the_invoice_would_have_been_without_it(seed: int) -> None:
    """Others start and stop in the meantime, commitments cover what they can, and none of that is counted as saved."""
    random = Random(seed)
    before = company(seed, machines=8, most_changes=4, hours=DAYS * 24)
    late = random.randrange(CHANGED - 5, DAYS - 2) * 24
    extra = Machine("i-late", random.choice(["p5.48xlarge", "m5.xlarge"]), tuple(at >= late for at in range(DAYS * 24)))
    without = replace(before, machines=(*before.machines, extra))
    changes = of_each(without)
    came = done(without, changes)
    found = realised(came, changes)
    assert sum(found.values()) == pytest.approx(since(without, SINCE) - since(came, SINCE), rel=1e-6, abs=0.05)
    assert set(found) == {each.machine for each in changes}


FULL = (True,) * DAYS * 24
TWO = Company((Machine("i-a", "p5.48xlarge", FULL), Machine("i-b", "p5.48xlarge", FULL)), ())
STOP_A = Change("i-a", "", None)  # type: ignore[arg-type] # nothing asks for its finding


def test_what_a_stopped_machine_leaves_of_its_commitment_counts_by_what_it_covers_now() -> None:
    """Each hour of the plan covers one of the two: while both ran, the other was on demand."""
    covered = replace(TWO, family_plans={"p5": 55.04 * 0.56})
    assert realised(done(covered, [STOP_A]), [STOP_A]) == pytest.approx({"i-a": 55.04 * 730})
    both = replace(TWO, family_plans={"p5": 2 * 55.04 * 0.56})
    assert realised(done(both, [STOP_A]), [STOP_A]) == pytest.approx({"i-a": 0.0}, abs=0.01)


def test_what_was_changed_first_counts_first_and_the_rest_adds_up() -> None:
    """One plan for both: the first that stopped saved all, the second nothing."""
    covered = replace(TWO, family_plans={"p5": 55.04 * 0.56})
    second = Change("i-b", "", None)  # type: ignore[arg-type] # so too
    came = done(done(covered, [STOP_A]), [second], (CHANGED + 3) * 24)
    reader: Any = CompanyBill(came)
    applied = [Applied("i-b", START + (CHANGED + 3) * DAY, "stop"), Applied("i-a", START + CHANGED * DAY, "stop")]
    found = asyncio.run(outcomes(reader, "USD", applied))
    assert float(found["i-a"].saved.mean()) == pytest.approx(55.04)
    assert float(found["i-b"].saved.mean()) == pytest.approx(0.0, abs=1e-6)
    assert (len(found["i-a"].saved), len(found["i-b"].saved)) == ((DAYS - CHANGED - 1) * 24, (DAYS - CHANGED - 4) * 24)


def test_a_machine_needs_a_week_of_bill_since() -> None:
    reader: Any = CompanyBill(done(TWO, [STOP_A], (DAYS - 5) * 24))
    assert asyncio.run(outcomes(reader, "USD", [Applied("i-a", START + (DAYS - 5) * DAY, "stop")])) == {}


def test_what_comparable_ones_did_since_is_what_it_would_have_done() -> None:
    """The other one ran half as long each day since: it would have, too."""
    halved = Machine("i-b", "p5.48xlarge", tuple(at < CHANGED * 24 or at % 2 == 0 for at in range(DAYS * 24)))
    stopped = done(TWO, [STOP_A])
    came = replace(stopped, machines=(*stopped.machines[:1], halved))
    assert realised(came, [STOP_A]) == pytest.approx({"i-a": 55.04 * 730 / 2})


def test_what_advice_changed_too_is_no_trend() -> None:
    """The second machine runs half as long because advice said so; the third as ever."""
    stopped = done(TWO, [STOP_A])
    halved = Machine("i-b", "p5.48xlarge", tuple(at < CHANGED * 24 or at % 2 == 0 for at in range(DAYS * 24)))
    came = replace(stopped, machines=(stopped.machines[0], halved, Machine("i-c", "p5.48xlarge", FULL)))
    reader: Any = CompanyBill(came)
    applied = [Applied(name, START + CHANGED * DAY, "stop") for name in ("i-a", "i-b")]
    found = asyncio.run(outcomes(reader, "USD", applied))
    assert float(found["i-a"].saved.mean()) == pytest.approx(55.04)
    assert float(found["i-b"].saved.mean()) == pytest.approx(55.04 / 2)
    assert found["i-a"].against.peers == 1


def test_a_machine_is_followed_for_a_quarter() -> None:
    long = tuple(at < CHANGED * 24 for at in range(140 * 24))
    steady = replace(TWO.machines[1], hours=(True,) * 140 * 24)
    reader: Any = CompanyBill(replace(TWO, machines=(replace(TWO.machines[0], hours=long), steady)))
    late = Applied("i-a", START + 50 * DAY, "stop")
    assert set(asyncio.run(outcomes(reader, "USD", [late]))) == {"i-a"}
    assert asyncio.run(outcomes(reader, "USD", [replace(late, applied_ms=START + (50 - 1) * DAY)])) == {}


def test_a_week_is_put_back_at_its_own_hours() -> None:
    """Two weeks of which only the first hour ran, and a replay that begins a day later."""
    before = np.zeros(336)
    before[[0, 168]] = 1.0
    found = put_back(before, np.zeros(168), 24, 0, 1.0)
    assert list(np.nonzero(found)[0]) == [144]
    assert not put_back(before, np.zeros(168), 24, 145, 1.0).any()
