"""What checks would have found on a past day: of metrics and the bill before it, and of nothing known only now."""

import asyncio
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from trimtab.advice.backtest.evidence import Evidence, PastChecks, as_billed
from trimtab.advice.facts import DAY_MS, Bill, Facts, Thing
from trimtab.advice.rightsizing.model import Finding, Kind, Recommendation, Subject
from trimtab.base.records import replace
from trimtab.store.state.database import State
from unit.advice.test_routine import START, VOLUME, World

CUT = START - 30 * DAY_MS


class Sizes:
    """A room of sizes that knows one machine that could not be judged, and notes what it is asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[Kind, int]] = []

    async def judge(self, scope: Any, kind: Kind, now_ms: int) -> list[Recommendation]:
        self.asked.append((kind, now_ms))
        subject = Subject("aws/1/r/instance/i-1", kind, "i-1", "", "m5.xlarge", "1", "r")
        return [Recommendation(subject, Finding.UNAVAILABLE, (), None, {}, reason="no metrics")]


@pytest.fixture
def world(state: State) -> World:
    return World(state)


def past(world: World) -> tuple[PastChecks, Sizes]:
    def over(reader: Any) -> Any:
        return SimpleNamespace(reader=reader, explorer=world.bill)

    sizes, costs = Sizes(), SimpleNamespace(reader=world.bill, explorer=world.bill, over=over)
    facts: Any = replace(world.routine.facts, costs=costs)
    room: Any = sizes
    return PastChecks(facts, world.routine.knobs, room), sizes


def gpu(world: World, uuid: str, until_ms: int, activity: float) -> None:
    """Half-hourly activity over the nine days before a moment."""
    labels = {"UUID": uuid, "Hostname": "p5-01", "modelName": "NVIDIA H100 80GB HBM3"}
    times = [until_ms - at * 300_000 for at in range(1, 9 * 288)][::-1]
    world.fleet.add("DCGM_FI_PROF_SM_ACTIVE", activity, times=times, labels=labels)


def found(world: World) -> Evidence:
    return asyncio.run(past(world)[0].found(CUT))


def test_what_was_idle_then_is_found_and_what_is_idle_since_is_not(world: World) -> None:
    gpu(world, "GPU-1", CUT, 0.0)
    gpu(world, "GPU-2", START, 0.0)
    gpu(world, "GPU-3", CUT, 0.9)
    evidence = found(world)
    assert [one.resource.rpartition("/")[2] for one in evidence.findings] == ["GPU-1"]
    assert "Idle GPUs" not in {one.name for one in evidence.left_out}


def test_checks_that_judge_by_the_inventory_are_left_out_by_name(world: World) -> None:
    world.has(VOLUME)  # it is unattached now; nobody knows what it was a month ago
    evidence = found(world)
    assert evidence.findings == ()
    left = {one.name: one.reason for one in evidence.left_out}
    why = "it judges by what the inventory says, of which no past is kept"
    assert left["Old Snapshots Of Volumes That Are Gone"] == left["trimtab-rightsizing-container"] == why
    assert left["Underutilized Amazon EBS Volumes"] == "State of it was not read"
    assert left["Idle GPUs"] == "nothing that it judges was measured before that day"
    assert "trimtab-rightsizing-ec2-instance" not in left


def test_sizes_of_machines_are_judged_as_of_the_day(world: World) -> None:
    checks, sizes = past(world)
    asyncio.run(checks.found(CUT))
    assert sizes.asked == [(Kind.INSTANCE, CUT)]


def test_of_a_resource_only_what_its_bill_says_is_known_of_then() -> None:
    box = Thing("aws/1/r/instance/i-1", "ec2:instance", "i-1", attributes={"State": "stopped", "LaunchTime": 5})
    new = replace(box, path="aws/1/r/instance/i-2", id="i-2")
    facts = as_billed(Facts(0, {"ec2:instance": [box, new]}, bills={"i-1": Bill(Decimal(5))}))
    [one] = facts.of("ec2:instance")
    assert (one.id, dict(one.attributes)) == ("i-1", {"State": "running"})
