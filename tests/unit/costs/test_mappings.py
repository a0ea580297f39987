"""Native exports by the package's mappings, mappings of one's own, and what is said where one does not fit.

The files in `native/` were written by hand after the providers' public documentation of their columns.
"""

import json
import shutil
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.unit.costs.bills import one, sums
from tests.unit.costs.conftest import Room

from trimtab.base.errors import InvalidInput
from trimtab.costs.model import Dimension, Metric, Receipt, Tag
from trimtab.costs.readers import mapping

NATIVE = Path(__file__).parent / "native"
OWN = """
name = "acme"
charge_period = "day"
[columns]
BilledCost = "total"
ChargePeriodStart = "day"
ResourceId = "machine"
ConsumedQuantity = "hrs"
[constants]
ProviderName = "Acme"
BillingCurrency = "CHF"
ConsumedUnit = "GPU-Hours"
"""


def native(room: Room, name: str, **request: str) -> Receipt:
    shutil.copy(NATIVE / name, room.folder / name)
    return room.take(room.folder / name, **request)


def texts(room: Room, *columns: str) -> list[tuple[str, ...]]:
    """Columns of the lines, by the order of their cost."""
    found = [room.column(f"SELECT {name} FROM cost_lines ORDER BY billed_cost, line") for name in columns]
    return list(zip(*found, strict=True))


def test_azure_actual_costs(room: Room) -> None:
    receipt = native(room, "azure-actual.csv")
    assert ("azure", (202608,), 5, ()) == (receipt.format, receipt.months, receipt.lines, receipt.skipped)
    assert "mapped to FOCUS by azure" in receipt.notes
    assert {"EUR": Decimal("43350.10412")} == {
        currency: round(amount, 6) for currency, amount in receipt.billed().items()
    }
    assert Decimal("43350.1041200000000001") == receipt.exact()["EUR"]
    assert {"Usage": Decimal("2359.98912"), "Purchase": Decimal("41000.115"), "Credit": Decimal(-10)} == sums(
        room, Dimension.CHARGE_CATEGORY
    )
    assert {"vision": Decimal("2359.68")} == {k: v for k, v in sums(room, Tag("team")).items() if v and k}
    assert {"prod"} == {key for key in sums(room, Tag("env")) if key}
    assert {"Microsoft"} == set(sums(room, Dimension.PROVIDER))
    units = sums(room, Dimension.USAGE_UNIT, metric=Metric.USAGE)
    assert {"Hour": Decimal(24), "Hours": Decimal(24), "1/Month": Decimal("0.0322")} == units  # 1 Hour, 100 Hours
    assert {"Standard_ND96isr_H100_v5"} == {key for key in sums(room, Dimension.INSTANCE_TYPE) if key}
    statuses = texts(room, "commitment_discount_status", "commitment_discount_type", "pricing_category")
    assert ("Used", "Reserved", "Committed") in statuses
    assert ("", "Reserved", "Committed") in statuses  # the purchase
    assert {"sub-1", "sub-2"} == set(sums(room, Dimension.LINKED_ACCOUNT))
    days = room.column("SELECT dateDiff('hour', charge_period_start, charge_period_end) FROM cost_lines")
    assert {24} == set(days)


def test_azure_amortized_costs_are_named(room: Room) -> None:
    receipt = native(room, "azure-amortized.csv", mapping="azure-amortized")
    assert "azure-amortized" == receipt.format
    assert (Decimal("1.5"), Decimal("1303.35")) == one(room, Metric.BILLED, Metric.EFFECTIVE)
    used = sums(room, Dimension.COMMITMENT_STATUS, metric=Metric.EFFECTIVE)
    assert {"Used": Decimal("1201.6"), "Unused": Decimal("100.25"), "": Decimal("1.5")} == used
    assert {"Savings Plan": Decimal("1.1"), "Reserved": Decimal("1300.75"), "On-Demand": Decimal("1.5")} == sums(
        room, Dimension.PURCHASE_TYPE, metric=Metric.EFFECTIVE
    )
    assert (Decimal("2655.84"),) == one(room, Metric.LIST)


GOOGLE_TOTAL = Decimal("70.123456789012345") - Decimal("20.5") - Decimal("0.123456789012345") + Decimal("14.36")


def check_google(room: Room, receipt: Receipt) -> None:
    assert ("google-cloud", (202608,), 3, ()) == (receipt.format, receipt.months, receipt.lines, receipt.skipped)
    assert {"EUR": GOOGLE_TOTAL} == receipt.exact()
    assert {"Usage": GOOGLE_TOTAL - Decimal("10.2"), "Tax": Decimal("10.2")} == sums(room, Dimension.CHARGE_CATEGORY)
    assert {"vision": Decimal("49.5"), "": Decimal("14.36")} == sums(room, Tag("team"))  # not the project's
    assert {"prod"} == {key for key in sums(room, Tag("env")) if key}
    assert {"GPU-Hours": 8, "vCPU-Hours": 208} == {
        unit: value for unit, value in sums(room, Dimension.USAGE_UNIT, metric=Metric.USAGE).items() if value
    }
    assert {"a3-highgpu-8g"} == {key for key in sums(room, Dimension.INSTANCE_TYPE) if key}
    assert {"0.92"} == set(room.column("SELECT properties['x_CurrencyConversionRate'] FROM cost_lines"))
    assert {"acme-train"} == {key for key in sums(room, Dimension.LINKED_ACCOUNT) if key.startswith("acme")}


def test_google_clouds_export_as_json_lines(room: Room) -> None:
    check_google(room, native(room, "google-cloud.jsonl"))


def test_google_clouds_export_among_other_files(room: Room) -> None:
    (room.folder / "facts.json").write_text('{"rows": 600}')
    shutil.copy(NATIVE / "google-cloud.jsonl", room.folder / "export.jsonl")
    receipt = room.take(room.folder)
    assert 3 == receipt.lines
    assert any("facts.json was not read" in note for note in receipt.notes)


def test_google_clouds_export_as_parquet(room: Room) -> None:
    rows = [json.loads(line, parse_float=Decimal) for line in (NATIVE / "google-cloud.jsonl").read_text().splitlines()]
    for row in rows:
        row["currency_conversion_rate"] = float(row["currency_conversion_rate"])
    pair = pa.struct([("key", pa.string()), ("value", pa.string())])
    tag = pa.struct(
        [("key", pa.string()), ("value", pa.string()), ("inherited", pa.bool_()), ("namespace", pa.string())]
    )
    money = pa.decimal128(38, 15)
    name = pa.struct([("id", pa.string()), ("description", pa.string())])
    schema = pa.schema(
        [
            ("billing_account_id", pa.string()), ("service", name), ("sku", name), ("usage_start_time", pa.string()),
            ("usage_end_time", pa.string()),
            ("project", pa.struct([("id", pa.string()), ("name", pa.string()), ("labels", pa.list_(pair))])),
            ("labels", pa.list_(pair)), ("system_labels", pa.list_(pair)), ("tags", pa.list_(tag)),
            ("location", pa.struct([("region", pa.string()), ("zone", pa.string())])), ("cost", money),
            ("currency", pa.string()), ("currency_conversion_rate", pa.float64()),
            ("usage", pa.struct([("amount_in_pricing_units", pa.float64()), ("pricing_unit", pa.string())])),
            ("credits", pa.list_(pa.struct([("name", pa.string()), ("amount", money)]))),
            ("invoice", pa.struct([("month", pa.string())])), ("cost_type", pa.string()),
        ]
    )  # fmt: skip
    pq.write_table(pa.Table.from_pylist(rows, schema), room.folder / "export.parquet")
    check_google(room, room.take(room.folder / "export.parquet"))


def test_google_clouds_export_laid_flat_by_others(room: Room) -> None:
    text = (
        "billing_account_id,service_description,sku_description,usage_start_time,cost,currency,invoice_month,labels,"
        "credits\n"
        'a,Compute Engine,Nvidia L4 GPU,2026-08-03 05:00:00 UTC,2.5,USD,202608,"[{""key"":""team"",""value"":""x""}]",'
        '"[{""name"":""c"",""amount"":-0.5}]"\n'
        "a,Compute Engine,Disk,2026-08-03 05:00:00 UTC,1,USD,202608,,\n"
    )
    receipt = room.bring("flat.csv", text)
    assert ("google-cloud", {"USD": Decimal(3)}) == (receipt.format, receipt.billed())
    assert {"x": Decimal(2), "": Decimal(1)} == sums(room, Tag("team"))


def test_a_credit_that_cannot_be_read_sets_its_line_aside(room: Room) -> None:
    text = (
        "billing_account_id,sku_id,usage_start_time,cost,currency,credits\n"
        'a,s,2026-08-03,2.5,USD,"[{""amount"":""much""}]"\na,s,2026-08-03,1,USD,\n'
    )
    receipt = room.bring("flat.csv", text)
    assert (1, ["cannot read billed_cost: no number, or too large"]) == (
        receipt.lines,
        [one.reason for one in receipt.skipped],
    )


def test_oracles_cost_report(room: Room) -> None:
    receipt = native(room, "oci.csv")
    assert ("oci", {"USD": Decimal("70.01275")}, ()) == (receipt.format, receipt.exact(), receipt.skipped)
    assert {"vision": Decimal(70), "": Decimal("0.01275")} == sums(room, Tag("team"))
    assert {"ada"} == {key for key in sums(room, Tag("Oracle-Tags.CreatedBy")) if key}
    assert Decimal(7) == sums(room, Dimension.USAGE_UNIT, metric=Metric.USAGE)["GPU Per Hour"]
    assert {"Correction": Decimal(-10), "": Decimal("80.01275")} == sums(room, Dimension.CHARGE_CLASS)
    assert {"research"} == {*room.column("SELECT sub_account_name FROM cost_lines")}
    hours = room.column("SELECT dateDiff('minute', charge_period_start, charge_period_end) FROM cost_lines")
    assert {60} == set(hours)


@pytest.mark.parametrize(("name", "provider"), [("", ""), ("lambda", "Lambda"), ("coreweave", "CoreWeave")])
def test_the_lines_of_an_invoice(room: Room, name: str, provider: str) -> None:
    receipt = native(room, "invoice.csv", mapping=name)
    assert (name or "invoice", {"USD": Decimal("10963.96")}) == (receipt.format, receipt.exact())
    assert (5, ()) == (receipt.lines, receipt.skipped)  # neither the total nor the empty row
    assert {provider} == set(sums(room, Dimension.PROVIDER))
    found = sums(room, Dimension.USAGE_UNIT, metric=Metric.USAGE)
    assert (168, 2688) == (found["instance-hours"], found["GPU-hours"])
    categories = sums(room, Dimension.CHARGE_CATEGORY)
    assert (Decimal("843.21"), Decimal(-100)) == (categories["Tax"], categories["Credit"])


def test_an_invoice_may_name_its_unit_in_the_head_of_a_column(room: Room) -> None:
    receipt = native(room, "crusoe.csv", mapping="crusoe")
    assert {"USD": Decimal("769.275")} == receipt.exact()
    assert {"Hours": Decimal("34.5")} == sums(room, Dimension.USAGE_UNIT, metric=Metric.USAGE)
    assert {"h100-80gb-sxm-ib.8x", "a100-80gb.1x"} == set(sums(room, Dimension.INSTANCE_TYPE))


def test_usage_in_focus_without_a_cost_costs_nothing(room: Room) -> None:
    receipt = native(room, "coreweave-focus.csv")
    assert ("focus-usage", {"USD": Decimal(0)}) == (receipt.format, receipt.billed())
    assert {"GPU-Hours": Decimal(64)} == sums(room, Dimension.USAGE_UNIT, metric=Metric.USAGE)
    assert {"CoreWeave"} == set(sums(room, Dimension.PROVIDER))


def test_a_mapping_of_ones_own(room: Room) -> None:
    text = "day,machine,hrs,total,colour\n2026-08-03,rack-7,192,400.005,red\n2026-08-04,rack-8,1e1,0.1,\n"
    receipt = room.bring("own.csv", text, mapping=OWN)
    assert ("acme", {"CHF": Decimal("400.105")}) == (receipt.format, receipt.billed())
    assert {"Usage"} == set(sums(room, Dimension.CHARGE_CATEGORY))  # where nothing says what it is
    assert {"GPU-Hours": Decimal(202)} == sums(room, Dimension.USAGE_UNIT, metric=Metric.USAGE)
    assert {"red", ""} == set(room.column("SELECT properties['colour'] FROM cost_lines"))


def test_a_line_of_a_machine_that_no_scheduler_knows_keeps_its_line(room: Room) -> None:
    text = "day,machine,hrs,total\n2026-08-03,nobody-knows-me,24,12.34\n2026-08-03,,24,1\n"
    assert 2 == room.bring("own.csv", text, mapping=OWN).lines
    assert {"nobody-knows-me": Decimal("12.34"), "": Decimal(1)} == sums(room, Dimension.RESOURCE_ID)


def test_sums_products_words_and_rules_of_ones_own(room: Room) -> None:
    text = """
name = "acme"
day_first = true
[columns]
ChargePeriodStart = "day"
ChargePeriodEnd = "until"
ChargeCategory = "kind"
ServiceName = ["service", "team"]
ResourceName = "facts{node}"
[products]
BilledCost = ["hrs", "price"]
[sums]
EffectiveCost = ["fee", "rebate?", "nowhere?"]
[values.ChargeCategory]
f = "Purchase"
"*" = "Usage"
[drop]
ServiceName = "^svc-"
[tags]
columns = ["facts"]
prefixes = ["label."]
[[rules]]
column = "kind"
matches = "^x$"
set = { ChargeCategory = "Tax", EffectiveCost = "7" }
[[skip]]
column = "day"
matches = "^Sum"
"""
    rows = (
        "day,until,kind,service,team,hrs,price,fee,rebate,facts,label.env\n"
        '03/08/2026,04/08/2026,f,svc-a,,3,0.333333333333,5,-1.5,"{""node"": ""n1"", ""team"": ""t""}",prod\n'
        "03/08/2026,04/08/2026,x,,b,2,1,5,,,\n"
        "Sum,,,,,5,1,9,9,,\n"
    )
    receipt = room.bring("own.csv", rows, mapping=text)
    assert (2, (202608,)) == (receipt.lines, receipt.months)
    assert {"XXX": Decimal("2.999999999999")} == receipt.billed()
    assert {"Purchase": Decimal("3.5"), "Tax": Decimal(7)} == sums(
        room, Dimension.CHARGE_CATEGORY, metric=Metric.EFFECTIVE
    )
    assert {"a", "b"} == set(sums(room, Dimension.SERVICE))
    assert {"n1", ""} == set(sums(room, Dimension.RESOURCE_NAME))
    assert {("t", "prod"), ("", "")} == set(sums(room, Tag("team"), Tag("env")))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("BilledCost", "BilldCost"), "cannot map column BilldCost: .*; try BilledCost"),
        (('BilledCost = "total"', ""), "says nothing of BilledCost"),
        (('ChargePeriodStart = "day"', ""), "ChargePeriodStart or BillingPeriodStart"),
        (('"total"', "7"), "cannot read mapping of this import"),
        (("[columns]", "[columns"), "cannot read mapping of this import"),
        (('name = "acme"', 'name = "A B"'), "expected small letters"),
        (("[constants]", "[drop]\nServiceName = '('\n[constants]"), "pattern"),
        (('name = "acme"', 'name = "acme"\nextends = "nothing"'), "cannot find mapping 'nothing'"),
    ],
)
def test_a_mapping_that_cannot_be_says_what_is_wrong(room: Room, change: tuple[str, str], message: str) -> None:
    assert change[0] in OWN
    with pytest.raises(InvalidInput, match=message):
        room.bring("own.csv", "day,total\n2026-08-03,1\n", mapping=OWN.replace(*change))


@pytest.mark.parametrize(("lacks", "message"), [("total", "BilledCost"), ("day", "ChargePeriodStart")])
def test_a_file_that_lacks_what_a_line_needs_is_refused(room: Room, lacks: str, message: str) -> None:
    text = "day,machine,hrs,total\n2026-08-03,a,1,1\n".replace(lacks, "other", 1)
    expected = f"cannot map column {message}: the file has no column {lacks}; expected it among .*other.*; try"
    with pytest.raises(InvalidInput, match=expected):
        room.bring("own.csv", text, mapping=OWN)


def test_a_sum_without_one_of_its_columns_is_no_sum(room: Room) -> None:
    sums_ = OWN.replace('BilledCost = "total"', "").replace(
        "[constants]", '[sums]\nBilledCost = ["a", "b"]\n[constants]'
    )
    with pytest.raises(InvalidInput, match="cannot map column BilledCost: the file has no column b; expected"):
        room.bring("own.csv", "day,a\n2026-08-03,1\n", mapping=sums_)
    effective = OWN.replace("[constants]", '[sums]\nEffectiveCost = ["total", "b"]\n[constants]')
    receipt = room.bring("own.csv", "day,total\n2026-08-03,1\n", mapping=effective)
    assert "the file has no column b for EffectiveCost" in receipt.notes
    assert (Decimal(1), Decimal(1)) == one(room, Metric.BILLED, Metric.EFFECTIVE)


def test_tags_that_a_mapping_cannot_read_are_counted(room: Room) -> None:
    tagged = OWN + '[tags]\ncolumns = ["labels", "more"]\n'
    rows = 'day,total,labels,more\n2026-08-03,1,team:a,\n2026-08-03,2,"{""team"": ""b""}",{team=c}\n'
    receipt = room.bring("own.csv", rows, mapping=tagged)
    assert {"": Decimal(1), "c": Decimal(2)} == sums(room, Tag("team"))
    assert any(note.startswith("cannot read the tags of 1 lines: got 'team:a'") for note in receipt.notes)


def test_a_mapping_and_a_format_do_not_go_together(room: Room) -> None:
    with pytest.raises(InvalidInput, match="expected one of the two"):
        room.bring("own.csv", "day,total\n2026-08-03,1\n", mapping=OWN, format="focus")


def test_a_column_that_the_file_lacks_is_on_the_receipt(room: Room) -> None:
    receipt = room.bring("own.csv", "day,total\n2026-08-03,1\n", mapping=OWN)
    assert "the file has no column machine for ResourceId" in receipt.notes


def test_every_mapping_of_the_package_says_what_it_is(room: Room) -> None:
    found = mapping.built_in()
    assert {"azure", "azure-amortized", "google-cloud", "oci", "invoice", "coreweave", "lambda", "crusoe", "nebius"} < {
        one.name for one in found
    }
    assert all(one.about and one.assumed for one in found)
    assert all(mapping.chosen(one.name) == one for one in found)


def test_a_weekly_invoice_counts_on_the_days_that_it_is_of(room: Room) -> None:
    """Lambda bills weeks: a node of 168 hours is there, and costs, on seven days of two months."""
    invoice = (
        "Description,Quantity,Unit,Unit Price,Amount,Currency,Period Start,Period End,Instance ID\n"
        "gpu_8x_h100_sxm5 on-demand,168,instance-hours,23.92,4018.56,USD,2026-08-28,2026-09-04,train-1\n"
    )
    receipt = room.bring("lambda.csv", invoice, mapping="lambda")
    assert (1, {"USD": Decimal("4018.56")}) == (receipt.lines, receipt.exact())
    assert 7 == len(room.column("SELECT day FROM cost_lines"))
    assert {Decimal("574.08")} == {Decimal(one) for one in room.column("SELECT toString(billed_cost) FROM cost_lines")}
    assert {"24"} == set(room.column("SELECT toString(consumed_quantity) FROM cost_lines"))
