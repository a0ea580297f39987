"""The whole way, over a real engine: series, runs, ledger and bill to what a fault cost."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path

import pytest
from tests.unit.fleet.house import House, emptied, house_of, run
from tests.unit.fleet.test_ledger import DAY3, MONTH, billed, job, node, put, report
from tests.unit.kpis.fleet import Fleet

from trimtab.access.scope import EVERYTHING
from trimtab.base.clock import ManualClock
from trimtab.base.records import replace
from trimtab.fleet.health.impact import Effect, Milestones
from trimtab.fleet.health.room import HealthReader
from trimtab.fleet.health.rules import ActionKind
from trimtab.fleet.model import DAY_MS, HOUR_MS
from trimtab.inventory.runs.model import Condition, Run, RunKey, RunState
from trimtab.store.state.database import State
from trimtab.store.telemetry.client import Telemetry

NODES = ("n1", "n2", "n3")
SAVED = Milestones((DAY3 + 3 * HOUR_MS,))


@pytest.fixture
def house(engine: Telemetry, state: State, tmp_path: Path) -> House:
    """Run 1 has n1 and n2 for five hours and fails with XID 79 on GPU 4 of n2; n2 is down for three hours then."""
    emptied(engine)
    house = house_of(engine, state, tmp_path, ManualClock(MONTH + 20 * DAY_MS), Fleet())
    report(house, DAY3, *map(node, NODES))
    fails = job("1", DAY3, DAY3 + 5 * HOUR_MS, {"n1": 8.0, "n2": 8.0})
    put(house, replace(fails, state=RunState.FAILED), job("2", DAY3, DAY3 + 24 * HOUR_MS, {"n3": 8.0}))
    report(house, DAY3 + 5 * HOUR_MS, node("n1"), node("n2", Condition.DOWN, reason="Not responding"), node("n3"))
    report(house, DAY3 + 8 * HOUR_MS, *map(node, NODES))
    labels = {"Hostname": "n2", "UUID": "GPU-n2-4", "gpu": "4", "modelName": "H100"}
    times = [DAY3 + minute * 60_000 for minute in range(360)]
    codes = [0.0 if at < DAY3 + 5 * HOUR_MS - 120_000 else 79.0 for at in times]
    house.telemetry.add("DCGM_FI_DEV_XID_ERRORS", codes, times=times, account="111111111111", labels=labels)
    house.bring([billed("n1", "82.56", "24"), billed("n2", "82.56", "24")])
    return house


def reader_of(house: House, told: Mapping[str, Milestones] = {"1": SAVED}) -> HealthReader:
    async def telling(runs: Sequence[Run]) -> Mapping[RunKey, Milestones]:
        return {one.key: told[one.key.job] for one in runs if one.key.job in told}

    place = house.telemetry, house.telemetry.registry, house.room.ledger, house.inventory.runs, house.clock
    return HealthReader(*place, telling)


def test_a_fault_has_its_run_its_lost_hours_their_price_and_what_was_down(house: House) -> None:
    reader = reader_of(house)
    found = run(reader.report(EVERYTHING, DAY3, DAY3 + DAY_MS))
    (harm,) = found.harms
    fault = harm.impact.fault
    assert ("111111111111/atlas/n2", 4, "XID 79") == (fault.machine, fault.device, fault.name)
    assert (Effect.ENDED, "111111111111/atlas/1") == (harm.impact.effect, harm.impact.holder)
    assert pytest.approx(2 * 16) == found.lost.gpu_hours
    # A machine's day of 8 GPUs costs 82.56: 0.43 a GPU-hour.
    assert Decimal("13.76") == found.lost.amounts["USD"].quantize(Decimal("0.01"))
    assert 0 == found.at_most.gpu_hours
    assert (pytest.approx(3 * 8), Decimal("10.32")) == (
        found.down.gpu_hours, found.down.amounts["USD"].quantize(Decimal("0.01")),
    )  # fmt: skip
    assert found.rankings is not None
    assert [] == found.rankings.lemons
    assert () == found.proposals  # the machine was down for repair since
    later = run(reader.report(EVERYTHING, DAY3 + 4 * HOUR_MS, DAY3 + DAY_MS))
    assert pytest.approx(2 * 16) == later.lost.gpu_hours  # with what the run held before the range
    without = run(reader_of(house, {}).report(EVERYTHING, DAY3, DAY3 + DAY_MS))
    assert (0, pytest.approx(5 * 16)) == (without.lost.gpu_hours, without.at_most.gpu_hours)
    assert () == run(reader.report(EVERYTHING, DAY3, DAY3)).harms


def test_a_run_knows_the_faults_of_its_own_gpus_and_a_machine_not_restarted_is_to_be_drained(house: House) -> None:
    reader = reader_of(house)
    first, second = (run(house.inventory.runs.one(EVERYTHING, name)) for name in ("1", "2"))
    mine = run(reader.of_run(first, EVERYTHING))
    assert [("XID 79", Effect.ENDED)] == [(one.impact.fault.name, one.impact.effect) for one in mine.harms]
    assert pytest.approx(32) == mine.lost.gpu_hours
    assert () == run(reader.of_run(second, EVERYTHING)).harms
    assert () == run(reader.of_run(replace(second, start_ms=None), EVERYTHING)).harms
    labels = {"Hostname": "n3", "UUID": "GPU-n3-0", "gpu": "0"}
    times = [DAY3 + minute * 60_000 for minute in range(120)]
    codes = [0.0] * 60 + [79.0] * 60
    house.telemetry.add("DCGM_FI_DEV_XID_ERRORS", codes, times=times, account="111111111111", labels=labels)
    (one,) = run(reader.report(EVERYTHING, DAY3, DAY3 + DAY_MS)).proposals
    assert (ActionKind.DRAIN, "111111111111/atlas/n3") == (one.kind, one.machine)
    assert one.command.startswith("scontrol reboot ASAP")
    assert (1, ()) == (len(one.saved.taken_ms), one.saved.spared)
