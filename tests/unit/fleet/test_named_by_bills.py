"""Machines that a bill names without a type that says their GPUs: a scheduler asked later, or runs, say them."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.unit.fleet.house import House, emptied, house_of, run
from tests.unit.fleet.test_ledger import DAY3, MONTH, billed, by_the_hour, job, node, put, report
from tests.unit.kpis.fleet import Fleet

from trimtab.access.scope import EVERYTHING
from trimtab.base.clock import ManualClock
from trimtab.base.records import replace
from trimtab.costs.imports.importer import ImportRequest
from trimtab.fleet.frame import NOBODY_HELD
from trimtab.fleet.model import DAY_MS, HOUR_MS
from trimtab.inventory.runs.model import Condition
from trimtab.store.state.database import State as StateDatabase
from trimtab.store.telemetry.client import Telemetry

AZURE = "/subscriptions/ml/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/"
SPAN = (DAY3, DAY3 + DAY_MS)


@pytest.fixture
def house(engine: Telemetry, state: StateDatabase, tmp_path: Path) -> House:
    emptied(engine)
    return house_of(engine, state, tmp_path, ManualClock(MONTH + 20 * DAY_MS), Fleet())


def at(hour: int) -> dict[str, str]:
    """The times of an hour of the day after."""
    times = (f"2026-08-04T{one:02}:00:00Z" if one < 24 else "2026-08-05T00:00:00Z" for one in (hour, hour + 1))
    return dict(zip(("line_item_usage_start_date", "line_item_usage_end_date"), times, strict=True))


def paid(house: House) -> dict[str, Decimal]:
    """By owner, in USD; what hours tell apart is divided to some digits behind these."""
    costed = house.costed(*SPAN)
    by = costed.by(costed.frame.owner_names().__getitem__)
    return {owner: amounts["USD"].quantize(Decimal("1e-8")) for owner, amounts in by.items() if amounts}


def come(house: House, *parts: str) -> None:
    """The facts, in an order; the ledger is asked after each."""
    for part in parts:
        if part == "runs":
            put(house, job("1", DAY3 + 20 * HOUR_MS, DAY3 + 22 * HOUR_MS, {"nd-0001": 4.0}))
        elif part == "bill":
            hours = [by_the_hour(AZURE + "nd-0001", hour, "10") for hour in range(12, 24)]
            others = [by_the_hour(AZURE + "nd-0002", hour, "3") for hour in range(24)]
            house.bring([*hours, *(one | {"line_item_usage_type": "Licence"} for one in hours), *others])
        else:
            report(house, DAY3 + 10 * DAY_MS, node("nd-0001"), node("nd-0002"))
        paid(house)


@pytest.mark.parametrize("order", ["bill runs nodes", "nodes runs bill", "runs nodes bill", "bill nodes runs"])
def test_a_node_that_was_first_asked_for_later_existed_in_its_billed_hours(house: House, order: str) -> None:
    """Twelve hours of eight GPUs at 20: two hours of four cost 20, and not all 240. Beside it another one at 3."""
    come(house, *order.split())
    assert {"vision": Decimal(20), NOBODY_HELD: Decimal(220 + 72)} == paid(house)
    found = house.totals(*SPAN)
    # Before the first run, at 20:00, nobody says who had them.
    assert (96.0 + 192, 8.0, 24.0 + 32, 64.0 + 160) == (found.existing, found.held, found.free, found.unknown)
    assert [] == run(house.room.ledger.remarks(EVERYTHING, *SPAN))
    machines = run(house.room.ledger.machines(*SPAN))
    assert [("h100", 8)] * 2 == [(one.gpu_type, one.devices) for one in machines.values()]


def test_a_machine_that_only_runs_and_a_bill_know_has_what_runs_held_at_once(house: House) -> None:
    come(house, "bill", "runs")
    assert {"vision": Decimal(40), NOBODY_HELD: Decimal(200)} == paid(house)
    assert (48.0, 8.0) == (house.totals(*SPAN).existing, house.totals(*SPAN).held)
    (remark,) = run(house.room.ledger.remarks(EVERYTHING, *SPAN))
    assert "that it has as many GPUs as runs held at once is assumed" in remark.text


def test_a_bill_that_changes_makes_the_days_of_such_a_machine_again(house: House) -> None:
    come(house, "bill", "runs", "nodes")
    house.bring([by_the_hour(AZURE + "nd-0001", hour, "10") for hour in range(18, 24)])
    assert (48.0, Decimal(10)) == (house.totals(*SPAN).existing, paid(house)["vision"])


def test_a_resource_is_known_by_the_name_beside_its_id(house: House) -> None:
    """As OCI and neoclouds have it: ids of which nobody can tell the machine."""
    put(house, job("1", DAY3, DAY3 + 6 * HOUR_MS, {"gpu-7": 8.0}))
    report(house, DAY3 + 10 * DAY_MS, node("gpu-7"))
    facts = {
        "BilledCost": "240", "EffectiveCost": "240", "ListCost": "240", "BillingCurrency": "USD",
        "BillingAccountId": "t",
        "BillingPeriodStart": "2026-08-01T00:00:00Z", "BillingPeriodEnd": "2026-09-01T00:00:00Z",
        "ChargePeriodStart": "2026-08-03T00:00:00Z", "ChargePeriodEnd": "2026-08-04T00:00:00Z",
        "ChargeCategory": "Usage",
        "ConsumedQuantity": "24", "ConsumedUnit": "Hours", "PricingQuantity": "24", "PricingUnit": "Hours",
        "ProviderName": "Oracle", "ServiceName": "Compute", "SubAccountId": "t", "ChargeDescription": "BM.GPU.H100.8",
        "ResourceId": "ocid1.instance.oc1.phx.anyhqljt", "ResourceName": "gpu-7",
    }  # fmt: skip
    path = house.folder / "focus.csv"
    path.write_text(",".join(facts) + "\n" + ",".join(facts.values()) + "\n")
    assert house.importer.run(ImportRequest(str(path))).receipt is not None
    assert {"vision": Decimal(60), NOBODY_HELD: Decimal(180)} == paid(house)


def test_lines_that_are_no_time_say_nothing_of_when_a_machine_was_there(house: House) -> None:
    report(house, DAY3 + 10 * DAY_MS, node("nd-0001"))
    house.bring([billed(AZURE + "nd-0001", "7", "100") | {"pricing_unit": "GB-Mo"}])
    assert 0.0 == house.totals(*SPAN).existing


def test_a_day_line_is_taken_from_midnight(house: House) -> None:
    put(house, job("1", DAY3, DAY3 + 6 * HOUR_MS, {"nd-0001": 8.0}))
    report(house, DAY3 + 10 * DAY_MS, node("nd-0001"))
    house.bring([billed(AZURE + "nd-0001", "120", "12")])
    assert {"vision": Decimal(60), NOBODY_HELD: Decimal(60)} == paid(house)


def test_an_earlier_run_that_comes_late_tells_of_the_machines_that_it_did_not_hold(house: House) -> None:
    come(house, "bill", "nodes", "runs")
    assert 64.0 + 160 == house.totals(*SPAN).unknown
    put(house, job("0", DAY3 + 2 * HOUR_MS, DAY3 + 3 * HOUR_MS, {"nd-0001": 1.0}))
    found = house.totals(*SPAN)
    assert (2 * 8.0, 9.0) == (found.unknown, found.held)  # of nd-0002 alone, which is billed from midnight on
    put(house, replace(job("2", DAY3 + HOUR_MS, None, {"nd-0002": 1.0}), seen_ms=DAY3 + 15 * DAY_MS))
    assert 2 * 8.0 - 1 == house.totals(*SPAN).unknown  # one that goes on may have been found running


@pytest.mark.parametrize(
    "other", [{"scheduler": "kubernetes"}, {"start_ms": DAY3 + 10 * DAY_MS - 9 * HOUR_MS, "end_ms": DAY3 + 10 * DAY_MS}]
)
def test_pods_that_are_still_listed_and_jobs_that_a_controller_still_knows_are_no_accounts(
    house: House, other: dict[str, Any]
) -> None:
    """Nobody says who else had the machine then."""
    come(house, "bill", "nodes")
    put(house, replace(job("1", DAY3 + 20 * HOUR_MS, DAY3 + 22 * HOUR_MS, {"nd-0001": 4.0}), **other))
    assert 0.0 == house.totals(*SPAN).free


@pytest.mark.parametrize("kind", [{}, {"product_instance_type": "p5.48xlarge"}])
def test_a_machine_goes_on_after_the_end_of_the_bill_until_its_scheduler_is_asked(
    house: House, kind: dict[str, str]
) -> None:
    """As the live estimate has it cost on; what stopped before the end does not."""
    house.clock.at_ms = DAY3 + 2 * DAY_MS + 6 * HOUR_MS
    going = [by_the_hour(AZURE + "nd-0001", hour, "10") | kind for hour in range(24)]
    stopped = [by_the_hour(AZURE + "nd-0002", hour, "10") | kind for hour in range(20)]
    house.bring([*going, *stopped])
    put(house, job("1", DAY3 + DAY_MS, DAY3 + DAY_MS + HOUR_MS, {"nd-0001": 8.0}))  # eleven hours before the look
    house.clock.at_ms = DAY3 + 2 * DAY_MS + 6 * HOUR_MS
    report(house, DAY3 + DAY_MS + 12 * HOUR_MS, node("nd-0001", Condition.DRAINED), node("nd-0002"))
    day = house.totals(DAY3 + DAY_MS, DAY3 + 2 * DAY_MS)
    assert (8 * 24.0 + 8 * 12, 8.0, 8 * 11.0 + 8 * 12, 8 * 12.0) == (day.existing, day.held, day.free, day.down)
    ended = billed(AZURE + "nd-0001", "10", "1") | kind | at(0)
    later = [ended, billed("web-1", "10", "1") | at(23)]
    house.bring([*going, *stopped, *later])
    assert 8 * 1.0 + 2 * 8 * 12 == house.totals(DAY3 + DAY_MS, DAY3 + 2 * DAY_MS).existing  # the bill has the day now
