"""boto3's QuickSight against a live server: from a data source to a snapshot."""

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
        **own, DataSourceId="here", Name="Here", Type="ATHENA", DataSourceParameters={"AthenaParameters": {}}
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


def _money(arn: str) -> dict[str, Any]:
    value = {"FieldId": "cost", "Column": {"DataSetIdentifier": "d", "ColumnName": "cost"}}
    wells = {"FieldWells": {"Values": [{"NumericalMeasureField": value}]}}
    visual = {"KPIVisual": {"VisualId": "total", "ChartConfiguration": wells}}
    declared = [{"Identifier": "d", "DataSetArn": arn}]
    return {"DataSetIdentifierDeclarations": declared, "Sheets": [{"SheetId": "s", "Visuals": [visual]}]}
