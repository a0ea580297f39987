"""Rate cards in YAML: amounts by hand, sums to the last digit, what the fleet's ledger makes of them, and errors."""

import csv
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

import pytest
from tests.unit.costs.bills import one, sums
from tests.unit.costs.conftest import Room

from trimtab.base.errors import InvalidInput
from trimtab.costs.files.unpack import PlainFile
from trimtab.costs.model import Dimension, Metric, Tag
from trimtab.costs.readers import rate_card

CARD = """
name: hall-3
currency: EUR
from: 2026-08-01
to: 2026-09-01
power: {price_per_kwh: 0.25, pue: 1.2}
items:
  - {name: dgx, gpus: 8, capex: 300000, years: 5, residual: 30000, watts_per_gpu: 700, tags: {team: vision}}
  - {name: rented, gpus: 4, price_per_gpu_hour: 1.5}
"""
LEAP = "name: h\ncurrency: EUR\nfrom: 2028-02-01\nto: 2028-03-01\npower: {price_per_kwh: 0.25, pue: 1.2}\n"
"""A card of February 2028, which has 29 days."""
OWNED = """
items:
  - name: dgx
    gpus: 8
    capex: 36625
    residual: 100
    months: 12
    bought: 2027-12-01
    watts_per_gpu: 700
    colocation_per_month: 1000
    staff_per_month: 100.01
    support_per_year: 3660
"""
"""It costs 100 a day for 365.25 days."""
CLUSTER = "items: [{name: cluster, gpus: 4, price_per_gpu_hour: 2, tags: {team: vision}, %s}]"

Line = dict[str, str]


def lines(folder: Path, card: str, usage_type: str = "") -> list[Line]:
    """The FOCUS lines of a card, of one kind where it is named."""
    path, target = folder / "card.yaml", folder / "made.csv"
    path.write_text(card)
    rate_card.expand(PlainFile(path, "card.yaml"), target)
    with target.open(newline="", encoding="utf-8") as text:
        return [row for row in csv.DictReader(text) if usage_type in ("", row["x_UsageType"])]


def costs(rows: list[Line], column: str = "EffectiveCost") -> list[Decimal]:
    return [Decimal(row[column]) for row in rows]


def by_kind(rows: list[Line]) -> Mapping[str, Decimal]:
    found: dict[str, Decimal] = {}
    for row in rows:
        found[row["x_UsageType"]] = found.get(row["x_UsageType"], Decimal(0)) + Decimal(row["EffectiveCost"])
    return found


def test_an_owned_machine_costs_its_parts_over_a_leap_february(tmp_path: Path) -> None:
    rows = lines(tmp_path, LEAP + OWNED)
    expected = {"hardware": 2900, "power": 29 * Decimal("40.32"), "colocation": 1000, "staff": Decimal("100.01")}
    assert {**expected, "support": 290} == by_kind(rows)
    first = [row for row in rows if row["ChargePeriodStart"] == "2028-02-01T00:00:00Z"]
    parts = ["100", "40.32", "34.482758620690", "3.448620689655", "10"]
    assert [Decimal(part) for part in parts] == costs(first) == costs(first, "BilledCost")
    assert [
        "dgx: purchase, spread over its life",
        "dgx: power at full load",
        "dgx: colocation",
        "dgx: staff",
        "dgx: support",
    ] == [row["ChargeDescription"] for row in first]
    assert {("dgx", "GPU-Hours")} == {(row["ResourceId"], row["ConsumedUnit"]) for row in rows}
    assert [Decimal(192), 0, 0, 0, 0] == costs(first, "ConsumedQuantity")
    assert [192, Decimal("134.4"), 1, 1, 1] == costs(first, "PricingQuantity")
    assert ["GPU-Hours", "kWh", "Days", "Days", "Days"] == [row["PricingUnit"] for row in first]


def test_cards_of_parts_of_a_month_add_up_to_the_month(tmp_path: Path) -> None:
    spans = [("01", "10"), ("10", "20"), ("20", "30")]
    parts = []
    for start, end in spans:
        until = "2028-03-01" if end == "30" else f"2028-02-{end}"
        card = (
            (LEAP + OWNED)
            .replace("from: 2028-02-01", f"from: 2028-02-{start}")
            .replace("to: 2028-03-01", f"to: {until}")
        )
        parts.append(by_kind(lines(tmp_path, card)))
    assert Decimal("344.827586206896") == parts[1]["colocation"]  # 655.172413793103 − 310.344827586207
    for kind, total in (("colocation", "1000"), ("staff", "100.01"), ("support", "290"), ("hardware", "2900")):
        assert Decimal(total) == sum(part[kind] for part in parts)


def test_support_adds_up_over_a_year(tmp_path: Path) -> None:
    card = "name: h\nfrom: 2027-01-01\nto: 2028-01-01\nitems: [{name: a, capex: 0, support_per_year: 1000}]"
    rows = lines(tmp_path, card, "support")
    assert (365, Decimal(1000)) == (len(rows), sum(costs(rows)))


def test_months_are_a_life_too_and_what_is_written_off_counts_hours_on(tmp_path: Path) -> None:
    card = "name: h\nfrom: 2026-01-01\nto: 2027-01-11\nitems: [{name: a, gpus: 2, capex: 1000, %s, bought: 2026-01-01}]"
    by_months, by_years = (lines(tmp_path, card % life) for life in ("months: 12", "years: 1"))
    assert by_months == by_years
    assert Decimal(1000) == sum(costs(by_months))
    assert (Decimal(0), Decimal(48)) == (costs(by_months)[-1], costs(by_months, "ConsumedQuantity")[-1])
    assert "a: purchase, written off" == by_months[-1]["ChargeDescription"]
    assert 0 < costs(by_months)[365] < costs(by_months)[364]  # the quarter of a day


def test_a_machine_costs_nothing_before_it_is_bought(tmp_path: Path) -> None:
    rows = lines(tmp_path, LEAP + OWNED.replace("2027-12-01", "2028-02-15"))
    assert {"2028-02-15T00:00:00Z"} == {min(row["ChargePeriodStart"] for row in rows)}
    assert Decimal("517.241379310345") == by_kind(rows)["colocation"]  # 1000 − 1000 × 14 ÷ 29
    assert 15 * 5 == len(rows)


def test_measured_energy_replaces_the_fixed_draw_on_its_days(tmp_path: Path) -> None:
    measured = "    measured_kwh: {2028-02-01: 100.5, 2028-02-03: 0}\n"
    rows = lines(tmp_path, LEAP + OWNED + measured, "power")
    assert [Decimal("30.15"), Decimal("40.32"), Decimal(0), Decimal("40.32")] == costs(rows)[:4]
    assert [Decimal("100.5"), Decimal("134.4"), 0] == costs(rows, "PricingQuantity")[:3]
    assert ["dgx: power as measured", "dgx: power at full load"] == [row["ChargeDescription"] for row in rows[:2]]


def test_measured_energy_comes_from_a_file_beside_the_card(tmp_path: Path) -> None:
    table = "Day,item,kWh\n2028-02-01,dgx,40.25\n2028-02-01T12:00:00Z,dgx,60.25\n2028-02-01,other,9\n2027-02-01,dgx,7\n"
    (tmp_path / "_kwh.csv").write_text(table, encoding="utf-8-sig")
    rows = lines(tmp_path, LEAP + OWNED + "    energy: {file: _kwh.csv}\n", "power")
    assert [Decimal("30.15"), Decimal("40.32")] == costs(rows)[:2]


def test_the_file_is_found_by_an_import_and_taken_for_no_bill(room: Room) -> None:
    (room.folder / "_kwh.csv").write_text("day,kwh\n2028-02-01,100.5\n")
    card = LEAP + OWNED.replace("    watts_per_gpu: 700\n", "    energy: {file: _kwh.csv}\n")
    room.bring("card.yaml", card)
    assert Decimal("30.15") == sums(room, Dimension.SERVICE)["Power"]
    room.take(room.folder, source="again", add=True)
    assert Decimal("60.30") == sums(room, Dimension.SERVICE)["Power"]


def test_what_is_under_a_minimum_of_hours_is_a_line_of_no_machine(tmp_path: Path) -> None:
    more = "minimum_gpu_hours: 2900, used_gpu_hours: {2028-02-01: 60, 2028-02-02: 40}"
    rows = lines(tmp_path, LEAP + CLUSTER % more)
    assert {"rent": Decimal(200), "unused-commitment": Decimal(5600)} == by_kind(rows)
    used, unused = ([row for row in rows if row["x_UsageType"] == kind] for kind in ("rent", "unused-commitment"))
    assert [Decimal(120), Decimal(80), Decimal(0)] == costs(used)[:3]
    assert Decimal("193.103448275862") == costs(unused)[0]
    assert [f"2028-02-{day:02}T00:00:00Z" for day in range(1, 30)] == [row["ChargePeriodStart"] for row in unused]
    assert ("", "", "", "", "cluster: unused commitment", "Usage", "Committed") == tuple(
        unused[0][name]
        for name in (
            "ResourceId", "ConsumedQuantity", "ConsumedUnit", "PricingQuantity", "ChargeDescription", "ChargeCategory",
            "PricingCategory",
        )
    )  # fmt: skip
    told = ("CommitmentDiscountId", "CommitmentDiscountCategory", "CommitmentDiscountUnit", "CommitmentDiscountStatus")
    assert ("h/cluster", "Usage", "GPU-Hours", "Unused") == tuple(unused[0][name] for name in told)
    assert ("h/cluster", "Usage", "GPU-Hours", "Used") == tuple(used[0][name] for name in told)
    assert Decimal(2900) == sum(costs(rows, "CommitmentDiscountQuantity"))
    assert {Decimal(0)} == set(costs(unused, "ListCost"))


def test_of_a_part_of_a_month_its_days_part_of_the_minimum_counts(tmp_path: Path) -> None:
    more = "minimum_per_month: 1000, used_gpu_hours: {2028-02: 100}"
    rows = lines(tmp_path, (LEAP + CLUSTER % more).replace("from: 2028-02-01", "from: 2028-02-20"))
    # of 29 days 10: 1000 − 655.172413793103, of which 100 hours at 2 were used
    assert {"rent": Decimal(200), "unused-commitment": Decimal("144.827586206897")} == by_kind(rows)
    assert [Decimal(10)] * 10 == costs([row for row in rows if row["x_UsageType"] == "rent"], "ConsumedQuantity")


def test_of_a_part_of_a_month_its_days_part_of_the_hours_is_at_the_price(tmp_path: Path) -> None:
    more = "minimum_gpu_hours: 290, overage_price: 3, used_gpu_hours: {2028-02: 150}"
    rows = lines(tmp_path, (LEAP + CLUSTER % more).replace("from: 2028-02-01", "from: 2028-02-20"))
    assert {"rent": Decimal(200), "overage": Decimal(150)} == by_kind(rows)


@pytest.mark.parametrize("used", ["800", "'689.655172413793'"])
def test_a_minimum_is_cut_between_cards_to_the_last_digit(tmp_path: Path, used: str) -> None:
    more = CLUSTER.replace("price_per_gpu_hour: 2", "price_per_gpu_hour: 0.5") % (
        f"minimum_per_month: 1000, used_gpu_hours: {{2028-02-10: {used}}}"
    )
    card = LEAP.replace("from: 2028-02-01", "from: 2028-02-10").replace("to: 2028-03-01", "to: 2028-02-20")
    # 655.172413793103 − 310.344827586207, which is not 1000 × 10 ÷ 29 in its last digit
    assert Decimal("344.827586206896") == by_kind(lines(tmp_path, card + more))["rent"]


def test_what_is_over_a_minimum_has_its_own_price(tmp_path: Path) -> None:
    used = "used_gpu_hours: {2028-02-01: 60, 2028-02-02: 60, 2028-02-03: 10}"
    rows = lines(tmp_path, LEAP + CLUSTER % f"minimum_gpu_hours: 100, overage_price: 3, {used}")
    found = [(row["ChargePeriodStart"][8:10], row["x_UsageType"], Decimal(row["EffectiveCost"])) for row in rows[:4]]
    assert [("01", "rent", 120), ("02", "rent", 80), ("02", "overage", 60), ("03", "overage", 30)] == found
    assert (Decimal(130), 290) == (sum(costs(rows, "ConsumedQuantity")), sum(costs(rows)))
    assert {"cluster"} == {row["ResourceId"] for row in rows}
    assert ["Used", "Used", "", ""] == [row["CommitmentDiscountStatus"] for row in rows[:4]]


def test_a_minimum_that_hours_do_not_divide_adds_up(tmp_path: Path) -> None:
    card = LEAP + CLUSTER.replace("price_per_gpu_hour: 2", "price_per_gpu_hour: 3")
    rows = lines(tmp_path, card % "minimum_per_month: 1000, used_gpu_hours: {2028-02: 500}")
    assert {"rent": Decimal(1000), "overage": Decimal(500)} == by_kind(rows)
    assert Decimal(500) == sum(costs(rows, "ConsumedQuantity"))
    assert {"Spend"} == {row["CommitmentDiscountCategory"] for row in rows if row["x_UsageType"] == "rent"}
    rows = lines(tmp_path, card % "minimum_per_month: 1000, used_gpu_hours: {2028-02: 100}")
    assert {"rent": Decimal(300), "unused-commitment": Decimal(700)} == by_kind(rows)


def test_a_minimum_is_of_each_month_and_all_gpus_run_where_no_use_is_said(tmp_path: Path) -> None:
    card = LEAP.replace("to: 2028-03-01", "to: 2028-04-01") + CLUSTER % "minimum_gpu_hours: 2880, overage_price: 3"
    rows = lines(tmp_path, card)  # 29 × 96 = 2784 hours, 31 × 96 = 2976
    found = {month: by_kind([row for row in rows if row["ChargePeriodStart"][5:7] == month]) for month in ("02", "03")}
    assert {"02": {"rent": 5568, "unused-commitment": 192}, "03": {"rent": 5760, "overage": 288}} == found


def test_a_minimum_takes_the_price_of_a_machine_too(tmp_path: Path) -> None:
    card = CLUSTER.replace("price_per_gpu_hour: 2", "price: 8, unit: node-hours") % "used_gpu_hours: {2028-02: 10}"
    assert {"rent": Decimal(20)} == by_kind(lines(tmp_path, LEAP + card))


def test_unused_commitments_are_known_as_such(room: Room) -> None:
    room.bring("card.yaml", LEAP + CLUSTER % "minimum_gpu_hours: 2900, used_gpu_hours: {2028-02-01: 725}")
    assert {"Used": Decimal(1450), "Unused": Decimal(4350)} == sums(room, Dimension.COMMITMENT_STATUS)
    assert {"cluster": Decimal(1450), "": Decimal(4350)} == sums(room, Dimension.RESOURCE_ID)
    assert {"Reserved"} == set(sums(room, Dimension.PURCHASE_TYPE))
    assert (Decimal(2900), Decimal(2175)) == one(room, Metric.COMMITMENT_TOTAL_HOURS, Metric.COMMITMENT_UNUSED_HOURS)


BLOCK = "items: [{name: block, gpus: 8, block: {from: 2028-02-28T12:00:00Z, to: 2028-03-02T12:00:00Z, price: 1000}}]"


def test_a_capacity_block_is_billed_at_its_start_and_costs_over_its_hours(tmp_path: Path) -> None:
    fee, *use = lines(tmp_path, LEAP.replace("to: 2028-03-01", "to: 2028-04-01") + BLOCK)
    assert ("Purchase", "One-Time", "1000", "0", "2028-02-28T12:00:00Z", "2028-03-02T12:00:00Z") == tuple(
        fee[name]
        for name in (
            "ChargeCategory", "ChargeFrequency", "BilledCost", "EffectiveCost", "ChargePeriodStart", "ChargePeriodEnd",
        )
    )  # fmt: skip
    spread = ["166.666666666667", "333.333333333333", "333.333333333333", "166.666666666667"]
    assert [Decimal(part) for part in spread] == costs(use) == costs(use, "ListCost")
    assert {Decimal(0)} == set(costs(use, "BilledCost"))
    assert [96, 192, 192, 96] == costs(use, "ConsumedQuantity")
    assert ("2028-02-28T12:00:00Z", "2028-02-29T00:00:00Z") == (use[0]["ChargePeriodStart"], use[0]["ChargePeriodEnd"])


def test_times_of_a_block_may_have_a_zone(tmp_path: Path) -> None:
    local = BLOCK.replace("2028-02-28T12:00:00Z", "2028-02-28T14:00:00+02:00")
    assert lines(tmp_path, LEAP + BLOCK) == lines(tmp_path, LEAP + local)


def test_a_block_of_two_months_adds_up_over_their_cards(tmp_path: Path) -> None:
    first = lines(tmp_path, LEAP + BLOCK)
    second = lines(tmp_path, LEAP.replace("2028-03-01", "2028-04-01").replace("2028-02-01", "2028-03-01") + BLOCK)
    assert [3, 2] == [len(first), len(second)]
    assert (1000, 1000) == (sum(costs(first + second)), sum(costs(first + second, "BilledCost")))
    assert Decimal("500") == sum(costs(second))


def test_a_block_draws_power_while_it_is_there(tmp_path: Path) -> None:
    card = LEAP + BLOCK.replace("gpus: 8,", "gpus: 8, watts_per_gpu: 700,")
    assert [Decimal("20.16"), Decimal("40.32")] == costs(lines(tmp_path, card, "power"))


def test_a_block_is_billed_and_amortised_in_the_engine(room: Room) -> None:
    room.bring("card.yaml", LEAP.replace("to: 2028-03-01", "to: 2028-04-01") + BLOCK)
    assert (Decimal(1000), Decimal(1000)) == one(room, Metric.BILLED, Metric.EFFECTIVE)
    assert {"Purchase": Decimal(1000), "Usage": Decimal(0)} == sums(room, Dimension.CHARGE_CATEGORY)


def test_a_rate_card_spreads_purchases_and_adds_power(room: Room) -> None:
    receipt = room.bring("card.yaml", CARD)
    assert ("rate-card", (202608,)) == (receipt.format, receipt.months)
    found = sums(room, Dimension.SERVICE)
    assert found["GPU rental"] == 31 * 24 * 4 * Decimal("1.5")
    assert found["Power"] == 31 * Decimal("0.7") * 8 * Decimal("1.2") * 24 * Decimal("0.25")
    assert found["GPU hardware"] == pytest.approx(Decimal(270000) * 31 / (5 * Decimal("365.25")), abs=Decimal("1e-11"))
    assert {"EUR"} == set(receipt.billed())
    assert (Decimal(12 * 24 * 31),) == (sums(room, Dimension.USAGE_UNIT, metric=Metric.USAGE)["GPU-Hours"],)
    assert {"vision", ""} == set(sums(room, Tag("team")))


def test_a_purchase_adds_up_over_its_life(room: Room) -> None:
    card = "name: h\nfrom: 2026-01-01\nto: 2027-02-01\nitems: [{name: a, capex: 1000, years: 1, bought: 2026-01-01}]"
    room.bring("card.yaml", card)
    assert (Decimal(1000),) == one(room, Metric.EFFECTIVE)


def test_a_rate_card_takes_a_price_of_any_unit(room: Room) -> None:
    items = """
  - {name: node, gpus: 8, price: 14600, unit: node-months}
  - {name: gpus, gpus: 4, price: 48, unit: GPU-Days}
"""
    room.bring("card.yaml", f"name: h\nfrom: 2026-08-01\nto: 2026-08-03\nitems:{items}")
    assert {"node": 2 * 24 * Decimal(20), "gpus": 2 * 24 * 4 * Decimal(2)} == sums(room, Dimension.RESOURCE_ID)
    assert {"Hours": 48, "GPU-Hours": 192} == sums(room, Dimension.USAGE_UNIT, metric=Metric.USAGE)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("price_per_gpu_hour: 1.5", "price: 1.5"), "expected both"),
        (("price_per_gpu_hour: 1.5", "price: 1.5, unit: GB-Mo"), "try unit: GPU-Hours"),
        (("price_per_gpu_hour: 1.5", "price_per_gpu_hour: 1.5, unit: GPU-Hours"), "expected both"),
        (("price_per_gpu_hour: 1.5", "gpu_price: 1.5"), "gpu_price"),
        (("price_per_gpu_hour: 1.5", "watts_per_gpu: 1"), "'rented' has 0 prices"),
        (("to: 2026-09-01", "to: 2026-07-01"), "expected order"),
        (("years: 5", "years: 0"), "needs years above 0"),
        (("capex: 300000", "capex: -1"), "cannot read rate card"),
    ],
)
def test_a_bad_card_names_what_is_wrong(room: Room, change: tuple[str, str], message: str) -> None:
    with pytest.raises(InvalidInput, match="cannot read rate card") as problem:
        room.bring("card.yaml", CARD.replace(*change))
    assert message in str(problem.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("months: 12", "months: 12\n    years: 1"), "has years and months; expected one"),
        (("months: 12", "months: 0"), "needs years above 0"),
        (("residual: 100", "residual: 40000"), "residual below capex"),
        (("capex: 36625", "price_per_gpu_hour: 2"), "has months, residual, bought and is not bought; expected capex"),
        (("staff_per_month: 100.01", "staff_per_month: -1"), "staff_per_month -1; expected 0 or more"),
        (("staff_per_month: 100.01", "staff_per_month: .nan"), "cannot read rate card"),
        (("power: {price_per_kwh: 0.25, pue: 1.2}", ""), "try power: {price_per_kwh: 0.21, pue: 1.3}"),
        (("support_per_year: 3660", "measured_kwh: {2028-03-01: 1}"), "expected 2028-02-01 to before 2028-03-01"),
        (("support_per_year: 3660", "measured_kwh: {2028-02: 1}"), "'2028-02'; expected a day; try 2028-02-01"),
        (("support_per_year: 3660", "measured_kwh: {2028-02-01: -1}"), "expected 0 or more"),
        (
            ("support_per_year: 3660", "measured_kwh: {2028-02-01: 1}\n    energy: {file: a.csv}"),
            "has energy and measured_kwh; expected one",
        ),
        (
            ("support_per_year: 3660", "energy: {file: absent.csv}"),
            "which is not there; expected a file beside the card",
        ),
        (("support_per_year: 3660", "energy: {file: ../kwh.csv}"), "expected a file beside the card; try measured_kwh"),
        (("support_per_year: 3660", "energy: {file: /etc/hostname}"), "expected a file beside the card"),
        (("support_per_year: 3660", "minimum_gpu_hours: 1"), "has minimum_gpu_hours and is not rented"),
        (("support_per_year: 3660", "used_gpu_hours: {2028-02: 1}"), "has used_gpu_hours and is not rented"),
    ],
)
def test_a_bad_owned_machine_names_what_is_wrong(tmp_path: Path, change: tuple[str, str], message: str) -> None:
    assert change[0] in LEAP + OWNED
    with pytest.raises(InvalidInput, match=r"cannot read rate card card\.yaml: ") as problem:
        lines(tmp_path, (LEAP + OWNED).replace(*change))
    assert message in str(problem.value)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("day,kw\n2028-02-01,1\n", "has columns day, kw; expected day, kwh"),
        ("day,kwh\nsoon,1\n", "line 2: got 'soon', '1'; expected a day"),
        ("day,kwh\n2028-02-01,-1\n", "'-1'; expected a day and kilowatt-hours of 0 or more"),
        ("day,kwh\n2028-02-01\n", "line 2: got '2028-02-01', None"),
        ("day,kwh\n2027-02-01,1\n", "has no day of the card; expected 2028-02-01 to before 2028-03-01"),
        ("day,kwh,item\n2028-02-01,1,other\n", "has no day of the card"),
    ],
)
def test_a_bad_table_of_energy_names_what_is_wrong(tmp_path: Path, table: str, message: str) -> None:
    (tmp_path / "kwh.csv").write_text(table)
    with pytest.raises(InvalidInput, match=r"item 'dgx': energy file kwh\.csv") as problem:
        lines(tmp_path, LEAP + OWNED + "    energy: {file: kwh.csv}\n")
    assert message in str(problem.value)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("minimum_gpu_hours: 1, minimum_per_month: 1", "has minimum_gpu_hours and minimum_per_month; expected one"),
        ("overage_price: 3", "has overage_price and no minimum; expected one; try minimum_gpu_hours: 1000"),
        ("minimum_gpu_hours: -1", "minimum_gpu_hours -1; expected 0 or more"),
        ("used_gpu_hours: {2028-03: 1}", "used_gpu_hours of 2028-03; expected 2028-02-01 to before 2028-03-01"),
        ("used_gpu_hours: {2028-01: 1}", "used_gpu_hours of 2028-01; expected"),
        ("used_gpu_hours: {2028-02: 1, 2028-02-03: 1}", "of 2028-02 and of days of it; expected one of the two"),
        ("used_gpu_hours: {2028-02-03: 1, '2028-02-03': 1}", "of 2028-02-03 more than once"),
        ("used_gpu_hours: {soon: 1}", "'soon'; expected a day or a month; try 2028-02-01"),
        ("block: {from: 2028-02-01, to: 2028-02-02, price: 1}", "'cluster' has 2 prices"),
    ],
)
def test_a_bad_minimum_names_what_is_wrong(tmp_path: Path, more: str, message: str) -> None:
    with pytest.raises(InvalidInput, match=r"cannot read rate card card\.yaml: item 'cluster' has ") as problem:
        lines(tmp_path, LEAP + CLUSTER % more)
    assert message in str(problem.value)


def test_a_minimum_needs_a_price(tmp_path: Path) -> None:
    card = LEAP + (CLUSTER % "minimum_per_month: 1").replace("price_per_gpu_hour: 2", "price_per_gpu_hour: 0")
    with pytest.raises(InvalidInput, match="has minimum_per_month at a price of 0; expected a price above 0"):
        lines(tmp_path, card)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("2028-03-02T12:00:00Z", "2028-02-28T12:00:00Z"), "expected two days or times in order"),
        (("2028-03-02T12:00:00Z", "soon"), "to soon; expected two days or times"),
        (("price: 1000", "price: -1"), "item 'block', block, has price -1; expected 0 or more"),
        (("price: 1000", ""), "price"),
    ],
)
def test_a_bad_block_names_what_is_wrong(tmp_path: Path, change: tuple[str, str], message: str) -> None:
    with pytest.raises(InvalidInput, match="cannot read rate card") as problem:
        lines(tmp_path, LEAP + BLOCK.replace(*change))
    assert message in str(problem.value)
