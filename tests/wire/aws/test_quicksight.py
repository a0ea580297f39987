"""boto3's QuickSight against a live server: from a data source to a snapshot."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
from botocore.exceptions import ClientError

from live_server import LiveServer

pytestmark = pytest.mark.wire


def test_from_a_data_source_to_a_snapshot(server: LiveServer) -> None:
    made = {"endpoint_url": server.url, "region_name": "us-east-1", "aws_access_key_id": "a"}
    account = boto3.client("sts", **made, aws_secret_access_key="b").get_caller_identity()["Account"]
    client = boto3.client("quicksight", **made, aws_secret_access_key="b")
    own = {"AwsAccountId": account}
    source = client.create_data_source(
        **own,
        DataSourceId="here",
        Name="Here",
        Type="POSTGRESQL",
        DataSourceParameters={"PostgreSqlParameters": {"Host": "localhost", "Port": 5432, "Database": "trimtab"}},
    )
    assert (source["Status"], source["CreationStatus"]) == (202, "CREATION_SUCCESSFUL")
    query = "SELECT day, service, SUM(effective_cost) AS cost FROM costs GROUP BY day, service"
    table = {"CustomSql": {"DataSourceArn": source["Arn"], "Name": "bill", "SqlQuery": query}}
    data_set = client.create_data_set(
        **own, DataSetId="bill", Name="Bill", ImportMode="SPICE", PhysicalTableMap={"bill": table},
        Tags=[{"Key": "team", "Value": "finance"}],
    )  # fmt: skip
    client.tag_resource(ResourceArn=data_set["Arn"], Tags=[{"Key": "stage", "Value": "test"}])
    client.untag_resource(ResourceArn=data_set["Arn"], TagKeys=["team"])
    assert client.list_tags_for_resource(ResourceArn=data_set["Arn"])["Tags"] == [{"Key": "stage", "Value": "test"}]
    [ingestion] = client.list_ingestions(**own, DataSetId="bill")["Ingestions"]
    assert ingestion["IngestionStatus"] == "COMPLETED"
    dashboard = client.create_dashboard(**own, DashboardId="money", Name="Money", Definition=_money(data_set["Arn"]))
    assert dashboard["CreationStatus"] == "CREATION_SUCCESSFUL"
    told = client.describe_dashboard_definition(**own, DashboardId="money")
    assert told["Definition"]["Sheets"][0]["Visuals"][0]["KPIVisual"]["VisualId"] == "total"
    selected = [{"SheetId": "s", "SelectionScope": "ALL_VISUALS"}]
    files = {"FileGroups": [{"Files": [{"SheetSelections": selected, "FormatType": "CSV"}]}]}
    client.start_dashboard_snapshot_job(**own, DashboardId="money", SnapshotJobId="j", SnapshotConfiguration=files)
    result = client.describe_dashboard_snapshot_job_result(**own, DashboardId="money", SnapshotJobId="j")
    assert result["JobStatus"] == "COMPLETED"
    [file] = result["Result"]["RegisteredUsers"][0]["FileGroups"][0]["S3Results"]
    answer = httpx.get(server.url + "/rest" + file["S3Uri"].partition("/rest")[2], timeout=30)
    assert answer.status_code == 200
    assert "cost" in answer.text.splitlines()[0]
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.describe_dashboard(**own, DashboardId="none")
    with pytest.raises(ClientError, match="UnknownOperation"):
        client.list_topics(**own)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[LiveServer]:
    bucket = tmp_path / "bucket"
    bucket.mkdir()
    (bucket / "orders.csv").write_text("team,amount\nvision,1\nspeech,2\n")
    (bucket / "manifest.json").write_text(json.dumps({"fileLocations": [{"URIs": ["s3://mine/orders.csv"]}]}))
    settings = {"TRIMTAB_QUICKSIGHT_SOURCES": "s3://mine", "TRIMTAB_BATCH_BUCKETS": f"mine={bucket}"}
    made = LiveServer(tmp_path / "data", **settings).start()
    yield made
    made.stop()


def test_files_of_a_bucket_are_ingested_and_refreshed(shop: LiveServer) -> None:
    made = {"endpoint_url": shop.url, "region_name": "us-east-1", "aws_access_key_id": "a"}
    account = boto3.client("sts", **made, aws_secret_access_key="b").get_caller_identity()["Account"]
    client = boto3.client("quicksight", **made, aws_secret_access_key="b")
    own = {"AwsAccountId": account}
    lake = client.create_data_source(
        **own, DataSourceId="lake", Name="L", Type="ATHENA", DataSourceParameters={"AthenaParameters": {}}
    )
    assert lake["CreationStatus"] == "CREATION_FAILED"
    error = client.describe_data_source(**own, DataSourceId="lake")["DataSource"]["ErrorInfo"]
    assert error["Type"] == "COPY_SOURCE_NOT_FOUND"
    place = {"S3Parameters": {"ManifestFileLocation": {"Bucket": "mine", "Key": "manifest.json"}}}
    source = client.create_data_source(**own, DataSourceId="shop", Name="Shop", Type="S3", DataSourceParameters=place)
    assert source["CreationStatus"] == "CREATION_SUCCESSFUL"
    columns = [{"Name": name, "Type": "STRING"} for name in ("team", "amount")]
    table = {"S3Source": {"DataSourceArn": source["Arn"], "InputColumns": columns}}
    orders = {**own, "DataSetId": "orders"}
    client.create_data_set(**orders, Name="Orders", ImportMode="SPICE", PhysicalTableMap={"o": table})
    client.create_ingestion(**orders, IngestionId="now")
    ingestion = client.describe_ingestion(**orders, IngestionId="now")["Ingestion"]
    assert (ingestion["IngestionStatus"], ingestion["RowInfo"]["RowsIngested"]) == ("COMPLETED", 2)
    with pytest.raises(client.exceptions.InvalidParameterValueException, match="it is COMPLETED"):
        client.cancel_ingestion(**orders, IngestionId="now")
    daily = {"Interval": "DAILY", "TimeOfTheDay": "06:00", "Timezone": "Europe/Berlin"}
    schedule = {"ScheduleId": "s", "ScheduleFrequency": daily, "RefreshType": "FULL_REFRESH"}
    arn = client.create_refresh_schedule(**orders, Schedule=schedule)["Arn"]
    assert arn == f"arn:aws:quicksight:us-east-1:{account}:dataset/orders/refresh-schedule/s"
    with pytest.raises(client.exceptions.ResourceExistsException):
        client.create_refresh_schedule(**orders, Schedule=schedule)
    client.update_refresh_schedule(**orders, Schedule={**schedule, "ScheduleFrequency": {"Interval": "HOURLY"}})
    told = client.describe_refresh_schedule(**orders, ScheduleId="s")["RefreshSchedule"]
    assert client.list_refresh_schedules(**orders)["RefreshSchedules"] == [told]
    assert told["ScheduleFrequency"] == {"Interval": "HOURLY"}
    client.delete_refresh_schedule(**orders, ScheduleId="s")
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.describe_refresh_schedule(**orders, ScheduleId="s")
    client.delete_data_source(**own, DataSourceId="shop")


def _money(arn: str) -> dict[str, Any]:
    value = {"FieldId": "cost", "Column": {"DataSetIdentifier": "d", "ColumnName": "cost"}}
    wells = {"FieldWells": {"Values": [{"NumericalMeasureField": value}]}}
    visual = {"KPIVisual": {"VisualId": "total", "ChartConfiguration": wells}}
    declared = [{"Identifier": "d", "DataSetArn": arn}]
    return {"DataSetIdentifierDeclarations": declared, "Sheets": [{"SheetId": "s", "Visuals": [visual]}]}
