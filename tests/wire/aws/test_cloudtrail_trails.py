"""boto3 against CloudTrail's trails, selectors, tags, event data stores and Lake queries."""

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from live_server import LiveServer
from made_audit import record
from patience import until
from trimtab.base.clock import SystemClock

pytestmark = pytest.mark.wire
CHANNEL = "arn:aws:cloudtrail:us-east-1:123456789012:channel/one"


def client(server: LiveServer, service: str = "cloudtrail", region: str = "us-east-1") -> Any:
    return boto3.client(
        service,
        endpoint_url=server.url,
        region_name=region,
        aws_access_key_id="AKIATEST",
        aws_secret_access_key="x",
        config=Config(retries={"max_attempts": 0}),
    )


def failing(asked: Callable[[], object]) -> str:
    with pytest.raises(ClientError) as problem:
        asked()
    return str(problem.value.response["Error"]["Code"])


def test_a_trail_is_made_changed_described_and_deleted(server: LiveServer) -> None:
    trail = client(server)
    made = trail.create_trail(
        Name="wire", S3BucketName="audit-wire", S3KeyPrefix="a", EnableLogFileValidation=True,
        TagsList=[{"Key": "team", "Value": "x"}],
    )  # fmt: skip
    arn = made["TrailARN"]
    assert arn == "arn:aws:cloudtrail:us-east-1:123456789012:trail/wire"
    assert (made["LogFileValidationEnabled"], made["IncludeGlobalServiceEvents"]) == (True, True)
    assert trail.get_trail_status(Name="wire")["IsLogging"] is False
    trail.start_logging(Name=arn)
    status = trail.get_trail_status(Name=arn)
    assert (status["IsLogging"], "StartLoggingTime" in status) == (True, True)
    changed = trail.update_trail(Name="wire", IsMultiRegionTrail=True, S3KeyPrefix="")
    assert (changed["IsMultiRegionTrail"], "S3KeyPrefix" in changed) == (True, False)
    (elsewhere,) = client(server, region="eu-west-1").describe_trails(trailNameList=[arn])["trailList"]
    assert (elsewhere["HomeRegion"], elsewhere["HasCustomEventSelectors"]) == ("us-east-1", False)
    assert {"TrailARN": arn, "Name": "wire", "HomeRegion": "us-east-1"} in trail.list_trails()["Trails"]
    trail.add_tags(ResourceId=arn, TagsList=[{"Key": "env", "Value": "prod"}])
    trail.remove_tags(ResourceId=arn, TagsList=[{"Key": "team"}])
    assert trail.list_tags(ResourceIdList=[arn])["ResourceTagList"][0]["TagsList"] == [{"Key": "env", "Value": "prod"}]
    trail.stop_logging(Name="wire")
    trail.delete_trail(Name="wire")
    assert failing(lambda: trail.get_trail(Name="wire")) == "TrailNotFoundException"


def test_wrong_trails_have_cloudtrails_own_errors(server: LiveServer) -> None:
    trail = client(server)
    trail.create_trail(Name="twice", S3BucketName="audit-wire")
    assert failing(lambda: trail.create_trail(Name="twice", S3BucketName="audit-wire")) == "TrailAlreadyExistsException"
    assert failing(lambda: trail.create_trail(Name="a..b", S3BucketName="bucket")) == "InvalidTrailNameException"
    assert failing(lambda: trail.create_trail(Name="abc", S3BucketName="No")) == "InvalidS3BucketNameException"
    away = partial(trail.create_trail, Name="abc", S3BucketName="bkt", S3KeyPrefix="../x")
    assert failing(away) == "InvalidS3PrefixException"
    assert failing(lambda: trail.get_trail(Name="arn:aws:s3:::x")) == "CloudTrailARNInvalidException"
    trail.delete_trail(Name="twice")


def test_selectors_are_kept_as_they_were_put(server: LiveServer) -> None:
    trail = client(server)
    trail.create_trail(Name="select", S3BucketName="audit-wire")
    (default,) = trail.get_event_selectors(TrailName="select")["EventSelectors"]
    assert (default["ReadWriteType"], default["IncludeManagementEvents"]) == ("All", True)
    fields = [{"Field": "eventCategory", "Equals": ["Management"]}, {"Field": "readOnly", "Equals": ["false"]}]
    advanced = [{"Name": "writes", "FieldSelectors": fields}]
    trail.put_event_selectors(TrailName="select", AdvancedEventSelectors=advanced)
    assert trail.get_event_selectors(TrailName="select")["AdvancedEventSelectors"] == advanced
    wrong = [{"FieldSelectors": [{"Field": "eventName", "Equals": ["x"]}]}]
    put = partial(trail.put_event_selectors, TrailName="select", AdvancedEventSelectors=wrong)
    assert failing(put) == "InvalidEventSelectorsException"
    assert failing(lambda: trail.get_insight_selectors(TrailName="select")) == "InsightNotEnabledException"
    trail.put_insight_selectors(TrailName="select", InsightSelectors=[{"InsightType": "ApiCallRateInsight"}])
    assert trail.get_insight_selectors(TrailName="select")["InsightSelectors"] == [
        {"InsightType": "ApiCallRateInsight"}
    ]
    assert trail.get_trail(Name="select")["Trail"]["HasInsightSelectors"] is True
    trail.delete_trail(Name="select")


def test_a_lake_query_reads_an_event_data_store(server: LiveServer) -> None:
    trail = client(server)
    now = SystemClock().now_ms()
    made = [record(now - n, f"lake-{n}", eventName="LakeCall", requestParameters={"n": n}) for n in range(5)]
    entries = [{"id": str(n), "eventData": json.dumps(one)} for n, one in enumerate(made)]
    client(server, "cloudtrail-data").put_audit_events(auditEvents=entries, channelArn=CHANNEL)
    store = trail.create_event_data_store(Name="lake-wire", TerminationProtectionEnabled=False)
    id_ = store["EventDataStoreArn"].rpartition("/")[2]
    text = f"SELECT eventID, userIdentity.userName AS who FROM {id_} WHERE eventName = 'LakeCall' ORDER BY 1 LIMIT 3"
    query = trail.start_query(QueryStatement=text)["QueryId"]
    found: dict[str, Any] = {}

    def ended() -> bool:
        found.update(trail.get_query_results(QueryId=query))
        return found["QueryStatus"] != "RUNNING"

    until(ended, "the query does not end")
    assert found["QueryStatus"] == "FINISHED", found
    rows = [{key: value for cell in row for key, value in cell.items()} for row in found["QueryResultRows"]]
    assert rows == [{"eventID": f"lake-{n}", "who": "alice"} for n in range(3)]
    assert trail.describe_query(QueryId=query)["QueryStatistics"]["EventsMatched"] == 3
    assert [one["QueryId"] for one in trail.list_queries(EventDataStore=id_)["Queries"]] == [query]
    assert failing(lambda: trail.cancel_query(QueryId=query)) == "InactiveQueryException"
    assert failing(lambda: trail.start_query(QueryStatement="DROP TABLE x")) == "InvalidQueryStatementException"
    unknown = "SELECT 1 FROM 11111111-2222-3333-4444-555555555555"
    assert failing(lambda: trail.start_query(QueryStatement=unknown)) == "EventDataStoreNotFoundException"
    trail.update_event_data_store(EventDataStore=id_, RetentionPeriod=30)
    assert trail.get_event_data_store(EventDataStore=id_)["RetentionPeriod"] == 30
    trail.delete_event_data_store(EventDataStore=id_)
    assert trail.get_event_data_store(EventDataStore=id_)["Status"] == "PENDING_DELETION"
    assert trail.restore_event_data_store(EventDataStore=id_)["Status"] == "ENABLED"
    trail.delete_event_data_store(EventDataStore=id_)


def test_public_keys_are_listed(server: LiveServer) -> None:
    assert isinstance(client(server).list_public_keys()["PublicKeyList"], list)
