"""Every protocol that CloudWatch's model lists, through a real botocore client."""

import datetime as dt
from typing import Any

import pytest
from botocore.exceptions import ClientError

PROTOCOLS = ("json", "query", "smithy-rpc-v2-cbor")
AT = dt.datetime(2026, 11, 25, 10, 0, tzinfo=dt.UTC)


@pytest.fixture(params=PROTOCOLS)
def client(request: pytest.FixtureRequest, world: Any, serve: Any, make_client: Any) -> Any:
    return make_client(serve(world.gateway), protocol=request.param)


def put(client: Any, **datum: Any) -> None:
    client.put_metric_data(Namespace="app", MetricData=[{"MetricName": "m", "Timestamp": AT, **datum}])


def test_what_is_put_comes_back_in_every_protocol(client: Any) -> None:
    put(client, Value=1.5, Unit="Count", Dimensions=[{"Name": "host", "Value": "a & <b>"}])
    put(client, Values=[2.0, 4.0], Counts=[1.0, 3.0], Unit="Count", Dimensions=[{"Name": "host", "Value": "a & <b>"}])
    put(
        client,
        StatisticValues={"SampleCount": 2, "Sum": 10, "Minimum": 4, "Maximum": 6},
        Unit="Count",
        Dimensions=[{"Name": "host", "Value": "a & <b>"}],
    )
    metric = {"Namespace": "app", "MetricName": "m", "Dimensions": [{"Name": "host", "Value": "a & <b>"}]}
    answer = client.get_metric_data(
        MetricDataQueries=[
            {"Id": "a", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}},
            {"Id": "b", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "SampleCount"}},
        ],
        StartTime=AT - dt.timedelta(minutes=5),
        EndTime=AT + dt.timedelta(minutes=5),
    )
    assert [(row["Id"], row["Timestamps"], row["Values"]) for row in answer["MetricDataResults"]] == [
        ("a", [AT], [25.5]),
        ("b", [AT], [7.0]),
    ]
    assert answer["MetricDataResults"][0]["StatusCode"] == "Complete"
    assert answer["ResponseMetadata"]["RequestId"]
    listed = client.list_metrics(Namespace="app")["Metrics"]
    assert listed == [metric]


def test_statistics_come_by_period_and_unit(client: Any) -> None:
    put(client, Value=1.0, Unit="Seconds")
    put(client, Value=3.0, Unit="Count")
    answer = client.get_metric_statistics(
        Namespace="app",
        MetricName="m",
        StartTime=AT,
        EndTime=AT + dt.timedelta(minutes=1),
        Period=60,
        Statistics=["Sum", "Average"],
    )
    assert answer["Label"] == "m"
    assert answer["Datapoints"] == [
        {"Timestamp": AT, "Unit": "Count", "Sum": 3.0, "Average": 3.0},
        {"Timestamp": AT, "Unit": "Seconds", "Sum": 1.0, "Average": 1.0},
    ]


def test_an_error_has_the_services_code_in_every_protocol(client: Any) -> None:
    with pytest.raises(ClientError) as caught:
        put(client, Value=2.0**361)
    error = caught.value.response
    assert error["Error"]["Code"] == "InvalidParameterValue"
    assert error["Error"]["Message"] == f"The value {2.0**361!r} for parameter MetricData.member.1.Value is invalid."
    assert error["Error"]["Type"] == "Sender"
    assert error["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert error["ResponseMetadata"]["RequestId"]


def test_a_modelled_error_is_the_clients_own_exception(client: Any) -> None:
    with pytest.raises(client.exceptions.ResourceNotFoundException) as caught:
        client.untag_resource(ResourceARN="arn:aws:cloudwatch:us-east-1:123456789012:alarm:none", TagKeys=["a"])
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404


def test_an_operation_that_is_not_there_is_named_with_those_that_are(client: Any) -> None:
    with pytest.raises(ClientError) as caught:
        client.list_managed_insight_rules(ResourceARN="arn:aws:x")
    assert caught.value.response["Error"]["Code"] in ("UnknownOperationException", "InvalidAction")
    assert "ListManagedInsightRules" in caught.value.response["Error"]["Message"]
    assert "GetMetricData" in caught.value.response["Error"]["Message"]
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404


def test_not_a_number_is_refused_by_its_name(client: Any) -> None:
    with pytest.raises(ClientError) as caught:
        put(client, Value=float("nan"))
    assert caught.value.response["Error"]["Message"] == (
        "The value NaN for parameter MetricData.member.1.Value is invalid."
    )


def test_a_missing_member_is_a_missing_parameter(client: Any) -> None:
    with pytest.raises(ClientError) as caught:
        client.put_metric_data(Namespace="app", MetricData=[{"Value": 1.0, "Timestamp": AT}])
    assert caught.value.response["Error"] == {
        **caught.value.response["Error"],
        "Code": "MissingParameter",
        "Message": "The parameter MetricData.member.1.MetricName is required.",
    }


def test_sts_tells_who_calls(world: Any, serve: Any, make_client: Any) -> None:
    answer = make_client(serve(world.gateway), "sts").get_caller_identity()
    assert answer["Account"] == "123456789012"
    assert answer["Arn"] == "arn:aws:iam::123456789012:user/local"
