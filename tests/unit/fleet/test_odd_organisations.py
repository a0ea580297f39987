"""Organisations unlike the demo: every hour is one thing, and every coin of the bill is in the ledger."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.unit.fleet.house import House, emptied, house_of, run
from tests.unit.fleet.test_ledger import MONTH, billed, job, node, put, report
from tests.unit.kpis.fleet import Fleet

from trimtab.access.scope import EVERYTHING
from trimtab.base.clock import ManualClock
from trimtab.base.records import replace
from trimtab.costs.imports.importer import ImportRequest
from trimtab.costs.model import CostQuery, Metric, Tag
from trimtab.costs.read import CostReader
from trimtab.fleet.frame import Costed, totals
from trimtab.fleet.model import DAY_MS, HOUR_MS, State
from trimtab.inventory.runs.model import Condition, Held, Node, Run, RunKey, RunState
from trimtab.store.state import database
from trimtab.store.telemetry.client import Telemetry

INSTITUTE = "kyoto-hpc"
CARD = """
name: hall
currency: JPY
provider: Institute
from: 2026-08-01
to: 2026-08-08
power: {price_per_kwh: 27.37, pue: 1.19}
items:
  - {name: gpu001, kind: a100, gpus: 4, capex: 7300000, years: 5, bought: 2026-08-01, watts_per_gpu: 400,
     colocation_per_month: 31001, tags: {" Team": "  Physics Dept "}}
  - {name: gpu002, kind: a100, gpus: 4, capex: 7300001, years: 5, bought: 2026-08-01, watts_per_gpu: 400}
  - {name: gpu003, kind: a100, gpus: 4, price_per_gpu_hour: 331, tags: {TEAM: physics dept}}
"""


@pytest.fixture
def house(engine: Telemetry, state: database.State, tmp_path: Path) -> House:
    emptied(engine)
    return house_of(engine, state, tmp_path, ManualClock(MONTH + 20 * DAY_MS), Fleet())


def everything(found: Costed) -> dict[str, Decimal]:
    """By currency what is in entries, on days without the machine, and of no machine."""
    sums: dict[str, Decimal] = {}
    for currency, amount in (
        *zip(found.currency, found.amount, strict=True), *found.leftover.items(), *found.elsewhere.items(),
    ):  # fmt: skip
        sums[currency] = sums.get(currency, Decimal(0)) + amount
    return sums


def adds_up(house: House, start_ms: int, end_ms: int) -> None:
    for step in (HOUR_MS, DAY_MS):
        found = totals(house.frame(start_ms, end_ms, step))
        assert found.existing == pytest.approx(found.down + found.held + found.free + found.unknown, abs=1e-9)


def pbs(number: int, start_h: float, hours: float | None, where: Mapping[str, float], owner: str) -> Run:
    """A job of a PBS server, as its accounting has it: `1234[7].pbs`, a queue and a project."""
    held = tuple(Held(place, gpus) for place, gpus in where.items())
    begun = MONTH + round(start_h * HOUR_MS)
    return Run(
        RunKey(INSTITUTE, "pbs", f"{number}[7].pbs"), "pbs", RunState.COMPLETED if hours else RunState.RUNNING,
        begun - 17_003, name="LAMMPS run", user="tanaka", team=owner, queue="large-a", start_ms=begun,
        end_ms=begun + round(hours * HOUR_MS) if hours else None, gpus=sum(where.values()), nodes=len(where),
        node_names=tuple(where), held=held, seen_ms=begun,
    )  # fmt: skip


def test_an_institute_with_pbs_yen_and_a_dead_node(house: House) -> None:
    """No minor units, tags in odd cases with spaces, thirds of GPUs, jobs over midnight and one that never ends."""
    names = ("gpu001", "gpu002", "gpu003")
    hall = [Node(INSTITUTE, "pbs", name, Condition.UP, gpus=4.0, gpu_type="a100") for name in names]
    run(house.inventory.nodes.put(hall, MONTH, frozenset({(INSTITUTE, "pbs")})))
    dead = [*hall[:2], replace(hall[2], condition=Condition.DOWN, state="offline", reason="no heartbeat")]
    run(house.inventory.nodes.put(dead, MONTH + 2 * DAY_MS + 777, frozenset({(INSTITUTE, "pbs")})))
    put(
        house,
        pbs(1, 3.25, 30.0, {"gpu001": 4, "gpu002": 4}, "Physics Dept"),
        pbs(2, 20.0, 9.0, {"gpu003": 1 / 3}, " physics  dept"),
        pbs(3, 40.5, None, {"gpu003": 2}, "PHYSICS DEPT "),
        pbs(4, 47.99, 0.0001, {"gpu001": 1}, ""),
    )
    (house.folder / "card.yaml").write_text(CARD)
    receipt = house.importer.run(ImportRequest(str(house.folder / "card.yaml"), source="card")).receipt
    assert receipt is not None
    house.clock.advance(10_000)
    week = MONTH, MONTH + 7 * DAY_MS
    adds_up(house, *week)
    found = totals(house.frame(*week))
    assert found.existing == 3 * 4 * 24 * 7
    assert found.down > 0
    whole = everything(house.costed(*week))
    rows = run(bill(house))
    assert set(whole) == {"JPY"}
    assert whole == rows


async def bill(house: House, by: Tag | None = None) -> dict[Any, Decimal]:
    """By currency all that was billed, net amortised; with a tag, by its value and the currency."""
    reader = CostReader(house.engine)
    extent = await reader.extent()
    assert extent is not None
    query = CostQuery(*extent, (Metric.NET_AMORTIZED,), group_by=(by,) if by else ())
    rows = await reader.costs(EVERYTHING, query)
    return {(*row.keys, row.currency) if by else row.currency: row.amounts[0] for row in rows}


def lines(days: Sequence[int]) -> list[dict[str, str]]:
    """Two machines in dollars and one in euros, with owners spelt in every way, and a bucket."""
    found = []
    for day in days:
        for at, (name, cost) in enumerate((("i-a", "100.017"), ("i-b", "33.333333333333"))):
            team = ("Search", " search ", "SEARCH")[(day + at) % 3]
            found.append({**billed(name, cost, "24", day=day), "resource_tags": f'{{"user_ Team ":"{team}"}}'})
        found.append({**billed("i-c", "7.01", "24", day=day), "line_item_currency_code": "EUR"})
        found.append({**billed("bucket-1", "0.005", "1", day=day), "line_item_product_code": "AmazonS3",
                      "pricing_unit": "GB-Mo", "line_item_usage_type": "TimedStorage-ByteHrs"})  # fmt: skip
    return found


def told(house: House, *, late: bool) -> tuple[dict[str, Decimal], dict[str, float]]:
    """What the ledger says of an organisation whose files come in order, or late, in parts and twice."""
    machines = [node(name, instance_id=id_) for name, id_ in (("n1", "i-a"), ("n2", "i-b"), ("n3", "i-c"))]
    jobs = [
        job(str(at), MONTH + at * 5 * HOUR_MS, MONTH + at * 5 * HOUR_MS + 11 * HOUR_MS, {f"n{at % 3 + 1}": 2.0})
        for at in range(20)
    ]
    if late:
        house.bring(lines(range(1, 3)))
        put(house, *jobs[10:])
        house.bring(lines(range(1, 4)))
        house.costed(MONTH, MONTH + 5 * DAY_MS)  # it is asked in between, and remembers
        report(house, MONTH, *machines)
        put(house, *reversed(jobs[:12]))
        put(house, *jobs)
        for _ in range(2):
            house.bring(list(reversed(lines(range(1, 6)))))
    else:
        report(house, MONTH, *machines)
        put(house, *jobs)
        house.bring(lines(range(1, 6)))
    span = MONTH, MONTH + 5 * DAY_MS
    adds_up(house, *span)
    found = totals(house.frame(*span))
    shown = {name: round(getattr(found, name), 9) for name in ("existing", "down", "held", "free", "unknown")}
    return everything(house.costed(*span)), shown


def test_files_that_come_late_in_parts_and_twice_say_the_same(house: House) -> None:
    whole, hours = told(house, late=True)
    billed_ = run(bill(house))
    storage = Decimal("0.005") * 5
    assert {"USD": billed_["USD"] - storage, "EUR": billed_["EUR"]} == whole
    assert whole["EUR"] == Decimal("7.01") * 5
    of_teams = run(bill(house, Tag("team")))
    assert {key for key in of_teams if key[1] == "USD"} == {(one, "USD") for one in ("", "Search", "SEARCH", "search")}
    assert sum(amount for (_, currency), amount in of_teams.items() if currency == "USD") == billed_["USD"]
    assert of_teams["", "USD"] == storage
    assert (hours["existing"], hours["held"]) == (3 * 8 * 24 * 5, 2.0 * 11 * 20)


def test_files_that_come_in_order_say_it(house: House) -> None:
    whole, hours = told(house, late=False)
    assert whole["USD"] == (Decimal("100.017") + Decimal("33.333333333333")) * 5
    assert (hours["existing"], hours["held"]) == (3 * 8 * 24 * 5, 2.0 * 11 * 20)


def test_an_hour_costs_the_same_on_each_day_of_an_invoice_of_a_month(house: House) -> None:
    """A neocloud's invoice in yen has one line a month and node; its SLURM knows two nodes of them."""
    report(house, MONTH, node("sakura-1"), node("sakura-2"))
    put(
        house,
        job("1", MONTH + DAY_MS, MONTH + DAY_MS + 10 * HOUR_MS, {"sakura-1": 8.0}),
        job("2", MONTH + 17 * DAY_MS, MONTH + 17 * DAY_MS + 5 * HOUR_MS, {"sakura-1": 4.0}),
    )
    (house.folder / "invoice.csv").write_text(
        "Description,Quantity,Unit Price,Amount,Currency,Unit,Period Start,Period End,Instance ID\n"
        "8x H100 node,744,4000,2976000,JPY,Hours,2026-08-01,2026-09-01,sakura-1\n"
        "8x H100 node,744,4000,2976001,JPY,Hours,2026-08-01,2026-09-01,sakura-2\n"
    )
    request = ImportRequest(str(house.folder / "invoice.csv"), source="sakura", mapping="invoice")
    assert house.importer.run(request).receipt is not None
    house.clock.advance(10_000)
    assert {"JPY": Decimal(5_952_001)} == run(bill(house))
    for day, gpu_hours in ((1, 80), (17, 20)):
        span = MONTH + day * DAY_MS, MONTH + (day + 1) * DAY_MS
        adds_up(house, *span)
        costed = house.costed(*span)
        assert Decimal(192_000) == everything(costed)["JPY"].quantize(Decimal(1), "ROUND_DOWN")
        of_runs = costed.sums(costed.frame.state == State.HELD)["JPY"]
        assert Decimal(500 * gpu_hours) == of_runs.quantize(Decimal("0.001"))
