"""Exports that are delivered: what is written comes back the same, each change is written once, failures are told."""

import asyncio
import csv
import gzip
import io
import json
import shutil
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.unit.costs.bills import CUR2, one, table
from tests.unit.costs.conftest import Room, run
from tests.unit.costs.test_aws_readers import COMMITMENTS

from trimtab.base.clock import ManualClock
from trimtab.base.errors import Conflict, NotFound, Unavailable
from trimtab.costs.delivery.model import Definition, Kind, Status
from trimtab.costs.delivery.room import BillExports, arn_of
from trimtab.costs.model import Metric
from trimtab.store.state.database import State

ALL = (
    Metric.BILLED,
    Metric.EFFECTIVE,
    Metric.LIST,
    Metric.NET_AMORTIZED,
    Metric.COMMITMENT_TOTAL,
    Metric.COMMITMENT_USED,
)
TAGGED = {"line_item_line_item_type": "Usage", "line_item_unblended_cost": "0.25", "identity_line_item_id": "tagged"}
TAGS = {"resource_tags": '{"user_team": "vision", "aws:createdBy": "me"}', "line_item_resource_id": "i-1"}


PARQUET = {"Format": "PARQUET", "Compression": "PARQUET", "Overwrite": "CREATE_NEW_REPORT"}
OF_REPORTS = {"Format": "Parquet", "Compression": "Parquet", "ReportVersioning": "OVERWRITE_REPORT"}
BILL = table(CUR2, *COMMITMENTS, TAGGED | TAGS)


def export(query: str, **how: Any) -> dict[str, Any]:
    configured = how.pop("configured", {})
    output = {"OutputType": "CUSTOM", "Format": "TEXT_OR_CSV", "Compression": "GZIP", "Overwrite": "OVERWRITE_REPORT"}
    place = {"S3Bucket": "bills", "S3Prefix": "out", "S3Region": "us-east-1", "S3OutputConfigurations": output | how}
    return {
        "Name": "costs",
        "DataQuery": {"QueryStatement": query, "TableConfigurations": configured},
        "DestinationConfigurations": {"S3Destination": place},
        "RefreshCadence": {"Frequency": "SYNCHRONOUS"},
    }


def report(**how: Any) -> dict[str, Any]:
    base = {"ReportName": "costs", "TimeUnit": "HOURLY", "Format": "textORcsv", "Compression": "GZIP"}
    base |= {"S3Bucket": "bills", "S3Prefix": "cur", "S3Region": "us-east-1"}
    return base | {"AdditionalSchemaElements": ["RESOURCES"], "ReportVersioning": "CREATE_NEW_REPORT"} | how


def definition(kind: Kind, form: dict[str, Any]) -> Definition:
    return Definition(arn_of(kind, "123456789012", "us-east-1", "costs", "1"), "123456789012", kind, "costs", form, {})


class Place:
    """A bucket that is a folder, or one that does not answer."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.away = False

    def write(self, bucket: str, key: str, content: bytes) -> None:
        if self.away:
            raise Unavailable("the bucket does not answer")
        path = self.folder / bucket / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    def files(self) -> dict[str, bytes]:
        return {
            path.relative_to(self.folder).as_posix(): path.read_bytes()
            for path in sorted(self.folder.rglob("*"))
            if path.is_file()
        }


class Exporting:
    """Exports over the bill of `room`."""

    def __init__(self, room: Room, state: State, folder: Path) -> None:
        self.bill = room
        self.place = Place(folder)
        self.clock = ManualClock()
        self.room = BillExports.of(state, room.telemetry, room.ledger, self.clock, self.place.write)

    def make(self, kind: Kind, form: dict[str, Any]) -> Definition:
        return run(self.room.create(definition(kind, form)))

    def turn(self) -> None:
        run(self.room.deliverer.turn(self.clock.now_ms()))

    def rows(self) -> list[dict[str, str]]:
        [name] = [name for name in self.place.files() if name.endswith(".csv.gz")]
        return list(csv.DictReader(io.StringIO(gzip.decompress(self.place.files()[name]).decode())))

    def back(self) -> tuple[Decimal, ...]:
        """The bill's sums after what was delivered was imported in its place."""
        self.bill.take(self.place.folder / "bills", source="again", add=True)
        self.bill.importer.drop(str(self.bill.folder / "bill.csv"))
        return one(self.bill, *ALL)

    def clear(self, made: Definition) -> None:
        """Let go of a definition and its files, and have the first bill again."""
        run(self.room.store.delete(made.arn))
        shutil.rmtree(self.place.folder)
        self.bill.importer.drop("again")
        self.bill.bring("bill.csv", BILL)


@pytest.fixture
def exporting(room: Room, state: State, tmp_path: Path) -> Exporting:
    room.bring("bill.csv", BILL)
    return Exporting(room, state, tmp_path / "exports")


def test_what_is_delivered_comes_back_with_every_sum_and_its_tags(exporting: Exporting) -> None:
    whole = "SELECT * FROM COST_AND_USAGE_REPORT"
    before = one(exporting.bill, *ALL)
    for kind, form, tags in (
        (Kind.EXPORT, export(whole), ["aws:createdBy", "team"]),
        (Kind.EXPORT, export(whole, **PARQUET), ["aws:createdBy", "team"]),
        (Kind.REPORT, report(), ["aws:createdBy", "team"]),
        (Kind.REPORT, report(**OF_REPORTS), ["aws_createdby", "team"]),  # Parquet has no other signs in its names
    ):
        made = exporting.make(kind, form)
        exporting.turn()
        assert exporting.back() == before
        assert tags == exporting.bill.column("SELECT DISTINCT arrayJoin(mapKeys(tags)) AS k FROM cost_lines ORDER BY k")
        exporting.clear(made)


def test_a_query_chooses_renames_and_filters(exporting: Exporting) -> None:
    made = exporting.make(Kind.EXPORT, export("SELECT BilledCost, EffectiveCost, ChargeCategory FROM FOCUS_1_2_AWS"))
    exporting.turn()
    billed, effective = one(exporting.bill, Metric.BILLED, Metric.EFFECTIVE)
    rows = exporting.rows()
    assert ["BilledCost", "EffectiveCost", "ChargeCategory"] == list(rows[0])
    assert (billed, effective) == tuple(sum(Decimal(row[name]) for row in rows) for name in list(rows[0])[:2])
    run(exporting.room.store.delete(made.arn))
    query = (
        "SELECT line_item_unblended_cost AS cost, resource_tags.user_team AS team FROM COST_AND_USAGE_REPORT "
        "WHERE resource_tags.user_team IN ('vision', 'speech') AND line_item_unblended_cost > 0 "
        "AND line_item_usage_start_date >= '2026-08-01' LIMIT 5"
    )
    exporting.make(Kind.EXPORT, export(query))
    exporting.turn()
    assert [{"cost": "0.250000000000", "team": "vision"}] == exporting.rows()


def test_lines_of_a_day_or_month_are_put_together(exporting: Exporting) -> None:
    hours = [
        TAGGED | {"identity_line_item_id": f"h{hour}", "line_item_usage_start_date": f"2026-08-05T{hour:02d}:00:00Z",
                  "line_item_usage_end_date": f"2026-08-05T{hour + 1:02d}:00:00Z"}
        for hour in range(4)
    ]  # fmt: skip
    exporting.bill.bring("bill.csv", table(CUR2, *hours))
    query = "SELECT line_item_usage_start_date, line_item_unblended_cost FROM COST_AND_USAGE_REPORT"
    for grain, day in (("DAILY", "2026-08-05T00:00:00Z"), ("MONTHLY", "2026-08-01T00:00:00Z")):
        configured = {"COST_AND_USAGE_REPORT": {"TIME_GRANULARITY": grain}}
        made = exporting.make(Kind.EXPORT, export(query, configured=configured))
        exporting.turn()
        assert [{"line_item_usage_start_date": day, "line_item_unblended_cost": "1.000000000000"}] == exporting.rows()
        run(exporting.room.store.delete(made.arn))


def test_a_bill_that_changed_is_delivered_again_once(exporting: Exporting) -> None:
    made = exporting.make(Kind.EXPORT, export("SELECT line_item_unblended_cost FROM COST_AND_USAGE_REPORT"))
    exporting.turn()
    exporting.turn()
    assert [(202608,)] == [one.months for one in run(exporting.room.store.executions(made.arn))]
    exporting.clock.advance(60)
    exporting.bill.bring("bill.csv", table(CUR2, TAGGED))
    exporting.turn()
    ran = run(exporting.room.store.executions(made.arn))
    assert [Status.DELIVERED, Status.DELIVERED] == [one.status for one in ran]
    assert [{"line_item_unblended_cost": "0.250000000000"}] == exporting.rows()
    manifest = json.loads(
        exporting.place.files()["bills/out/costs/metadata/BILLING_PERIOD=2026-08/costs-Manifest.json"]
    )
    assert (ran[0].id, 1) == (manifest["executionId"], len(ran[0].files))
    assert [f"s3://bills/{key}" for key in ran[0].files] == manifest["dataFiles"]
    # A delivery that fails says so, and is tried again later.
    exporting.clock.advance(60)
    exporting.bill.bring("bill.csv", BILL)
    exporting.place.away = True
    exporting.turn()
    exporting.turn()
    failed = run(exporting.room.store.executions(made.arn))[0]
    assert 3 == len(run(exporting.room.store.executions(made.arn)))
    assert (Status.DELIVERY_FAILED, "the bucket does not answer") == (failed.status, failed.problem)
    exporting.place.away = False
    exporting.clock.advance(16 * 60)
    exporting.turn()
    assert Status.DELIVERED is run(exporting.room.store.executions(made.arn))[0].status


def test_an_account_sees_its_own_lines_under_names_of_its_own(exporting: Exporting) -> None:
    other = TAGGED | {"line_item_usage_account_id": "300000000003", "bill_payer_account_id": "300000000003"}
    exporting.bill.bring("bill.csv", table(CUR2, TAGGED, other | {"line_item_unblended_cost": "7"}))
    form = export("SELECT line_item_unblended_cost FROM COST_AND_USAGE_REPORT")
    bound = definition(Kind.EXPORT, form)
    run(exporting.room.create(Definition(**{**_fields(bound), "accounts": ("300000000003",)})))
    exporting.turn()
    assert [{"line_item_unblended_cost": "7.000000000000"}] == exporting.rows()

    made = exporting.make(Kind.REPORT, report())
    with pytest.raises(Conflict):
        exporting.make(Kind.REPORT, report())
    asyncio.run(exporting.room.store.delete(made.arn))
    with pytest.raises(NotFound):
        run(exporting.room.store.get(made.arn))


def _fields(one: Definition) -> dict[str, Any]:
    return {name: getattr(one, name) for name in Definition.__struct_fields__}
