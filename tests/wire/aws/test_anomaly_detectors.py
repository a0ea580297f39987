"""boto3 puts, describes and deletes anomaly detectors against a live server, and reads bands."""

import datetime as dt
import uuid
from typing import Any

import numpy as np
import pytest
from botocore.exceptions import ClientError
from tests.wire.aws.test_cloudwatch import PROTOCOLS, client_of

from live_server import LiveServer
from patience import until
from trimtab.client.api import Client

pytestmark = pytest.mark.wire

PAIRS = [{"Name": "Service", "Value": "checkout"}]


@pytest.fixture(params=PROTOCOLS)
def client(server: LiveServer, request: pytest.FixtureRequest) -> Any:
    return client_of(server.url, request.param)


@pytest.fixture
def namespace() -> str:
    return f"anomaly/{uuid.uuid4()}"


def watched(namespace: str) -> dict[str, Any]:
    return {"Namespace": namespace, "MetricName": "Latency", "Dimensions": PAIRS, "Stat": "Average"}


def test_a_detector_is_put_described_changed_and_deleted(client: Any, namespace: str) -> None:
    begin = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
    excluded = [{"StartTime": begin, "EndTime": begin + dt.timedelta(hours=2)}]
    client.put_anomaly_detector(
        SingleMetricAnomalyDetector=watched(namespace),
        Configuration={"ExcludedTimeRanges": excluded, "MetricTimezone": "Europe/Berlin"},
    )
    [found] = client.describe_anomaly_detectors(Namespace=namespace)["AnomalyDetectors"]
    assert watched(namespace) == found["SingleMetricAnomalyDetector"]
    assert found["Configuration"]["MetricTimezone"] == "Europe/Berlin"
    assert excluded == found["Configuration"]["ExcludedTimeRanges"]
    assert found["StateValue"] in ("PENDING_TRAINING", "TRAINED_INSUFFICIENT_DATA")
    client.put_anomaly_detector(
        SingleMetricAnomalyDetector=watched(namespace), MetricCharacteristics={"PeriodicSpikes": True}
    )
    [changed] = client.describe_anomaly_detectors(Namespace=namespace)["AnomalyDetectors"]
    assert changed["MetricCharacteristics"] == {"PeriodicSpikes": True}
    assert changed["Configuration"].get("ExcludedTimeRanges", []) == []
    client.delete_anomaly_detector(SingleMetricAnomalyDetector=watched(namespace))
    assert client.describe_anomaly_detectors(Namespace=namespace)["AnomalyDetectors"] == []
    with pytest.raises(ClientError) as refused:
        client.delete_anomaly_detector(SingleMetricAnomalyDetector=watched(namespace))
    assert refused.value.response["Error"]["Code"] in ("ResourceNotFoundException", "ResourceNotFound")


def test_detectors_of_expressions_are_listed_when_they_are_asked_for(client: Any, namespace: str) -> None:
    stat = {"Metric": {"Namespace": namespace, "MetricName": "Latency"}, "Period": 300, "Stat": "Average"}
    queries = [
        {"Id": "m1", "MetricStat": stat, "ReturnData": False},
        {"Id": "e1", "Expression": "m1 * 2", "ReturnData": True},
    ]
    client.put_anomaly_detector(MetricMathAnomalyDetector={"MetricDataQueries": queries})
    pages = client.get_paginator("describe_anomaly_detectors").paginate(AnomalyDetectorTypes=["METRIC_MATH"])
    found = [one for page in pages for one in page["AnomalyDetectors"]]
    mine = [one for one in found if namespace in str(one["MetricMathAnomalyDetector"])]
    assert [["m1", "e1"]] == [[q["Id"] for q in one["MetricMathAnomalyDetector"]["MetricDataQueries"]] for one in mine]
    client.delete_anomaly_detector(MetricMathAnomalyDetector={"MetricDataQueries": queries})


def test_what_cannot_be_a_detector_is_refused(client: Any, namespace: str) -> None:
    for wrong in (
        {"SingleMetricAnomalyDetector": {**watched(namespace), "Stat": ""}},
        {"SingleMetricAnomalyDetector": watched(namespace), "Configuration": {"MetricTimezone": "Mars/Olympus"}},
        {"SingleMetricAnomalyDetector": watched(namespace), "MetricMathAnomalyDetector": {"MetricDataQueries": []}},
    ):
        with pytest.raises(ClientError):
            client.put_anomaly_detector(**wrong)


def test_a_band_holds_what_is_usual_and_not_what_is_new(server: LiveServer, namespace: str) -> None:
    client = client_of(server.url)
    minutes, rng = 20 * 60, np.random.default_rng(3)
    end = dt.datetime.now(dt.UTC).replace(second=0, microsecond=0)
    times = [end - dt.timedelta(minutes=minutes - at) for at in range(minutes)]
    values = rng.normal(100, 2, minutes)
    values[-5:] = 160
    for begin in range(0, minutes, 600):
        part = slice(begin, begin + 600)
        client.put_metric_data(
            Namespace=namespace,
            MetricData=[
                {"MetricName": "Latency", "Dimensions": PAIRS, "Timestamp": at, "Value": float(value)}
                for at, value in zip(times[part], values[part], strict=True)
            ],
        )
    with Client(server.url) as rest:

        def stored() -> int:  # what was just stored is awaited, a second at most at a time
            lines = rest.query(namespace, "Latency", start="-1h", fresh=True).lines
            return sum(len(one.points) for one in lines)

        until(lambda: stored() >= 59, "all values are stored")
    metric = {"Namespace": namespace, "MetricName": "Latency", "Dimensions": PAIRS}
    answer = client.get_metric_data(
        StartTime=end - dt.timedelta(hours=2),
        EndTime=end,
        ScanBy="TimestampAscending",
        MetricDataQueries=[
            {"Id": "m1", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Average"}, "ReturnData": True},
            {"Id": "ad1", "Expression": "ANOMALY_DETECTION_BAND(m1, 3)"},
        ],
    )
    found = answer["MetricDataResults"]
    assert [one["Id"] for one in found] == ["m1", "ad1", "ad1"]
    line, upper, lower = (one["Values"] for one in found)
    assert len(line) == len(upper) == len(lower)
    inside = [low <= value <= high for value, high, low in zip(line, upper, lower, strict=True)]
    assert np.mean(inside[:-5]) > 0.95
    assert not any(inside[-5:])
    assert max(upper) < 130
