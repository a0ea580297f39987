"""boto3's quicksight client over made-up rows: what is counted, and whose a snapshot's file is."""

from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from starlette.applications import Starlette
from starlette.types import Receive, Scope, Send

from asgi_client import AsgiClient
from boto_in_process import client
from made_datasets import A
from made_quicksight import OF_A, SHEET, QuickSight, bars, definition
from trimtab.access.principal import LOCAL_OPERATOR, Principal
from trimtab.base.clock import SystemClock
from trimtab.doors.rest import snapshot_files
from trimtab.store.state.database import State
from trimtab.store.telemetry.client import Telemetry

OWN = {"AwsAccountId": A}


@pytest.fixture
def rooms(state: State, engine: Telemetry, tmp_path: Path) -> QuickSight:
    return QuickSight(state, engine, tmp_path / "snapshots")


@pytest.fixture
def api(rooms: QuickSight) -> Any:
    made = client(rooms.service, SystemClock(), "us-east-1")
    made.create_data_source(
        **OWN,
        DataSourceId="here",
        Name="Here",
        Type="POSTGRESQL",
        DataSourceParameters={"PostgreSqlParameters": {"Host": "localhost", "Port": 5432, "Database": "trimtab"}},
    )
    return made


def spice(api: Any, id_: str, query: str, mode: str = "SPICE") -> Any:
    arn = f"arn:aws:quicksight:us-east-1:{A}:datasource/here"
    tables = {"p": {"CustomSql": {"DataSourceArn": arn, "Name": "q", "SqlQuery": query}}}
    return api.create_data_set(**OWN, DataSetId=id_, Name=id_, ImportMode=mode, PhysicalTableMap=tables)


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ("SELECT day, team, cost FROM bill", 3),
        ("SELECT day, team, cost FROM bill WHERE team = 'vision'", 2),
        ("SELECT service, SUM(cost) AS cost FROM bill GROUP BY service", 2),
        ("SELECT day, cost FROM bill WHERE team = 'nobody'", 0),
    ],
)
def test_an_ingestion_counts_the_rows_that_were_read(api: Any, query: str, rows: int) -> None:
    spice(api, "bill", query)
    made = api.create_ingestion(**OWN, DataSetId="bill", IngestionId="again", IngestionType="FULL_REFRESH")
    assert (201, "COMPLETED") == (made["Status"], made["IngestionStatus"])
    told = api.describe_ingestion(**OWN, DataSetId="bill", IngestionId="again")["Ingestion"]
    assert {"RowsIngested": rows, "RowsDropped": 0, "TotalRowsInDataset": rows} == told["RowInfo"]
    with pytest.raises(ClientError) as taken:
        api.create_ingestion(**OWN, DataSetId="bill", IngestionId="again")
    assert "ResourceExistsException" == taken.value.response["Error"]["Code"]


def test_what_is_not_in_spice_has_no_ingestions(api: Any) -> None:
    spice(api, "live", "SELECT day, cost FROM bill", "DIRECT_QUERY")
    with pytest.raises(ClientError, match="not in SPICE") as refused:
        api.create_ingestion(**OWN, DataSetId="live", IngestionId="one")
    assert "InvalidParameterValueException" == refused.value.response["Error"]["Code"]
    assert refused.value.response["RequestId"] == refused.value.response["ResponseMetadata"]["RequestId"]


def test_an_analysis_is_made_told_listed_and_deleted(api: Any) -> None:
    spice(api, "bill", "SELECT day, team, cost FROM bill")
    asked = {**OWN, "AnalysisId": "a"}
    made = api.create_analysis(**asked, Name="Money", Definition=definition(bars("one")))
    assert f"arn:aws:quicksight:us-east-1:{A}:analysis/a" == made["Arn"]
    with pytest.raises(api.exceptions.ResourceExistsException):
        api.create_analysis(**asked, Name="Again", Definition=definition(bars("one")))
    told = api.describe_analysis(**asked)["Analysis"]
    assert ("Money", [f"arn:aws:quicksight:us-east-1:{A}:dataset/bill"]) == (told["Name"], told["DataSetArns"])
    assert ["a"] == [one["AnalysisId"] for one in api.list_analyses(**OWN)["AnalysisSummaryList"]]
    with pytest.raises(ClientError, match="exclude each other"):
        api.delete_analysis(**asked, RecoveryWindowInDays=7, ForceDeleteWithoutRecovery=True)
    assert "a" == api.delete_analysis(**asked)["AnalysisId"]
    assert [] == api.list_analyses(**OWN)["AnalysisSummaryList"]
    with pytest.raises(api.exceptions.ResourceNotFoundException):
        api.describe_analysis(**asked)


def test_a_data_set_takes_another_query(api: Any) -> None:
    spice(api, "bill", "SELECT day, cost FROM bill", "DIRECT_QUERY")
    tables = {"p": {"CustomSql": {"DataSourceArn": f"arn:aws:quicksight:us-east-1:{A}:datasource/here", "Name": "q",
                                  "SqlQuery": "SELECT day, team, cost FROM bill"}}}  # fmt: skip
    asked = {**OWN, "DataSetId": "bill"}
    api.update_data_set(**asked, Name="Bill", ImportMode="DIRECT_QUERY", PhysicalTableMap=tables)
    told = api.describe_data_set(**asked)["DataSet"]
    assert ("Bill", tables) == (told["Name"], told["PhysicalTableMap"])


def test_permissions_of_a_dashboard_are_granted_and_revoked(api: Any) -> None:
    spice(api, "bill", "SELECT day, team, cost FROM bill")
    api.create_dashboard(**OWN, DashboardId="d", Name="Money", Definition=definition(bars("one")))
    asked = {**OWN, "DashboardId": "d"}
    granted = [{"Principal": f"arn:aws:quicksight:us-east-1:{A}:user/default/bob",
                "Actions": ["quicksight:DescribeDashboard"]}]  # fmt: skip
    assert granted == api.update_dashboard_permissions(**asked, GrantPermissions=granted)["Permissions"]
    assert granted == api.describe_dashboard_permissions(**asked)["Permissions"]
    assert [] == api.update_dashboard_permissions(**asked, RevokePermissions=granted)["Permissions"]


def test_the_url_of_a_snapshot_gives_its_file_to_who_had_it_made(api: Any, rooms: QuickSight) -> None:
    spice(api, "bill", "SELECT day, team, cost FROM bill")
    api.create_dashboard(**OWN, DashboardId="d", Name="Money", Definition=definition(bars("one")))
    files = [{"Files": [{"SheetSelections": SHEET, "FormatType": one}]} for one in ("CSV", "PDF")]
    asked = {**OWN, "DashboardId": "d", "SnapshotJobId": "j"}
    api.start_dashboard_snapshot_job(**asked, SnapshotConfiguration={"FileGroups": files})
    assert "COMPLETED" == api.describe_dashboard_snapshot_job(**asked)["JobStatus"]
    groups = api.describe_dashboard_snapshot_job_result(**asked)["Result"]["RegisteredUsers"][0]["FileGroups"]
    csv, pdf = (one["S3Results"][0]["S3Uri"].removeprefix("https://t.example") for one in groups)
    whose = fetching(rooms, LOCAL_OPERATOR)
    told = whose.get(csv)
    assert (200, "attachment") == (told.status_code, told.headers["content-disposition"].partition(";")[0])
    assert "vision,13.4" in told.text
    assert whose.get(pdf).content.startswith(b"%PDF")
    for path in (csv, pdf):
        assert 404 == fetching(rooms, OF_A).get(path).status_code


def fetching(rooms: QuickSight, who: Principal) -> AsgiClient:
    """A client of the route of snapshots, let in as `who`."""
    site = Starlette(routes=snapshot_files.routes(rooms.snapshots))

    async def as_who(scope: Scope, receive: Receive, send: Send) -> None:
        await site({**scope, "state": {"principal": who}}, receive, send)

    return AsgiClient(as_who)
