"""FOCUS of several versions and providers: renamed columns, odd texts, commitments, and what FOCUS does not know."""

from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from tests.unit.costs.bills import FOCUS, one, sums, table
from tests.unit.costs.conftest import Room

from trimtab.costs.model import Dimension, Metric, Tag


def test_columns_are_taken_by_name_whatever_the_version(room: Room) -> None:
    rows = [{"ServiceProviderName": "Nebius", "HostProviderName": "Nebius", "InvoiceId": "7", "BilledCost": "2"}]
    receipt = room.bring("v14.csv", table(FOCUS, *rows))
    assert {"Nebius": Decimal(2)} == sums(room, Dimension.PROVIDER)
    assert any("ListCost" in note for note in receipt.notes if "lacks" in note)


def test_words_for_nothing_are_nothing(room: Room) -> None:
    rows = [
        {"BilledCost": "1.25", "EffectiveCost": "1", "ResourceId": "NULL", "Tags": "NULL"},
        {"BilledCost": "NULL", "EffectiveCost": "null", "ResourceId": "r", "Tags": ""},
    ]
    receipt = room.bring("bill.csv", table(FOCUS, *rows))
    assert 2 == receipt.lines
    assert {"": Decimal("1.25"), "r": Decimal(0)} == sums(room, Dimension.RESOURCE_ID)


def test_amounts_as_people_write_them(room: Room) -> None:
    written = {"$50,000.00 ": "50000", "(12.50)": "-12.5", "+3": "3", "-1,234.5": "-1234.5", "1e-05": "0.00001"}
    rows = [{"BilledCost": text, "ResourceId": text} for text in written]
    receipt = room.bring("bill.csv", table(FOCUS, *rows))
    assert () == receipt.skipped
    assert {text: Decimal(value) for text, value in written.items()} == sums(room, Dimension.RESOURCE_ID)


def test_rows_that_cannot_be_read_are_set_aside_with_the_reason(room: Room) -> None:
    rows = [
        {"BilledCost": "1"},
        {"BilledCost": "twelve"},
        {"BilledCost": "1", "EffectiveCost": "9" * 30},
        {"BilledCost": "1", "BillingPeriodStart": "soon", "ChargePeriodStart": "later"},
    ]
    receipt = room.bring("bill.csv", table(FOCUS, *rows))
    assert 1 == receipt.lines
    assert {"USD": Decimal(1)} == receipt.billed()
    reasons = sorted((one.reason, one.lines, one.example) for one in receipt.skipped)
    assert ["cannot read a date", "cannot read billed_cost", "cannot read effective_cost"] == [
        reason.partition(":")[0] for reason, _, _ in reasons
    ]
    assert "billed_cost twelve" in reasons[1][2]


def test_tags_are_json_of_any_values(room: Room) -> None:
    tags = ['{"team": "vision", " org": "x", "n": 3, "on": true}', '"team": "search"', "{}"]
    room.bring("bill.csv", table(FOCUS, *({"BilledCost": "1", "Tags": text} for text in tags)))
    assert {"vision": 1, "search": 1, "": 1} == sums(room, Tag("team"))
    assert {"x": 1, "": 2} == sums(room, Tag(" org"))
    assert {"3": 1, "": 2} == sums(room, Tag("n"))
    assert {"true": 1, "": 2} == sums(room, Tag("on"))


def test_tags_come_in_every_form_that_providers_write(room: Room) -> None:
    forms = [
        '[{"key": "team", "value": "vision"}, {"key": "n", "value": 3}]',  # Google Cloud
        '[{"Key": "team", "Value": "search"}]',
        '"team": "ads","env": "prod"',  # Azure
        "{team=maps, env=prod}",  # a map, as Athena prints it
        "[]",
    ]
    receipt = room.bring("bill.csv", table(FOCUS, *({"BilledCost": "1", "Tags": text} for text in forms)))
    assert {"vision": 1, "search": 1, "ads": 1, "maps": 1, "": 1} == sums(room, Tag("team"))
    assert {"prod": 2, "": 3} == sums(room, Tag("env"))
    assert {"3": 1, "": 4} == sums(room, Tag("n"))
    assert not [note for note in receipt.notes if "tags" in note]


def test_tags_of_no_known_form_are_counted_and_stay_with_the_line(room: Room) -> None:
    tags = ["team:vision;env:prod", '{"team": ', '{"team": "a"}', "NULL", "{}", " "]
    receipt = room.bring("bill.csv", table(FOCUS, *({"BilledCost": "1", "Tags": text} for text in tags)))
    (note,) = [note for note in receipt.notes if "tags" in note]
    assert note.startswith("cannot read the tags of 2 lines: got ")
    assert {"a": 1, "": 5} == sums(room, Tag("team"))
    assert set(tags[:2]) == set(room.column("SELECT properties['unread_tags'] FROM cost_lines")) - {""}


def test_tags_of_parquet_may_be_structs_with_more_than_key_and_value(room: Room, tmp_path: Path) -> None:
    tag = pa.struct(
        [("key", pa.string()), ("value", pa.string()), ("inherited", pa.bool_()), ("namespace", pa.string())]
    )
    tags = pa.array([[{"key": "team", "value": "vision", "inherited": False, "namespace": "x"}], None], pa.list_(tag))
    columns = {name: pa.array([value] * 2) for name, value in FOCUS.items() if name != "Tags"}
    pq.write_table(pa.table({**columns, "BilledCost": pa.array(["1", "2"]), "Tags": tags}), tmp_path / "bill.parquet")
    room.take(tmp_path / "bill.parquet")
    assert {"vision": 1, "": 2} == sums(room, Tag("team"))


def test_used_and_unused_commitments_are_told_apart(room: Room) -> None:
    mine = {"CommitmentDiscountId": "c", "CommitmentDiscountCategory": "Spend", "CommitmentDiscountQuantity": "1"}
    rows = [
        {"BilledCost": "10", "EffectiveCost": "0", "ChargeCategory": "Purchase", **mine},
        {"EffectiveCost": "7", "CommitmentDiscountStatus": "Used", **mine},
        {"EffectiveCost": "3", "CommitmentDiscountStatus": "Unused", **mine},
    ]
    room.bring("bill.csv", table(FOCUS, *rows))
    metrics = (Metric.BILLED, Metric.EFFECTIVE, Metric.COMMITMENT_TOTAL, Metric.COMMITMENT_USED)
    assert tuple(map(Decimal, (10, 10, 10, 7))) == one(room, *metrics)
    assert {"Savings Plan": Decimal(10)} == sums(room, Dimension.PURCHASE_TYPE)


def test_columns_that_focus_does_not_know_stay_with_the_line(room: Room) -> None:
    room.bring("bill.csv", table(FOCUS, {"BilledCost": "1", "x_Cluster": "atlas"}))
    assert ["atlas"] == room.column("SELECT properties['x_Cluster'] FROM cost_lines")


def test_a_charge_outside_its_billing_period_counts_within_it(room: Room) -> None:
    room.bring("bill.csv", table(FOCUS, {"BilledCost": "1", "ChargePeriodStart": "2025-08-01T00:00:00Z"}))
    assert ["2026-08-01"] == room.column("SELECT toString(day) FROM cost_lines")


def test_american_dates_semicolons_and_blank_lines(room: Room) -> None:
    row = {
        "BilledCost": "1",
        "BillingPeriodStart": "4/1/25",
        "ChargePeriodStart": "4/30/25",
        "BillingPeriodEnd": "5/1/25",
    }
    receipt = room.bring("bill.csv", "\ufeff" + table(FOCUS, row, delimiter=";") + ";" * 10 + "\n\n")
    assert ((202504,), 1) == (receipt.months, receipt.lines)
    assert ["2025-04-30"] == room.column("SELECT toString(day) FROM cost_lines")


def test_a_bill_without_a_currency_is_in_none(room: Room) -> None:
    base = {name: value for name, value in FOCUS.items() if name != "BillingCurrency"}
    receipt = room.bring("bill.csv", table(base, {"BilledCost": "1"}))
    assert {"XXX": Decimal(1)} == receipt.billed()
    assert any("BillingCurrency" in note for note in receipt.notes)


def test_azure_says_the_size_of_a_machine_in_the_details_of_its_sku(room: Room) -> None:
    details = '{"ServiceType": "Standard_D4s_v5", "VCPUs": 4}'
    room.bring("b.csv", table(FOCUS, {"BilledCost": "1", "x_SkuDetails": details}, {"BilledCost": "2"}))
    assert {"Standard_D4s_v5": Decimal(1), "": Decimal(2)} == sums(room, Dimension.INSTANCE_TYPE)
    assert details in room.column("SELECT properties['x_SkuDetails'] FROM cost_lines")


def test_usage_of_a_month_counts_on_each_of_its_days(room: Room) -> None:
    month = {
        "ChargePeriodStart": "2026-08-01T00:00:00Z", "ChargePeriodEnd": "2026-09-01T00:00:00Z", "ResourceId": "node-1",
        "BilledCost": "1000.01", "ConsumedQuantity": "744", "ConsumedUnit": "Hours",
        "ListUnitPrice": "1.5", "Tags": '{"team": "vision"}',
    }  # fmt: skip
    receipt = room.bring("bill.csv", table(FOCUS, month, {"BilledCost": "7"}))
    assert (2, {"USD": Decimal("1007.01")}) == (receipt.lines, receipt.exact())
    assert "1 lines of machine time over several days are divided: each day has its part" in receipt.notes
    by_day = "FROM cost_lines GROUP BY day ORDER BY day"
    amounts = map(Decimal, room.column(f"SELECT toString(sum(billed_cost)) {by_day}"))
    days = dict(zip(room.column(f"SELECT toString(day) {by_day}"), amounts, strict=True))
    assert 31 == len(days)
    assert Decimal("1007.01") == sum(days.values())
    assert Decimal("39.25838709677") == days.pop("2026-08-03").quantize(Decimal("1e-11"), "ROUND_DOWN")
    assert {Decimal("32.25838709677")} == {cost.quantize(Decimal("1e-11"), "ROUND_DOWN") for cost in days.values()}
    assert {"24", "0"} == set(room.column("SELECT DISTINCT toString(consumed_quantity) FROM cost_lines"))
    assert {"1.5", "0"} == set(room.column("SELECT DISTINCT toString(list_unit_price) FROM cost_lines"))
    assert [32] == room.column("SELECT uniqExact(line) FROM cost_lines")
    assert {"vision": Decimal("1000.01"), "": 7} == sums(room, Tag("team"))


def test_usage_of_a_week_is_divided_by_its_seconds_and_stays_in_its_billing_period(room: Room) -> None:
    week = {"ChargePeriodStart": "2026-08-28T12:00:00Z", "ChargePeriodEnd": "2026-09-04T12:00:00Z", "BilledCost": "7"}
    week |= {"ResourceId": "node-1", "ConsumedUnit": "GPU-Hours"}
    room.bring("bill.csv", table(FOCUS, week))
    told = (
        "SELECT concat(toString(charge_period_start), ' ', toString(day), ' ', toString(billed_cost)) FROM cost_lines"
    )
    assert [
        "2026-08-28 12:00:00 2026-08-28 0.5", "2026-08-29 00:00:00 2026-08-29 1", "2026-08-30 00:00:00 2026-08-30 1",
        "2026-08-31 00:00:00 2026-08-31 1", "2026-09-01 00:00:00 2026-08-31 1", "2026-09-02 00:00:00 2026-08-31 1",
        "2026-09-03 00:00:00 2026-08-31 1", "2026-09-04 00:00:00 2026-08-31 0.5",
    ] == sorted(room.column(told))  # fmt: skip


def test_what_is_no_time_of_a_machine_stays_whole(room: Room) -> None:
    month = {"ChargePeriodStart": "2026-08-01T00:00:00Z", "ChargePeriodEnd": "2026-09-01T00:00:00Z", "BilledCost": "9"}
    month |= {"ResourceId": "node-1", "ConsumedUnit": "Hours"}
    day = {"ChargePeriodStart": "2026-08-02T05:00:00Z", "ChargePeriodEnd": "2026-08-03T05:00:00Z", "BilledCost": "1"}
    rows = [
        {**month, "ChargeCategory": "Purchase"},
        {**month, "ChargeCategory": "Tax"},
        {**month, "ResourceId": ""},
        {**month, "ConsumedUnit": "GB-Mo"},
        {**month, "ChargePeriodEnd": "2036-08-01T00:00:00Z"},
        {**month, "ChargePeriodEnd": "2026-07-01T00:00:00Z"},
        day,
    ]
    receipt = room.bring("bill.csv", table(FOCUS, *rows))
    assert (7, {"USD": Decimal(55)}) == (receipt.lines, receipt.exact())
    assert {"2026-08-01", "2026-08-02"} == set(room.column("SELECT toString(day) FROM cost_lines"))
    assert not any("divided" in note for note in receipt.notes)
