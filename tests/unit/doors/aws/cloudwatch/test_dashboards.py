"""Dashboards by boto3, over each protocol: what is stored comes back, faults are named as AWS names them."""

import json
import struct
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.unit.doors.aws.cloudwatch.conftest import AlarmWorld
from tests.unit.doors.aws.cloudwatch.recorded import assert_like, recorded

from trimtab.base.records import replace
from trimtab.doors.aws.cloudwatch.service import build
from trimtab.doors.aws.gateway import Gateway, GatewayOptions
from trimtab.metrics.expressions.evaluate import check
from trimtab.reports.dashboards.alarm_source import AlarmSource
from trimtab.reports.dashboards.data import WidgetReader
from trimtab.reports.dashboards.room import DashboardRoom
from trimtab.reports.dashboards.shares import ShareStore
from trimtab.reports.dashboards.store import DashboardStore

ACCOUNT = "123456789012"
METRIC: dict[str, Any] = {"metrics": [["Shop", "Latency", "Service", "cart"]], "region": "us-east-1"}
ALARM = {"MetricName": "Latency", "Namespace": "Shop", "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 1}


def body(*properties: dict[str, Any]) -> str:
    return json.dumps({"widgets": [{"type": "metric", "properties": one} for one in properties or (METRIC,)]})


@pytest.fixture(params=("query", "json", "smithy-rpc-v2-cbor"))
def client(request: pytest.FixtureRequest, alarm_world: AlarmWorld, serve: Any, make_client: Any) -> Any:
    world = alarm_world
    room = DashboardRoom(
        store=DashboardStore(world.database, world.clock),
        shares=ShareStore(world.database, world.clock),
        widgets=WidgetReader(
            world.rooms.evaluator, check, world.registry, world.clock, None, AlarmSource(world.alarms.store)
        ),
        finder=world.registry,
        clock=world.clock,
        account=ACCOUNT,
    )
    services = (build(replace(world.rooms, dashboards=room)),)
    gateway = Gateway(GatewayOptions(services, world.keys, world.clock, ACCOUNT, "us-east-1", False))
    return make_client(serve(gateway), protocol=request.param)


def test_what_is_put_comes_back_and_is_listed_and_deleted(client: Any) -> None:
    text = body()
    put = client.put_dashboard(DashboardName="shop", DashboardBody=text)
    assert [] == put["DashboardValidationMessages"]
    got = client.get_dashboard(DashboardName="shop")
    assert ("shop", text) == (got["DashboardName"], got["DashboardBody"])
    assert f"arn:aws:cloudwatch::{ACCOUNT}:dashboard/shop" == got["DashboardArn"]
    client.put_dashboard(DashboardName="other", DashboardBody=text)
    (listed,) = client.list_dashboards(DashboardNamePrefix="sh")["DashboardEntries"]
    assert ("shop", len(text), got["DashboardArn"]) == (
        listed["DashboardName"],
        listed["Size"],
        listed["DashboardArn"],
    )
    client.delete_dashboards(DashboardNames=["shop"])
    assert ["other"] == [one["DashboardName"] for one in client.list_dashboards()["DashboardEntries"]]
    with pytest.raises(ClientError) as caught:
        client.get_dashboard(DashboardName="shop")
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404


def test_a_name_is_refused_as_aws_was_recorded_to(client: Any) -> None:
    expected = recorded("test_invalid_dashboard_name")["error-invalid-dashboardname"]
    with pytest.raises(ClientError) as caught:
        client.put_dashboard(DashboardName="test@!", DashboardBody=body())
    told = {key: expected["Error"][key] for key in ("Code", "Message")}
    assert_like(told, {key: caught.value.response["Error"][key] for key in told})
    assert expected["ResponseMetadata"]["HTTPStatusCode"] == caught.value.response["ResponseMetadata"]["HTTPStatusCode"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("no JSON", "must be a valid JSON object"),
        ("{}", "Should have required property 'widgets'"),
        (body({"metrics": [["only a namespace"]], "region": "us-east-1"}), "Should NOT have fewer than 2 items"),
        (body({"metrics": [["a", "b"]]}), "should have specified a region"),
        (json.dumps({"widgets": [{"type": "nonsense", "properties": {}}]}), "one of the allowed values"),
    ],
)
def test_a_body_that_is_wrong_is_refused_and_not_kept(client: Any, text: str, words: str) -> None:
    with pytest.raises(ClientError, match=words) as caught:
        client.put_dashboard(DashboardName="wrong", DashboardBody=text)
    assert caught.value.response["Error"]["Code"] in ("InvalidParameterInput", "DashboardInvalidInputError")
    assert [] == client.list_dashboards()["DashboardEntries"]


def test_an_unknown_property_is_kept_with_a_warning(client: Any) -> None:
    put = client.put_dashboard(DashboardName="shop", DashboardBody=body({**METRIC, "nonsense": 1}))
    (message,) = put["DashboardValidationMessages"]
    assert message["DataPath"] == "/widgets/0/properties/nonsense"


def test_deleting_one_that_is_not_there_says_so(client: Any) -> None:
    with pytest.raises(ClientError, match="does not exist"):
        client.delete_dashboards(DashboardNames=["gone"])


def test_none_is_deleted_where_one_is_not_there(client: Any) -> None:
    client.put_dashboard(DashboardName="shop", DashboardBody=body())
    with pytest.raises(ClientError, match="Dashboard gone does not exist"):
        client.delete_dashboards(DashboardNames=["shop", "gone", "shop"])
    assert ["shop"] == [one["DashboardName"] for one in client.list_dashboards()["DashboardEntries"]]
    client.delete_dashboards(DashboardNames=["shop", "shop"])
    assert [] == client.list_dashboards()["DashboardEntries"]


def image(client: Any, **widget: Any) -> bytes:
    found: bytes = client.get_metric_widget_image(MetricWidget=json.dumps(widget))["MetricWidgetImage"]
    assert found.startswith(b"\x89PNG")
    return found


def size(png: bytes) -> tuple[int, int]:
    width, height = struct.unpack(">II", png[16:24])
    return width, height


@pytest.mark.parametrize("view", ["timeSeries", "singleValue", "gauge", "bar", "pie"])
def test_a_widget_is_drawn_as_a_png_of_the_size_asked_for(client: Any, alarm_world: AlarmWorld, view: str) -> None:
    stamp = alarm_world.clock.now_ms() / 1000 - 120
    data = [{"MetricName": "Latency", "Timestamp": stamp, "Value": 7.0, "Dimensions": [{"Name": "a", "Value": "b"}]}]
    client.put_metric_data(Namespace="Shop", MetricData=data)
    asked: dict[str, Any] = {"view": view, "yAxis": {"left": {"min": 0, "max": 10}}, "width": 320, "height": 200}
    drawn = image(client, metrics=[["Shop", "Latency", "a", "b"]], period=60, **asked)
    empty = image(client, metrics=[["Shop", "Latency", "a", "none"]], period=60, **asked)
    assert (320, 200) == size(drawn)
    assert drawn != empty


def test_an_alarm_is_drawn_with_its_threshold(client: Any) -> None:
    plain = image(client, metrics=[["Shop", "Latency"]], stat="Sum", period=60)
    client.put_metric_alarm(AlarmName="slow", Threshold=5, ComparisonOperator="GreaterThanThreshold", **ALARM)
    arn = client.describe_alarms(AlarmNames=["slow"])["MetricAlarms"][0]["AlarmArn"]
    drawn = image(client, annotations={"alarms": [arn]})
    assert (600, 400) == size(drawn)
    assert drawn != plain


@pytest.mark.parametrize("widget", ["no JSON", "[]", json.dumps({"width": 5000, **METRIC}), json.dumps({"view": "x"})])
def test_a_widget_that_is_wrong_is_refused(client: Any, widget: str) -> None:
    with pytest.raises(ClientError) as caught:
        client.get_metric_widget_image(MetricWidget=widget)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
