"""Tables elsewhere: files of buckets and PostgreSQL, read as data sets, each time anew and by schedules."""

import asyncio
import gzip
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.pool import NullPool

from made_datasets import A, B
from made_quicksight import ADMIN, HERE, OF_A, QuickSight, run
from postgres_server import postgres_running
from trimtab.access.principal import Principal, Role
from trimtab.access.scope import RowRule, Scope
from trimtab.base.clock import to_ms
from trimtab.base.errors import InvalidInput, SetupError
from trimtab.doors.aws.faults import AwsError
from trimtab.reports.datasets.query import Query
from trimtab.reports.quicksight.allowed import Allowed, read_allowed
from trimtab.reports.quicksight.credentials import Pair
from trimtab.reports.quicksight.model import DATA_SOURCE, INGESTION, RUNNING, Resource, own_name
from trimtab.reports.quicksight.refresh_schedule import next_ms, schedule_of
from trimtab.store.state.database import State
from trimtab.store.telemetry.client import Telemetry

ORDERS = "day,team,amount\n2026-11-01,vision,1.50\n2026-11-02,,2.25\n2026-11-02,speech,\n"
ALL = Query((("team", "team"), ("amount", "sum(amount)"), ("n", "count()")))


class Bucket:
    """The bucket `mine`, a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()

    def put(self, name: str, body: str | bytes) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body.encode() if isinstance(body, str) else body)

    def manifest(self, *locations: dict[str, list[str]], **upload: str) -> None:
        self.put("manifest.json", json.dumps({"fileLocations": list(locations), "globalUploadSettings": upload}))


@pytest.fixture
def bucket(tmp_path: Path) -> Bucket:
    return Bucket(tmp_path / "bucket")


@pytest.fixture
def quicksight(state: State, engine: Telemetry, tmp_path: Path, bucket: Bucket) -> QuickSight:
    return QuickSight(state, engine, tmp_path / "snapshots")


def source(quicksight: QuickSight, id_: str = "shop", bucket: str = "mine", key: str = "manifest.json") -> Any:
    place = {"S3Parameters": {"ManifestFileLocation": {"Bucket": bucket, "Key": key}}}
    quicksight("CreateDataSource", DataSourceId=id_, Name=id_, Type="S3", DataSourceParameters=place)
    return quicksight("DescribeDataSource", DataSourceId=id_)["DataSource"]


def orders(quicksight: QuickSight, mode: str = "DIRECT_QUERY", **upload: Any) -> Any:
    kinds = {"day": "STRING", "team": "STRING", "amount": "STRING"}
    table = {"S3Source": {"DataSourceArn": arn("shop"), "UploadSettings": upload,
                          "InputColumns": [{"Name": name, "Type": kind} for name, kind in kinds.items()]}}  # fmt: skip
    casts = [{"CastColumnTypeOperation": {"ColumnName": "amount", "NewColumnType": "DECIMAL"}},
             {"CastColumnTypeOperation": {"ColumnName": "day", "NewColumnType": "DATETIME"}}]  # fmt: skip
    logical = {"l": {"Alias": "orders", "Source": {"PhysicalTableId": "p"}, "DataTransforms": casts}}
    return quicksight("CreateDataSet", DataSetId="orders", Name="orders", ImportMode=mode,
                      PhysicalTableMap={"p": table}, LogicalTableMap=logical)  # fmt: skip


def arn(name: str) -> str:
    return f"arn:aws:quicksight:us-east-1:{A}:datasource/{name}"


def read(quicksight: QuickSight, who: Principal = ADMIN, query: Query = ALL) -> Any:
    found = run(quicksight.datasets.read(quicksight.room.within(who, HERE), own_name("dataset", "orders"), query))
    return sorted(tuple(row.values()) for row in found.table.to_pylist())


def test_files_of_a_manifest_are_read_each_time_anew(quicksight: QuickSight, bucket: Bucket) -> None:
    bucket.put("orders/1.csv", ORDERS)
    bucket.put("orders/2.csv.gz", gzip.compress(b"team,amount,day\nvision,3,2026-11-03\n"))
    bucket.manifest({"URIPrefixes": ["s3://mine/orders/"]}, format="CSV", containsHeader="true")
    assert source(quicksight)["Status"] == "CREATION_SUCCESSFUL"
    orders(quicksight)
    columns = quicksight("DescribeDataSet", DataSetId="orders")["DataSet"]["OutputColumns"]
    assert [(one["Name"], one["Type"]) for one in columns] == [
        ("day", "DATETIME"), ("team", "STRING"), ("amount", "DECIMAL"),
    ]  # fmt: skip
    assert sorted((t or "", a, n) for t, a, n in _rows(quicksight)) == [
        ("", 2.25, 1), ("speech", None, 1), ("vision", 4.5, 2),
    ]  # fmt: skip
    bucket.put("orders/3.csv", "day,team,amount\n2026-11-03,vision,10\n")
    assert ("vision", 14.5, 3) in _rows(quicksight)


def _rows(quicksight: QuickSight, who: Principal = ADMIN) -> list[tuple[Any, ...]]:
    found = run(quicksight.datasets.read(quicksight.room.within(who, HERE), own_name("dataset", "orders"), ALL))
    return [tuple(row.values()) for row in found.table.to_pylist()]


@pytest.mark.parametrize(
    ("upload", "text_", "given"),
    [
        ({"format": "TSV"}, "day\tteam\tamount\n2026-11-01\tvision\t1\n", {}),
        ({"delimiter": ";", "textqualifier": "'"}, "day;team;amount\n2026-11-01;'vi''sion';1\n", {}),
        ({"containsHeader": "false"}, "2026-11-01,vision,1\n", {}),
        ({}, "a title\nday,team,amount\n2026-11-01,vision,1\n", {"StartFromRow": 2}),
        ({}, "2026-11-01|vision|1\n", {"ContainsHeader": False, "Delimiter": "|"}),
    ],
)
def test_how_files_are_written_is_said_by_manifest_and_table(
    quicksight: QuickSight, bucket: Bucket, upload: dict[str, str], text_: str, given: dict[str, Any]
) -> None:
    bucket.put("one.csv", text_)
    bucket.manifest({"URIs": ["https://s3.us-east-1.amazonaws.com/mine/one.csv"]}, **upload)
    source(quicksight)
    orders(quicksight, **given)
    assert [(name.replace("'", ""), amount, n) for name, amount, n in _rows(quicksight)] == [("vision", 1.0, 1)]


def test_json_has_types(quicksight: QuickSight, bucket: Bucket) -> None:
    bucket.put(
        "a.json", '{"n": 3, "ok": true, "at": "2026-11-01T06:00:00Z", "cost": 0.1, "more": {"a": 1}}\n{"n": 4}\n'
    )
    bucket.put("b.json", '[{"n": 5, "ok": "no"}]')
    bucket.manifest({"URIs": ["s3://mine/a.json", "s3://mine/b.json"]}, format="JSON")
    source(quicksight)
    kinds = {"n": "INTEGER", "ok": "BOOLEAN", "at": "DATETIME", "more": "JSON"}
    columns: list[dict[str, str]] = [{"Name": name, "Type": kind} for name, kind in kinds.items()]
    columns.append({"Name": "cost", "Type": "DECIMAL", "SubType": "FIXED"})
    table = {"S3Source": {"DataSourceArn": arn("shop"), "UploadSettings": {"Format": "JSON"}, "InputColumns": columns}}
    made: Any = {"DataSetId": "orders", "Name": "o", "ImportMode": "DIRECT_QUERY", "PhysicalTableMap": {"p": table}}
    quicksight("CreateDataSet", **made)
    rows = read(quicksight, query=Query())
    at = datetime(2026, 11, 1, 6, tzinfo=UTC)
    assert rows == [
        (3, True, at, '{"a": 1}', Decimal("0.1")), (4, None, None, None, None), (5, False, None, None, None),
    ]  # fmt: skip
    bucket.put("b.json", '[{"n": "many"}]')
    with pytest.raises(InvalidInput, match="column 'n': row 3 has 'many', which is no integer"):
        read(quicksight, query=Query())


@pytest.mark.parametrize(
    ("bucket_name", "key", "kind", "why"),
    [
        ("theirs", "manifest.json", "ACCESS_DENIED", "TRIMTAB_QUICKSIGHT_SOURCES names no place"),
        ("mine", "../secret.json", "ACCESS_DENIED", "names no place"),
        ("mine", "none.json", "COPY_SOURCE_NOT_FOUND", "there is nothing there"),
        ("mine", "broken.json", "COPY_SOURCE_NOT_FOUND", "cannot read the manifest"),
        ("mine", "empty.json", "COPY_SOURCE_NOT_FOUND", "it names no file"),
        ("mine", "leads-out.json", "ACCESS_DENIED", "s3://theirs/x.csv: TRIMTAB_QUICKSIGHT_SOURCES"),
    ],
)
def test_a_source_that_cannot_be_read_has_failed(
    quicksight: QuickSight, bucket: Bucket, bucket_name: str, key: str, kind: str, why: str
) -> None:
    bucket.put("broken.json", "{")
    bucket.put("empty.json", '{"fileLocations": [{"URIs": []}]}')
    bucket.put("leads-out.json", '{"fileLocations": [{"URIs": ["s3://theirs/x.csv"]}]}')
    told = source(quicksight, bucket=bucket_name, key=key)
    assert (told["Status"], told["ErrorInfo"]["Type"]) == ("CREATION_FAILED", kind)
    assert why in told["ErrorInfo"]["Message"]
    with pytest.raises(AwsError, match="data source 'shop' failed"):
        orders(quicksight)


def test_an_ingestion_fails_with_the_type_of_what_went_wrong(quicksight: QuickSight, bucket: Bucket) -> None:
    bucket.put("one.csv", ORDERS)
    bucket.manifest({"URIs": ["s3://mine/one.csv"]})
    source(quicksight)
    orders(quicksight, "SPICE")
    done = quicksight("CreateIngestion", DataSetId="orders", IngestionId="1")
    assert done["IngestionStatus"] == "COMPLETED"
    bucket.put("one.csv", "day,team\n2026-11-01,vision\n")
    told = _ingested(quicksight, "2")
    assert (told["IngestionStatus"], told["ErrorInfo"]["Type"]) == ("FAILED", "SQL_SCHEMA_MISMATCH_ERROR")
    (bucket.folder / "one.csv").unlink()
    assert _ingested(quicksight, "3")["ErrorInfo"]["Type"] == "S3_FILE_INACCESSIBLE"
    assert ("vision", 1.5, 1) in _rows(quicksight)  # the rows of the last ingestion that went well
    quicksight("DeleteDataSource", DataSourceId="shop")
    assert _ingested(quicksight, "4")["ErrorInfo"]["Type"] == "DATA_SOURCE_NOT_FOUND"
    with pytest.raises(AwsError, match="incremental"):
        quicksight("CreateIngestion", DataSetId="orders", IngestionId="5", IngestionType="INCREMENTAL_REFRESH")


def _ingested(quicksight: QuickSight, id_: str) -> Any:
    quicksight("CreateIngestion", DataSetId="orders", IngestionId=id_)
    return quicksight("DescribeIngestion", DataSetId="orders", IngestionId=id_)["Ingestion"]


def test_who_may_not_see_the_account_reads_nothing_of_its_tables(quicksight: QuickSight, bucket: Bucket) -> None:
    bucket.put("one.csv", ORDERS)
    bucket.manifest({"URIs": ["s3://mine/one.csv"]})
    source(quicksight)
    orders(quicksight)
    assert len(_rows(quicksight, OF_A)) == 3
    bound = Principal("row", A, Role.READ, Scope(frozenset((A,)), rows=(RowRule("team", frozenset(("vision",))),)))
    other = Principal("eve", B, Role.ADMIN, Scope(frozenset((B,))))
    _, spec = run(quicksight.datasets.open(ADMIN, own_name("dataset", "orders")))
    for who in (bound, other):
        reader = run(quicksight.datasets.teams.reader(who))
        assert run(quicksight.datasets.run(spec, reader, ALL)).table.num_rows == 0
    with pytest.raises(InvalidInput, match="`use: outside` with `outside`"):
        quicksight.datasets.check({"sources": [{"use": "outside"}]})
    table = {"source": "arn:aws:s3:::mine", "columns": {"a": "text"}}
    with pytest.raises(InvalidInput, match="ARN of a data source"):
        quicksight.datasets.check({"sources": [{"use": "outside", "outside": table}]})


@pytest.mark.parametrize(
    ("table", "why"),
    [
        ({"RelationalTable": {"Name": "t"}}, "RelationalTable is no table of a data source of S3"),
        ({"S3Source": {"UploadSettings": {"Format": "XLSX"}}}, "XLSX files are not read"),
        ({"S3Source": {"InputColumns": [{"Name": "a", "Type": "INTEGER"}]}}, "are STRING"),
        ({"S3Source": {"InputColumns": []}}, "expected the columns"),
    ],
)
def test_tables_that_files_cannot_be_are_refused(
    quicksight: QuickSight, bucket: Bucket, table: dict[str, Any], why: str
) -> None:
    bucket.manifest({"URIs": ["s3://mine/one.csv"]})
    source(quicksight)
    [(kind, given)] = table.items()
    whole = {"DataSourceArn": arn("shop"), "InputColumns": [{"Name": "a", "Type": "STRING"}], **given}
    made: Any = {
        "DataSetId": "orders",
        "Name": "o",
        "ImportMode": "DIRECT_QUERY",
        "PhysicalTableMap": {"p": {kind: whole}},
    }
    with pytest.raises(AwsError, match=why):
        quicksight("CreateDataSet", **made)


def schedule(interval: str, at: str = "", zone: str = "", **on: str) -> dict[str, Any]:
    more = ({"TimeOfTheDay": at} if at else {}) | ({"Timezone": zone} if zone else {})
    frequency = {"Interval": interval, **more, **({"RefreshOnDay": on} if on else {})}
    return {"ScheduleId": interval, "ScheduleFrequency": frequency, "RefreshType": "FULL_REFRESH"}


def test_a_refresh_schedule_reads_when_it_is_due(quicksight: QuickSight, bucket: Bucket) -> None:
    bucket.put("one.csv", ORDERS)
    bucket.manifest({"URIs": ["s3://mine/one.csv"]})
    source(quicksight)
    orders(quicksight, "SPICE")
    own: Any = {"DataSetId": "orders"}
    made = quicksight("CreateRefreshSchedule", **own, Schedule=schedule("HOURLY"))
    assert made["Arn"].endswith(":dataset/orders/refresh-schedule/HOURLY")
    told = quicksight("DescribeRefreshSchedule", **own, ScheduleId="HOURLY")["RefreshSchedule"]
    assert (told["ScheduleFrequency"], told["Arn"]) == ({"Interval": "HOURLY"}, made["Arn"])
    bucket.put("one.csv", ORDERS + "2026-11-03,vision,100\n")
    assert run(quicksight.ingestions.turn()) == 0
    assert ("vision", 1.5, 1) in _rows(quicksight)
    quicksight.clock.advance(3_600_000)
    assert run(quicksight.ingestions.turn()) == 1
    assert ("vision", 101.5, 2) in _rows(quicksight)
    newest = quicksight("ListIngestions", **own)["Ingestions"][0]
    assert (newest["RequestSource"], newest["RequestType"], newest["RowInfo"]["RowsIngested"]) == (
        "SCHEDULED", "FULL_REFRESH", 4,
    )  # fmt: skip
    assert run(quicksight.ingestions.turn()) == 0  # not again before the next hour
    quicksight("UpdateRefreshSchedule", **own, Schedule={**schedule("DAILY", "06:30"), "ScheduleId": "HOURLY"})
    listed = quicksight("ListRefreshSchedules", **own)["RefreshSchedules"]
    assert [one["ScheduleFrequency"]["TimeOfTheDay"] for one in listed] == ["06:30"]
    quicksight("DeleteRefreshSchedule", **own, ScheduleId="HOURLY")
    quicksight.clock.advance(86_400_000)
    assert run(quicksight.ingestions.turn()) == 0


def test_schedules_that_mean_nothing_are_refused(quicksight: QuickSight) -> None:
    own: Any = {"DataSourceId": "here", "Name": "Here", "Type": "MYSQL"}
    here = {"MySqlParameters": {"Host": "localhost", "Port": 3306, "Database": "x"}}
    quicksight("CreateDataSource", **own, DataSourceParameters=here)
    quicksight.bill(ImportMode="SPICE")
    quicksight.bill("live")
    with pytest.raises(AwsError, match="not in SPICE"):
        quicksight("CreateRefreshSchedule", DataSetId="live", Schedule=schedule("HOURLY"))
    with pytest.raises(AwsError) as unmet:
        given = {**schedule("HOURLY"), "RefreshType": "INCREMENTAL_REFRESH"}
        quicksight("CreateRefreshSchedule", DataSetId="bill", Schedule=given)
    assert unmet.value.code == "PreconditionNotMetException"
    quicksight("CreateRefreshSchedule", DataSetId="bill", Schedule=schedule("HOURLY"))
    with pytest.raises(AwsError, match="has an hourly one already"):
        quicksight("CreateRefreshSchedule", DataSetId="bill", Schedule={**schedule("HOURLY"), "ScheduleId": "2"})
    for at in range(4):
        given = {**schedule("DAILY", "06:00"), "ScheduleId": f"d{at}"}
        quicksight("CreateRefreshSchedule", DataSetId="bill", Schedule=given)
    with pytest.raises(AwsError) as many:
        quicksight(
            "CreateRefreshSchedule", DataSetId="bill", Schedule={**schedule("DAILY", "06:00"), "ScheduleId": "x"}
        )
    assert many.value.code == "LimitExceededException"
    with pytest.raises(AwsError) as none:
        quicksight("DescribeRefreshSchedule", DataSetId="bill", ScheduleId="none")
    assert none.value.code == "ResourceNotFoundException"


@pytest.mark.parametrize(
    ("given", "due"),
    [
        (schedule("HOURLY"), "2026-11-04T01:00"),
        (schedule("DAILY", "06:30"), "2026-11-04T06:30"),
        (schedule("DAILY", "23:00", "America/New_York"), "2026-11-04T04:00"),
        (schedule("WEEKLY", "06:00", DayOfWeek="MONDAY"), "2026-11-09T06:00"),
        (schedule("MONTHLY", "06:00", DayOfMonth="15"), "2026-11-15T06:00"),
        (schedule("MONTHLY", "06:00", DayOfMonth="LAST_DAY_OF_MONTH"), "2026-11-30T06:00"),
    ],
)
def test_when_a_schedule_is_due(given: dict[str, Any], due: str) -> None:
    now = to_ms(datetime(2026, 11, 4, tzinfo=UTC))
    one = Resource(HERE, "refresh-schedule", "s", form=given, created_ms=now)
    expected = to_ms(datetime.fromisoformat(due).replace(tzinfo=UTC))
    assert next_ms(one, now) == expected
    later = expected + 1
    after = Resource(HERE, "refresh-schedule", "s", form={**given, "StartAfterDateTime": later}, created_ms=now)
    assert next_ms(after, now) >= later


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (schedule("MINUTE15"), "incremental"),
        (schedule("DAILY"), "needs TimeOfTheDay"),
        (schedule("DAILY", "24:00"), "needs TimeOfTheDay"),
        (schedule("WEEKLY", "06:00"), "DayOfWeek"),
        (schedule("MONTHLY", "06:00", DayOfMonth="31"), "1 to 28"),
        (schedule("DAILY", "06:00", "Nowhere/City"), "Nowhere"),
    ],
)
def test_frequencies_that_are_never_due(given: dict[str, Any], why: str) -> None:
    with pytest.raises(InvalidInput, match=why):
        schedule_of(given, 0)


def test_an_ingestion_that_runs_can_be_cancelled(quicksight: QuickSight, bucket: Bucket) -> None:
    bucket.put("one.csv", ORDERS)
    bucket.manifest({"URIs": ["s3://mine/one.csv"]})
    source(quicksight)
    orders(quicksight, "SPICE")
    with pytest.raises(AwsError, match="it is COMPLETED"):
        [done] = quicksight("ListIngestions", DataSetId="orders")["Ingestions"]
        quicksight("CancelIngestion", DataSetId="orders", IngestionId=done["IngestionId"])
    started, ended = asyncio.Event(), []

    async def slow(_: object) -> Any:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(True)

    async def cancelled() -> Resource:
        quicksight.datasets.reader.outside = slow
        one = await quicksight.room.store.get(HERE, "dataset", "orders")
        begun = asyncio.ensure_future(quicksight.ingestions.begin(one, "slow", "FULL_REFRESH", ADMIN))
        await started.wait()
        await quicksight.ingestions.cancel(await quicksight.room.store.get(HERE, INGESTION, "slow", "orders"))
        return await begun

    assert run(cancelled()).status == "CANCELLED"
    told = quicksight("DescribeIngestion", DataSetId="orders", IngestionId="slow")["Ingestion"]
    assert (told["IngestionStatus"], told["ErrorInfo"]["Type"]) == ("CANCELLED", "INGESTION_CANCELED")
    assert ("vision", 1.5, 1) in _rows(quicksight)  # the extract that was there


def test_what_a_process_left_when_it_died_has_failed(quicksight: QuickSight, bucket: Bucket) -> None:
    bucket.put("one.csv", ORDERS)
    bucket.manifest({"URIs": ["s3://mine/one.csv"]})
    source(quicksight)
    orders(quicksight, "SPICE")
    lost = Resource(HERE, INGESTION, "lost", parent="orders", status=RUNNING, state={"kind": "FULL_REFRESH"})
    run(quicksight.room.store.create(lost))
    run(quicksight.ingestions.turn())
    own: Any = {"DataSetId": "orders", "IngestionId": "lost"}
    assert quicksight("DescribeIngestion", **own)["Ingestion"]["IngestionStatus"] == "RUNNING"
    quicksight.clock.advance(900_001)
    run(quicksight.ingestions.turn())
    told = quicksight("DescribeIngestion", **own)["Ingestion"]
    assert (told["IngestionStatus"], told["ErrorInfo"]["Type"]) == ("FAILED", "INTERNAL_SERVICE_ERROR")


def test_places_are_read_from_the_setting() -> None:
    found = read_allowed("s3://mine/data, postgresql://db.example/shop,postgresql://Db.example:6000")
    assert found == Allowed(("s3://mine/data/",), (("db.example", 5432, "shop"), ("db.example", 6000, "")))
    assert not found.has_database("db.example", 5432, "other")
    assert found.has_database("DB.example", 6000, "any")
    found.check_object("s3://mine/data/x.csv")
    for outside in ("s3://mine/database.csv", "s3://mine/data/../x.csv", "s3://mine/data"):
        with pytest.raises(InvalidInput, match="names no place"):
            found.check_object(outside)
    for wrong in ("mine/data", "postgresql://user:secret@db/shop", "https://x", "postgresql://db:port/x"):
        with pytest.raises(SetupError, match="TRIMTAB_QUICKSIGHT_SOURCES"):
            read_allowed(wrong)


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    with postgres_running() as url:
        with create_engine(url, poolclass=NullPool).begin() as connection:
            for statement in (
                "CREATE ROLE shop LOGIN PASSWORD 'secret'",
                'CREATE TABLE "Orders" (day date, at timestamptz, team text, amount numeric(20, 4), n bigint, ok bool)',
                "INSERT INTO \"Orders\" VALUES ('2026-11-01', '2026-11-01 02:00+02', 'vision', 0.1001, 3, true), "
                "('2026-11-02', NULL, 'it''s 100%', -7, NULL, false)",
                'GRANT SELECT, INSERT ON "Orders" TO shop',
            ):
                connection.execute(text(statement))
        yield url


@pytest.fixture
def shop(state: State, engine: Telemetry, tmp_path: Path, database: str) -> QuickSight:
    url = make_url(database)
    assert url.host is not None
    assert url.port is not None
    made = QuickSight(state, engine, tmp_path / "snapshots", Allowed((), ((url.host, url.port, "postgres"),)))
    parameters = {"PostgreSqlParameters": {"Host": url.host, "Port": url.port, "Database": "postgres"}}
    answer = made("CreateDataSource", DataSourceId="shop", Name="Shop", Type="POSTGRESQL",
                  DataSourceParameters=parameters,
                  Credentials={"CredentialPair": {"Username": "shop", "Password": "secret"}})  # fmt: skip
    assert answer["CreationStatus"] == "CREATION_SUCCESSFUL", made("DescribeDataSource", DataSourceId="shop")
    return made


COLUMNS = [
    {"Name": "day", "Type": "DATETIME"}, {"Name": "at", "Type": "DATETIME"}, {"Name": "team", "Type": "STRING"},
    {"Name": "amount", "Type": "DECIMAL", "SubType": "FIXED"}, {"Name": "n", "Type": "INTEGER"},
    {"Name": "ok", "Type": "BIT"},
]  # fmt: skip


def made_of(shop: QuickSight, table: dict[str, Any], mode: str = "DIRECT_QUERY") -> Any:
    tables = {"p": {kind: {"DataSourceArn": arn("shop"), **given} for kind, given in table.items()}}
    return shop("CreateDataSet", DataSetId="orders", Name="orders", ImportMode=mode, PhysicalTableMap=tables)


def test_a_table_of_postgresql_has_its_types(shop: QuickSight) -> None:
    made_of(shop, {"RelationalTable": {"Schema": "public", "Name": "Orders", "InputColumns": COLUMNS}})
    moment = [datetime(2026, 11, day, tzinfo=UTC) for day in (1, 2)]
    assert read(shop, query=Query()) == [
        (moment[0], moment[0], "vision", Decimal("0.1001"), 3, True),
        (moment[1], None, "it's 100%", Decimal(-7), None, False),
    ]


def test_sql_of_a_database_runs_there_and_cannot_write(shop: QuickSight, database: str) -> None:
    total = "SELECT team, sum(amount) AS amount FROM \"Orders\" WHERE team LIKE 'v%' GROUP BY team -- a note"
    columns = [one for one in COLUMNS if one["Name"] in ("team", "amount")]
    made_of(shop, {"CustomSql": {"Name": "q", "SqlQuery": total, "Columns": columns}}, "SPICE")
    assert _rows(shop) == [("vision", Decimal("0.1001"), 1)]
    shop("DeleteDataSet", DataSetId="orders")
    for written in (
        "WITH x AS (INSERT INTO \"Orders\" (team, amount) VALUES ('x', 1) RETURNING team, amount) SELECT * FROM x",
        'SELECT team, amount FROM "Orders") AS t; COMMIT; INSERT INTO "Orders" (team) VALUES (\'x\'); SELECT * FROM (x',
    ):
        made_of(shop, {"CustomSql": {"Name": "q", "SqlQuery": written, "Columns": columns}})
        with pytest.raises(InvalidInput, match="cannot read PostgreSQL"):
            read(shop)
        shop("DeleteDataSet", DataSetId="orders")
    with create_engine(database, poolclass=NullPool).begin() as connection:
        assert connection.execute(text('SELECT count(*) FROM "Orders"')).scalar() == 2


def test_an_ingestion_says_which_table_is_missing(shop: QuickSight) -> None:
    made_of(shop, {"RelationalTable": {"Name": "none", "InputColumns": COLUMNS}}, "SPICE")
    told = _ingested(shop, "1")
    assert (told["IngestionStatus"], told["ErrorInfo"]["Type"]) == ("FAILED", "SQL_TABLE_NOT_FOUND")


def test_a_password_is_sealed_and_is_not_for_another_host(shop: QuickSight, state: State) -> None:
    one = run(shop.room.store.get(HERE, DATA_SOURCE, "shop"))
    assert run(shop.outside.credentials.of(one)) == Pair("shop", "secret")
    assert "secret" not in str(shop("DescribeDataSource", DataSourceId="shop"))
    kept = state.read_sync(lambda connection: connection.execute(text("SELECT * FROM quicksight_credentials")).all())
    assert "secret" not in str(kept)
    shop("UpdateDataSource", DataSourceId="shop", Name="Still")
    assert run(shop.outside.credentials.of(one)) == Pair("shop", "secret")
    moved = {"PostgreSqlParameters": {"Host": "evil.example", "Port": 5432, "Database": "postgres"}}
    answer = shop("UpdateDataSource", DataSourceId="shop", Name="Moved", DataSourceParameters=moved)
    assert answer["UpdateStatus"] == "UPDATE_FAILED"
    told = shop("DescribeDataSource", DataSourceId="shop")["DataSource"]["ErrorInfo"]
    assert (told["Type"], "does not name it" in told["Message"]) == ("ACCESS_DENIED", True)
    assert run(shop.outside.credentials.of(one)) is None
    shop("DeleteDataSource", DataSourceId="shop")


def test_how_a_database_refuses_is_told(shop: QuickSight) -> None:
    one = run(shop.room.store.get(HERE, DATA_SOURCE, "shop"))
    given = one.form["DataSourceParameters"]["PostgreSqlParameters"]
    for pair, kind in ((None, "ACCESS_DENIED"), (Pair("nobody", "x"), "ACCESS_DENIED")):
        problem = run(shop.outside.problem(one, pair))
        assert problem is not None
        assert problem["Type"] == kind, problem
    with pytest.raises(AwsError, match="SecretArn has no meaning"):
        shop("CreateDataSource", DataSourceId="s", Name="s", Type="POSTGRESQL", Credentials={"SecretArn": "arn:x"},
             DataSourceParameters={"PostgreSqlParameters": given})  # fmt: skip
