"""The demo's bill agrees with the fleet, adds up by AWS's rules, comes out the same again, and has what is planted."""

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from tests.unit.demo.conftest import ANCHOR_MS, HOUR_MS

from trimtab.costs.outlook import calendar_of
from trimtab.demo.bill import report, services, terms
from trimtab.demo.bill.terms import DAY_MS
from trimtab.demo.plant import Plant
from trimtab.demo.plants import plants
from trimtab.demo.world import World
from trimtab.timeseries import overspend

COST = "line_item_unblended_cost"


@pytest.fixture(scope="module")
def months(made: World) -> list[pa.Table]:
    """September, October, and November up to the anchor's midnight."""
    return [report.month_of(made, *month, refund=number == 1) for number, month in _numbered(made)]


def _numbered(made: World) -> list[tuple[int, tuple[int, int, int]]]:
    return list(enumerate(report.months_of(made, ANCHOR_MS)))


def rows(table: pa.Table, **wanted: str) -> pa.Table:
    for name, value in wanted.items():
        table = table.filter(pc.equal(table[name], value))
    return table


def total(table: pa.Table, column: str = COST) -> float:
    return float(pc.sum(table[column]).as_py() or 0.0)


def plant(made: World, id_: str) -> Plant:
    return next(one for one in plants(made) if one.id == id_)


def test_every_machine_is_billed_every_hour_on_its_terms(made: World, months: list[pa.Table]) -> None:
    compute = months[1].filter(pc.greater(months[1]["pricing_public_on_demand_rate"], 0.5))
    compute = compute.filter(pc.is_valid(compute["product_instance_type"]))
    hours = Counter(compute["line_item_resource_id"].to_pylist())
    for node in made.company.nodes:
        assert hours[node.instance_id] == 31 * 24
    bought = Counter(terms.purchase(node) for node in made.company.nodes)
    assert set(bought) == {terms.ON_DEMAND, terms.SAVINGS_PLAN, terms.RESERVED, terms.SPOT}


def test_the_plan_is_paid_by_its_fee_and_what_it_covers_is_taken_back(months: list[pa.Table]) -> None:
    for month in months:
        covered = rows(month, line_item_line_item_type="SavingsPlanCoveredUsage")
        fee = rows(month, line_item_line_item_type="SavingsPlanRecurringFee")
        negation = rows(month, line_item_line_item_type="SavingsPlanNegation")
        assert total(covered) + total(negation) == pytest.approx(0, abs=1e-6)
        assert total(fee) == pytest.approx(total(covered, "savings_plan_savings_plan_effective_cost"), abs=1e-6)


def test_reserved_hours_and_what_nobody_used_are_all_that_was_reserved(months: list[pa.Table]) -> None:
    for month in months:
        used = rows(month, line_item_line_item_type="DiscountedUsage").num_rows
        fees = rows(month, line_item_line_item_type="RIFee")
        reserved = total(fees, "reservation_total_reserved_units")
        assert reserved == used + total(fees, "reservation_unused_quantity")


def test_a_closed_month_has_an_invoice_and_month_end_charges(months: list[pa.Table]) -> None:
    kinds = [set(month["line_item_line_item_type"].to_pylist()) for month in months]
    assert {"Fee", "Tax", "Credit"} <= kinds[0]
    assert "Refund" in kinds[1]
    assert not {"Fee", "Tax", "Credit", "Refund"} & kinds[2]
    assert [month["bill_invoice_id"][0].as_py() is None for month in months] == [False, False, True]


def test_a_day_later_only_the_open_month_is_written_again(made: World, tmp_path: Path) -> None:
    first = report.write(made, ANCHOR_MS, tmp_path)
    assert 3 == len(first)
    before = pq.read_table(first[-1])
    assert [] == report.write(made, ANCHOR_MS + HOUR_MS, tmp_path)
    assert [first[-1]] == report.write(made, ANCHOR_MS + DAY_MS, tmp_path)
    after = pq.read_table(first[-1])
    old = after.filter(pc.less(after["line_item_usage_start_date"], pa.scalar(ANCHOR_MS // DAY_MS * DAY_MS, _TIME)))
    usage = "line_item_usage_amount"
    assert total(old.filter(_used(old)), usage) == pytest.approx(total(before.filter(_used(before)), usage))


_TIME = pa.timestamp("ms", "UTC")


def _used(table: pa.Table) -> pa.ChunkedArray:
    return pc.not_equal(table["line_item_line_item_type"], "RIFee")  # grows with the month


def test_manifests_name_what_is_there(made: World, tmp_path: Path) -> None:
    written = report.write(made, ANCHOR_MS, tmp_path)
    for manifest in sorted(tmp_path.rglob("*-Manifest.json")):
        for name in json.loads(manifest.read_text())["dataFiles"]:
            assert tmp_path / name.removeprefix("s3://company-bills/") in written


def test_the_planted_price_is_in_the_bill(made: World, months: list[pa.Table]) -> None:
    planted = plant(made, "price-change")
    hours = rows(
        months[2], line_item_usage_type=planted.resources[0], line_item_line_item_type="Usage", pricing_unit="Hrs"
    )
    when = hours["line_item_usage_start_date"].cast(pa.int64()).to_numpy()
    rates = hours["line_item_unblended_rate"].to_numpy()
    before, after = rates[when < planted.since_ms], rates[when >= planted.since_ms]
    assert len(set(before)) == len(set(after)) == 1
    machines = len(set(hours["line_item_resource_id"].to_pylist()))
    assert planted.dollars_per_hour == round(float(after[0] - before[0]) * machines, 2)


def test_only_the_planted_project_and_fees_have_no_tags(made: World, months: list[pa.Table]) -> None:
    planted = plant(made, "untagged-project")
    untagged = months[2].filter(np.array([not tags for tags in months[2]["resource_tags"].to_pylist()]))
    untagged = rows(untagged, line_item_line_item_type="Usage")
    assert set(planted.resources) == set(untagged["line_item_resource_id"].to_pylist())
    assert {services.UNTAGGED_USER} == set(untagged["line_item_iam_principal"].to_pylist())
    assert planted.since_ms == min(untagged["line_item_usage_start_date"].cast(pa.int64()).to_pylist())


def test_what_is_planted_is_all_that_days_have_too_much_of(made: World, months: list[pa.Table]) -> None:
    whole = pa.concat_tables(months)
    used = ("Usage", "SavingsPlanCoveredUsage", "SavingsPlanNegation", "DiscountedUsage")
    whole = whole.filter(pc.is_in(whole["line_item_line_item_type"], pa.array(used)))
    names = pc.map_lookup(whole["product"], pa.scalar("product_name"), "first").to_pylist()
    services_of = {name: at for at, name in enumerate(sorted(set(names)))}
    first = report.months_of(made, ANCHOR_MS)[0][0]
    days = (whole["line_item_usage_start_date"].cast(pa.int64()).to_numpy() - first) // DAY_MS
    amounts = np.zeros((len(services_of), int(days.max()) + 1))
    np.add.at(amounts, ([services_of[name] for name in names], days), whole[COST].to_numpy())
    bill = float(amounts.sum(axis=0).mean())
    found = overspend.find_each(amounts, calendar_of(first, amounts.shape[1]), 0.001 * bill, 0.03 * bill)
    starts = {name: [first + one.start * DAY_MS for one in found[at]] for name, at in services_of.items() if found[at]}
    assert starts == {
        "Amazon Virtual Private Cloud": [plant(made, "detour").since_ms],
        "Amazon SageMaker": [plant(made, "untagged-project").since_ms],
        "Amazon Elastic Compute Cloud": [plant(made, "price-change").since_ms],
    }


def test_the_planted_reservation_is_never_used(made: World, months: list[pa.Table]) -> None:
    planted = plant(made, "unused-reservation")
    fees = rows(months[1], reservation_reservation_a_r_n=planted.resources[0])
    assert 1 == fees.num_rows
    assert total(fees) == pytest.approx(planted.dollars_per_hour * 31 * 24, rel=1e-3)
    assert total(fees, "reservation_unused_recurring_fee") == pytest.approx(total(fees))


def test_pods_have_split_lines_that_cost_nothing_and_share_out_their_machine(
    made: World, months: list[pa.Table]
) -> None:
    parent = "split_line_item_parent_resource_id"
    split = months[1].filter(pc.is_valid(months[1][parent]))
    pods = [pod for pod in made.company.pods if pod.node.account.cluster != "atlas"]
    assert len(pods) * 31 == split.num_rows
    assert 0 == total(split)
    [p4d] = [node for node in made.company.nodes if node.name == "p4d-12"]
    shares = total(rows(split, **{parent: p4d.instance_id}), "split_line_item_split_cost")
    shares += total(rows(split, **{parent: p4d.instance_id}), "split_line_item_unused_cost")
    machine = rows(months[1], line_item_resource_id=p4d.instance_id)
    assert total(machine, "reservation_effective_cost") == pytest.approx(shares, abs=1e-6)
