"""From what the ledger, the bill, the inventory and telemetry say of a machine to findings: one identity, one owner."""

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
from trimtab.advice.rightsizing.model import Finding as Sized
from trimtab.advice.rightsizing.model import Kind, Recommendation, Subject
from trimtab.advice.rightsizing.publishing import owned
from trimtab.base.clock import ManualClock
from trimtab.costs.imports.importer import ImportRequest
from trimtab.costs.model import Facet, Tag
from trimtab.costs.room import CostsRoom
from trimtab.fleet.model import DAY_MS, HOUR_MS
from trimtab.inventory.owners import OwnerRules
from trimtab.inventory.resolver import parse_arn
from trimtab.inventory.resources import Resource
from trimtab.inventory.runs.model import Condition, Held, Node, Run, RunKey, RunState
from trimtab.store.state.database import State
from trimtab.store.telemetry.client import Telemetry

ACCOUNT = "111111111111"
MONTH = 1_785_542_400_000  # 2026-08-01
NOW = MONTH + 20 * DAY_MS
WEEK = NOW - 7 * DAY_MS
ARN = f"arn:aws:ec2:us-east-1:{ACCOUNT}:instance/i-0a"
CHECKS = ("trimtab-idle-gpu", "trimtab-gpu-hours-lost", "trimtab-instance-metadata-v1")
CARD = """
name: hall-3
currency: EUR
from: 2026-08-01
to: 2026-08-21
power: {price_per_kwh: 0.21, pue: 1.3}
items:
  - {name: own-1, kind: h100, gpus: 1, capex: 36525, years: 5, bought: 2026-08-01, watts_per_gpu: 700,
     tags: {team: lab}}
"""


@pytest.fixture
def house(engine: Telemetry, state: State, tmp_path: Path) -> Iterator[House]:
    emptied(engine)
    yield house_of(engine, state, tmp_path, ManualClock(NOW - 10_000_000), Fleet())


def report(house: House, at_ms: int, **conditions: Condition) -> None:
    instances = {"n1": "i-0a"}
    nodes = [
        Node(ACCOUNT, "atlas", name.replace("_", "-"), condition, gpus=2.0 if name == "n1" else 1.0, gpu_type="h100",
             instance_id=instances.get(name, ""))
        for name, condition in conditions.items()
    ]  # fmt: skip
    run(house.inventory.nodes.put(nodes, at_ms, frozenset({(ACCOUNT, "atlas")})))


def job(name: str, team: str, start_h: float, end_h: float, index: int) -> Run:
    """A run that held a GPU of `n1` for some hours of the last week."""
    start_ms, end_ms = (WEEK + round(hours * HOUR_MS) for hours in (start_h, end_h))
    return Run(
        RunKey(ACCOUNT, "atlas", name), "slurm", RunState.COMPLETED, start_ms, name=f"{name}-0", team=team,
        start_ms=start_ms, end_ms=end_ms, gpus=1.0, nodes=1, node_names=("n1",), seen_ms=end_ms,
        held=(Held("n1", 1.0, indexes=(index,)),),
    )  # fmt: skip


def watched(house: House, host: str, index: int, watts: float) -> None:
    """A GPU that did nothing for a week, at a constant power."""
    labels = {"UUID": f"GPU-{host}-{index}", "Hostname": host, "gpu": str(index)}
    times = [WEEK + at * 300_000 for at in range(2016)]
    for name, value in (("DCGM_FI_DEV_GPU_UTIL", 0.0), ("DCGM_FI_DEV_POWER_USAGE", watts)):
        house.telemetry.add(name, value, times=times, labels=labels, account=ACCOUNT)


def facts_of(house: House, rules: OwnerRules | None = None) -> Facts:
    async def nothing(*_: Any) -> Any:
        return []

    async def owner() -> Facet:
        return Tag("team")

    async def of_rules() -> OwnerRules:
        return rules or OwnerRules((Tag("team"),))

    reader = SimpleNamespace(fresh=nothing, statistics=house.telemetry.statistics)
    costs = CostsRoom.of(house.engine, house.state, house.clock, house.folder, embedded=True)
    facts = FactsReader(
        house.inventory, cast("Any", reader), house.telemetry.registry, costs, nothing, owner, house.clock,
        house.room.ledger, of_rules,
    )  # fmt: skip
    return run(facts.read([check(id_) for id_ in CHECKS]))


def found_in(facts: Facts) -> dict[str, dict[str, Finding]]:
    """Findings by check and by the last part of their resource."""
    return {
        id_: {one.resource.split("/", 4)[-1]: one for one in judgement(check(id_), facts).findings} for id_ in CHECKS
    }


def rented(house: House) -> None:
    """A p5 of two GPUs as its scheduler, its bill, the inventory and its telemetry know it."""
    report(house, MONTH, n1=Condition.UP)
    report(house, MONTH + 5 * DAY_MS, n1=Condition.DRAINED)
    report(house, MONTH + 5 * DAY_MS + 4 * HOUR_MS, n1=Condition.UP)
    box = Resource(
        parse_arn(ARN), "training-box", "", "p5.4xlarge", {"Team": "platform"}, "aws", 0, ARN,
        {"State": "running", "MetadataOptions": {"HttpTokens": "optional"}},
    )  # fmt: skip
    run(house.inventory.resources.put([box], NOW))
    # GPU 0: 154.56 of 168 hours are 92 %. GPU 1: 25 % and 50 %.
    runs = [job("moe", "research", 0, 154.56, 0), job("vit", "vision", 84, 126, 1), job("llm", "search", 0, 84, 1)]
    run(house.inventory.runs.put(runs, NOW))
    house.bring([billed("i-0a", "10", "24", day=day, net="9") for day in range(1, 21)])
    for index in (0, 1):
        watched(house, "n1", index, 100.0)


def test_idle_gpus_say_whose_they_are_by_their_scheduler(house: House) -> None:
    rented(house)
    idle = found_in(facts_of(house))["trimtab-idle-gpu"]
    first, second = idle["GPU-n1-0"], idle["GPU-n1-1"]
    assert ("research", "held 92 % of the time by run moe-0 (SLURM)") == (first.owner, first.owner_reason)
    assert "search" == second.owner
    assert second.owner_reason.startswith("held by several, most by search: 50 % by search (run llm-0 (SLURM)), 25 %")


def test_a_machine_is_one_in_every_finding(house: House) -> None:
    rented(house)
    found = found_in(facts_of(house))
    idle = [*found["trimtab-idle-gpu"].values()]
    [lost] = found["trimtab-gpu-hours-lost"].values()
    [answers] = found["trimtab-instance-metadata-v1"].values()
    assert {"i-0a"} == {one.machine for one in (*idle, lost, answers)}
    assert parse_arn(ARN).path == lost.resource == answers.resource
    # GPU 0 held 154.56 GPU-hours for research; search 84 and vision 42 of GPU 1: of 336 GPU-hours 46 %
    assert ("research", lost.owner_reason) == (answers.owner, answers.owner_reason)
    assert answers.owner_reason.startswith("held by several, most by research: 46 % by research")


def test_what_a_resource_costs_is_the_ledgers(house: House) -> None:
    """9 USD a day after discounts for both GPUs over 20 days: 180 × 730 / 480 = 273.75, of one GPU half."""
    rented(house)
    found = found_in(facts_of(house))
    gpu, [answers] = found["trimtab-idle-gpu"]["GPU-n1-0"], found["trimtab-instance-metadata-v1"].values()
    assert (Decimal("136.88"), Decimal("273.75")) == (gpu.cost, answers.cost)
    assert {"net amortised, by the ledger of GPU time"} == {gpu.cost_note, answers.cost_note}
    assert Decimal("152.08") == gpu.cash  # half of what the invoice asks: 10 × 20 × 730 / 480 / 2


def test_right_sizing_names_the_same_owner(house: House) -> None:
    rented(house)
    facts = facts_of(house)
    subject = Subject(parse_arn(ARN).path, Kind.INSTANCE, "i-0a", "training-box", "p5.4xlarge", ACCOUNT, "us-east-1")
    sized = owned(Recommendation(subject, Sized.OPTIMIZED, (), None, {}), facts).subject
    [answers] = found_in(facts)["trimtab-instance-metadata-v1"].values()
    assert (answers.owner, answers.owner_reason) == (sized.owner, sized.owner_reason)


def card(house: House, text: str = CARD) -> None:
    path = house.folder / "card.yaml"
    path.write_text(text)
    assert house.importer.run(ImportRequest(str(path), source="card")).receipt is not None
    house.clock.advance(10_000)  # seconds: it is NOW
    report(house, MONTH, own_1=Condition.UP)


def test_an_owned_gpu_saves_the_electricity_that_it_was_measured_to_draw(house: House) -> None:
    """100 W × 730 h are 73 kWh, at 0.21 × 1.3 = 0.273 EUR 19.93; at its full 700 W the bill has 139.50 a month."""
    card(house)
    watched(house, "own-1", 0, 100.0)
    facts = facts_of(house)
    bill = facts.bills["own-1"]
    # 0.7 kW × 480 h = 336 kWh at 0.273
    assert (Decimal(336), Decimal("91.728"), Decimal(0)) == (bill.power_kwh, bill.power, bill.power_measured)
    [found] = found_in(facts)["trimtab-idle-gpu"].values()
    assert (Decimal("19.93"), "EUR", "own-1") == (found.cash, found.currency, found.machine)
    assert "its purchase and its place are paid" in found.cash_note
    # 36,525 over 1,826.25 days are 20 a day: (20 × 20 + 91.728) × 730 / 480
    assert Decimal("747.84") == found.cost
    assert ("lab", "its lines on the bill are lab's") == (found.owner, found.owner_reason)


def test_where_nothing_measures_the_power_of_an_owned_gpu_what_it_saves_is_not_known(house: House) -> None:
    card(house)
    labels = {"UUID": "GPU-x", "Hostname": "own-1", "gpu": "0"}
    times = [WEEK + at * 300_000 for at in range(2016)]
    house.telemetry.add("DCGM_FI_DEV_GPU_UTIL", 0.0, times=times, labels=labels, account=ACCOUNT)
    [found] = found_in(facts_of(house))["trimtab-idle-gpu"].values()
    assert found.cash is None
    assert "nothing measures its power" in found.cash_note


def test_metered_electricity_of_the_machine_is_what_it_saves(house: House) -> None:
    """Metered on every day at 2.4 kWh (100 W): 2.4 × 20 × 0.273 = 13.104 in 20 days, 19.93 a month."""
    days = ", ".join(f"2026-08-{day:02}: 2.4" for day in range(1, 21))
    card(house, CARD.replace("tags:", f"measured_kwh: {{{days}}}, tags:"))
    labels = {"UUID": "GPU-x", "Hostname": "own-1", "gpu": "0"}
    times = [WEEK + at * 300_000 for at in range(2016)]
    house.telemetry.add("DCGM_FI_DEV_GPU_UTIL", 0.0, times=times, labels=labels, account=ACCOUNT)
    [found] = found_in(facts_of(house))["trimtab-idle-gpu"].values()
    assert Decimal("19.93") == found.cash
    assert "as metered" in found.cash_note
