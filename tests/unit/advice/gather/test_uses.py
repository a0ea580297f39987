"""From what schedulers, telemetry and bills say of machines to hours in which nobody uses them, and what those save."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from tests.unit.fleet.house import House, emptied, house_of, run
from tests.unit.fleet.test_ledger import billed
from tests.unit.kpis.fleet import Fleet

from trimtab.advice.catalogue import check
from trimtab.advice.complete import judgement
from trimtab.advice.facts import Facts
from trimtab.advice.finding import Finding
from trimtab.advice.gather.facts_reader import FactsReader
from trimtab.advice.plan.actions import actions_of
from trimtab.advice.plan.model import Verb
from trimtab.advice.quiet import hour_of_week
from trimtab.base.clock import ManualClock
from trimtab.costs.imports.importer import ImportRequest
from trimtab.costs.model import Facet, Tag
from trimtab.costs.room import CostsRoom
from trimtab.fleet.model import DAY_MS, HOUR_MS
from trimtab.inventory.resolver import parse_arn
from trimtab.inventory.resources import Resource
from trimtab.inventory.runs.model import Condition, Held, Node, Run, RunKey, RunState
from trimtab.store.state.database import State
from trimtab.store.telemetry.client import Telemetry

ACCOUNT = "111111111111"
MONTH = 1_785_542_400_000  # 2026-08-01, a Saturday
NOW = MONTH + 28 * DAY_MS
WEEK = NOW - 7 * DAY_MS
CARD = """
name: hall-3
currency: EUR
from: 2026-08-01
to: 2026-08-29
power: {price_per_kwh: 0.21, pue: 1.3}
items:
  - {name: own-1, kind: h100, gpus: 1, capex: 36525, years: 5, bought: 2026-08-01, watts_per_gpu: 700}
  - {name: own-2, kind: h100, gpus: 1, capex: 36525, years: 5, bought: 2026-08-01, watts_per_gpu: 700}
"""


def office(at_ms: int) -> bool:
    """From Monday to Friday from 8 to 18."""
    hour = hour_of_week(at_ms)
    return hour < 120 and 8 <= hour % 24 < 18


NIGHTS = {hour_of_week(at) for at in range(WEEK, NOW, HOUR_MS) if not office(at)}


@pytest.fixture
def house(engine: Telemetry, state: State, tmp_path: Path) -> Iterator[House]:
    emptied(engine)
    yield house_of(engine, state, tmp_path, ManualClock(NOW), Fleet())


def cluster(house: House, **instances: str) -> None:
    """Nodes of one GPU that SLURM gives to somebody in office hours."""
    names = {name.replace("_", "-"): id_ for name, id_ in instances.items()}
    nodes = [
        Node(ACCOUNT, "atlas", name, Condition.UP, gpus=1.0, gpu_type="h100", instance_id=id_)
        for name, id_ in names.items()
    ]
    run(house.inventory.nodes.put(nodes, MONTH, frozenset({(ACCOUNT, "atlas")})))
    runs = [
        Run(
            RunKey(ACCOUNT, "atlas", f"{name}-{day}"), "slurm", RunState.COMPLETED, day, name="train", team="lab",
            start_ms=day + 8 * HOUR_MS, end_ms=day + 18 * HOUR_MS, gpus=1.0, nodes=1, node_names=(name,),
            seen_ms=day + 18 * HOUR_MS, held=(Held(name, 1.0, indexes=(0,)),),
        )
        for day in range(MONTH, NOW, DAY_MS) if office(day + 9 * HOUR_MS) for name in names
    ]  # fmt: skip
    run(house.inventory.runs.put(runs, NOW))


def measured(house: House, host: str, metric: str, day: float, night: float, since: int = WEEK) -> None:
    """A GPU that tells one value in office hours and another one outside them."""
    labels, times = {"UUID": f"GPU-{host}", "Hostname": host, "gpu": "0"}, range(since, NOW, 300_000)
    values = [day if office(at) else night for at in times]
    house.telemetry.add(metric, values, times=list(times), labels=labels, account=ACCOUNT)


def facts_of(house: House) -> Facts:
    async def nothing(*_: Any) -> Any:
        return []

    async def owner() -> Facet:
        return Tag("team")

    reader = SimpleNamespace(fresh=nothing, statistics=house.telemetry.statistics)
    costs = CostsRoom.of(house.engine, house.state, house.clock, house.folder, embedded=True)
    facts = FactsReader(
        house.inventory, cast("Any", reader), house.telemetry.registry, costs, nothing, owner, house.clock,
        house.room.ledger,
    )  # fmt: skip
    return run(facts.read([check("trimtab-quiet-nodes")]))


def found_in(facts: Facts) -> dict[str, Finding]:
    return {one.name: one for one in judgement(check("trimtab-quiet-nodes"), facts).findings}


def test_machines_that_nobody_uses_at_night_save_what_their_bill_says(house: House) -> None:
    """One's own measured and not, one that is rented, one that a cloud's inventory lists, one of telemetry alone."""
    (house.folder / "card.yaml").write_text(CARD)
    assert house.importer.run(ImportRequest(str(house.folder / "card.yaml"), source="card")).receipt is not None
    house.bring([billed(name, "10", "24", day=day, net="9") for day in range(1, 29) for name in ("i-0a", "i-0b")])
    cluster(house, own_1="", own_2="", listed="i-0a", rented="i-0b")
    arn = f"arn:aws:ec2:us-east-1:{ACCOUNT}:instance/i-0a"
    box = Resource(parse_arn(arn), "box", "", "p5.4xlarge", {}, "aws", 0, arn, {"State": "running"})
    run(house.inventory.resources.put([box], NOW))
    measured(house, "own-1", "DCGM_FI_DEV_POWER_USAGE", 600.0, 90.0)
    measured(house, "own-1", "DCGM_FI_DEV_GPU_UTIL", 95.0, 0.0)
    measured(house, "lone", "DCGM_FI_DEV_GPU_UTIL", 80.0, 0.0, since=MONTH)
    found = found_in(facts_of(house))
    assert set(found) == {"own-1", "own-2", "rented", "lone"}
    assert {frozenset(one.hours) for one in found.values()} == {frozenset(NIGHTS)}
    assert {one.gpu_hours for one in found.values()} == {round(730 * 118 / 168, 2)}

    own, unmeasured, rented, lone = (found[name] for name in ("own-1", "own-2", "rented", "lone"))
    # 118 hours of the week at 90 W: 0.09 × 730 × 118 ÷ 168 are 46.14 kWh, at 0.21 × 1.3 EUR 12.60
    assert (own.cash, own.currency, own.owner) == (Decimal("12.60"), "EUR", "lab")
    assert "its purchase and its place are paid whatever is used" in own.cash_note
    assert "0 18 * * 1,2,3,4,5 scontrol update nodename=own-1 state=POWER_DOWN_ASAP" in own.fix
    assert "0 8 * * 1,2,3,4,5 scontrol update nodename=own-1 state=POWER_UP" in own.fix
    assert planned(own) == (Verb.SCHEDULE, Decimal("12.60"), own.hours)
    assert (unmeasured.cash, unmeasured.cash_note[:28]) == (Decimal(0), "not known: nothing measures ")
    assert actions_of([unmeasured], lambda one: None) == ([], [])
    assert (rented.billed_as, rented.takes, rented.currency) == ("i-0b", 1.0, "USD")
    assert planned(rented) == (Verb.SCHEDULE, None, rented.hours)
    assert (lone.cash, lone.takes) == (None, 1.0)
    assert "ssh lone sudo systemctl poweroff" in lone.fix


def planned(found: Finding) -> tuple[Verb, Decimal | None, tuple[int, ...]]:
    """The one action that a finding becomes."""
    [action], _ = actions_of([found], lambda one: None)
    return action.verb, action.flat, action.hours
