"""boto3 against a live server: what comes back equals pandas on what was sent."""

import datetime as dt
import uuid
from typing import Any

import boto3
import numpy as np
import pandas as pd
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.session import Session

from live_server import LiveServer

pytestmark = pytest.mark.wire
PROTOCOLS = ("json", "query", "smithy-rpc-v2-cbor")


def client_of(url: str, protocol: str | None = None, service: str = "cloudwatch", **config: Any) -> Any:
    session = Session()
    if protocol is not None:
        described = session.get_component("data_loader").load_service_model(service, "service-2")
        described["metadata"]["protocols"] = [protocol]
        described["metadata"]["protocol"] = protocol
    return boto3.Session(botocore_session=session).client(
        service,
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"max_attempts": 0}, **config),
    )


@pytest.fixture(scope="module")
def client(server: LiveServer) -> Any:
    return client_of(server.url)


@pytest.fixture
def namespace() -> str:
    return f"wire/{uuid.uuid4()}"


@pytest.fixture
def start() -> dt.datetime:
    """Three hours ago, at a whole hour: all periods of the tests are aligned to it."""
    now = dt.datetime.now(dt.UTC)
    return now.replace(minute=0, second=0, microsecond=0) - dt.timedelta(hours=3)


def samples(start: dt.datetime, count: int, seed: int = 7) -> pd.Series:
    random = np.random.default_rng(seed)
    offsets = np.sort(random.integers(0, 2 * 3600 * 1000, count))
    index = pd.DatetimeIndex([start + dt.timedelta(milliseconds=int(offset)) for offset in offsets])
    return pd.Series(np.round(random.gamma(2.0, 30.0, count), 3), index)


def send(client: Any, namespace: str, values: pd.Series, name: str = "load", **datum: Any) -> None:
    data = [
        {"MetricName": name, "Timestamp": at.to_pydatetime(), "Value": float(value), **datum}
        for at, value in values.items()
    ]
    for at in range(0, len(data), 1000):
        client.put_metric_data(Namespace=namespace, MetricData=data[at : at + 1000])


def query(namespace: str, statistic: str, period: int = 300, name: str = "load", id_: str = "a") -> dict[str, Any]:
    metric = {"Namespace": namespace, "MetricName": name}
    return {"Id": id_, "MetricStat": {"Metric": metric, "Period": period, "Stat": statistic}}


def read(client: Any, start: dt.datetime, *queries: dict[str, Any], **more: Any) -> dict[str, pd.Series]:
    pages = client.get_paginator("get_metric_data").paginate(
        MetricDataQueries=list(queries), StartTime=start, EndTime=start + dt.timedelta(hours=3), **more
    )
    found: dict[str, list[tuple[dt.datetime, float]]] = {one["Id"]: [] for one in queries}
    for page in pages:
        for row in page["MetricDataResults"]:
            found[row["Id"]].extend(zip(row["Timestamps"], row["Values"], strict=True))
    return {
        id_: pd.Series([value for _, value in rows], pd.DatetimeIndex([at for at, _ in rows], tz="UTC")).sort_index()
        for id_, rows in found.items()
    }


PANDAS = {
    "SampleCount": lambda group: float(len(group)),
    "Sum": lambda group: group.sum(),
    "Average": lambda group: group.mean(),
    "Minimum": lambda group: group.min(),
    "Maximum": lambda group: group.max(),
}


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_statistics_equal_pandas(server: LiveServer, namespace: str, start: dt.datetime, protocol: str) -> None:
    client = client_of(server.url, protocol)
    values = samples(start, 3000)
    send(client, namespace, values)
    for period in (60, 300, 3600):
        queries = [query(namespace, name, period, id_=name.lower()) for name in PANDAS]
        found = read(client, start, *queries)
        for name, compute in PANDAS.items():
            expected = values.groupby(values.index.floor(f"{period}s")).apply(compute)
            got = found[name.lower()]
            assert got.index.tolist() == expected.index.tolist()
            np.testing.assert_allclose(got.to_numpy(), expected.to_numpy(), rtol=1e-12)


def test_values_with_counts_equal_the_values_sent_one_by_one(client: Any, namespace: str, start: dt.datetime) -> None:
    random = np.random.default_rng(3)
    values, counts = np.arange(1.0, 151.0), random.integers(1, 9, 150).astype(float)
    datum = {"MetricName": "load", "Timestamp": start, "Values": values.tolist(), "Counts": counts.tolist()}
    client.put_metric_data(Namespace=namespace, MetricData=[datum])
    every = np.repeat(values, counts.astype(int))
    found = read(
        client,
        start,
        *[query(namespace, name, id_=f"q{at}") for at, name in enumerate(("Sum", "SampleCount", "p50", "p99.9"))],
    )
    assert [found[f"q{at}"].iloc[0] for at in range(2)] == [every.sum(), float(len(every))]
    assert found["q2"].iloc[0] == pytest.approx(np.median(every), abs=1)
    assert found["q3"].iloc[0] == pytest.approx(150, abs=1)


def test_a_statistic_set_adds_to_raw_values(client: Any, namespace: str, start: dt.datetime) -> None:
    data = [
        {"MetricName": "load", "Timestamp": start, "Value": 10.0},
        {
            "MetricName": "load",
            "Timestamp": start,
            "StatisticValues": {"SampleCount": 4, "Sum": 20, "Minimum": 1, "Maximum": 30},
        },
    ]
    client.put_metric_data(Namespace=namespace, MetricData=data)
    answer = client.get_metric_statistics(
        Namespace=namespace,
        MetricName="load",
        StartTime=start,
        EndTime=start + dt.timedelta(minutes=5),
        Period=300,
        Statistics=["Sum", "SampleCount", "Average", "Minimum", "Maximum"],
    )
    assert answer["Datapoints"] == [
        {
            "Timestamp": start.astimezone(dt.UTC),
            "Unit": "None",
            "Sum": 30.0,
            "SampleCount": 5.0,
            "Average": 6.0,
            "Minimum": 1.0,
            "Maximum": 30.0,
        }
    ]


@pytest.mark.parametrize("order", ["TimestampDescending", "TimestampAscending"])
def test_the_paginator_joins_pages_to_the_whole(client: Any, namespace: str, start: dt.datetime, order: str) -> None:
    values = samples(start, 500)
    send(client, namespace, values)
    send(client, namespace, values * 2, "double")
    queries = [query(namespace, "Sum", 60), query(namespace, "Sum", 60, "double", "b")]
    whole = read(client, start, *queries)
    paged = read(client, start, *queries, ScanBy=order, MaxDatapoints=37)
    for id_ in ("a", "b"):
        pd.testing.assert_series_equal(paged[id_], whole[id_])


def test_metrics_are_listed_with_their_dimensions(client: Any, namespace: str) -> None:
    dimensions = [{"Name": "host", "Value": "a"}, {"Name": "stage", "Value": "prod"}]
    data = [{"MetricName": f"m{number:04}", "Value": 1.0, "Dimensions": dimensions} for number in range(700)]
    client.put_metric_data(Namespace=namespace, MetricData=data)
    pages = client.get_paginator("list_metrics").paginate(Namespace=namespace, RecentlyActive="PT3H")
    listed = [metric for page in pages for metric in page["Metrics"]]
    assert listed == [
        {"Namespace": namespace, "MetricName": f"m{number:04}", "Dimensions": dimensions} for number in range(700)
    ]
    assert client.list_metrics(Namespace=namespace, Dimensions=[{"Name": "nothing"}])["Metrics"] == []


def test_large_bodies_come_compressed(server: LiveServer, namespace: str, start: dt.datetime) -> None:
    client = client_of(server.url, request_min_compression_size_bytes=100)
    seen = []
    client.meta.events.register("before-send.cloudwatch.*", lambda request, **_: seen.append(request.headers))
    values = samples(start, 1000)
    send(client, namespace, values)
    assert seen[0]["Content-Encoding"] in ("gzip", b"gzip")
    assert read(client, start, query(namespace, "SampleCount", 3600))["a"].sum() == 1000


def test_a_retry_counts_once_and_another_call_twice(client: Any, namespace: str, start: dt.datetime) -> None:
    datum = {"MetricName": "load", "Timestamp": start, "Value": 1.0}

    def repeat(request: Any, **_: Any) -> None:
        request.headers["amz-sdk-invocation-id"] = "00000000-1111-2222-3333-" + namespace[-12:]

    client.meta.events.register("before-send.cloudwatch.PutMetricData", repeat)
    try:
        for _ in range(3):
            client.put_metric_data(Namespace=namespace, MetricData=[datum])
    finally:
        client.meta.events.unregister("before-send.cloudwatch.PutMetricData", repeat)
    assert read(client, start, query(namespace, "SampleCount"))["a"].tolist() == [1.0]
    for _ in range(2):
        client.put_metric_data(Namespace=namespace, MetricData=[datum])
    assert read(client, start, query(namespace, "SampleCount"))["a"].tolist() == [3.0]


def test_errors_are_botocores_own_exceptions(client: Any) -> None:
    with pytest.raises(client.exceptions.InvalidParameterValueException, match="within the past two weeks"):
        client.put_metric_data(
            Namespace="x",
            MetricData=[{"MetricName": "m", "Value": 1.0, "Timestamp": dt.datetime(2020, 1, 1, tzinfo=dt.UTC)}],
        )
    with pytest.raises(client.exceptions.InvalidParameterCombinationException, match="1440"):
        client.get_metric_statistics(
            Namespace="x",
            MetricName="m",
            StartTime=dt.datetime.now(dt.UTC) - dt.timedelta(days=2),
            EndTime=dt.datetime.now(dt.UTC),
            Period=60,
            Statistics=["Sum"],
        )
    with pytest.raises(ClientError) as caught:
        client.list_managed_insight_rules(ResourceARN="arn:aws:ec2:us-east-1:123456789012:instance/i-1")
    assert caught.value.response["Error"]["Code"] == "UnknownOperationException"


def test_sts_names_the_account(server: LiveServer) -> None:
    assert client_of(server.url, service="sts").get_caller_identity()["Account"] == "123456789012"


@pytest.mark.parametrize("statistic", ["Sum", "p90"])
def test_periods_count_from_the_start_of_the_range(
    client: Any, namespace: str, start: dt.datetime, statistic: str
) -> None:
    begin = start.replace(minute=start.minute // 5 * 5, second=0, microsecond=0) + dt.timedelta(minutes=2)
    data = [
        {"MetricName": "m", "Timestamp": begin + dt.timedelta(minutes=minute), "Value": float(minute)}
        for minute in range(10)
    ]
    client.put_metric_data(Namespace=namespace, MetricData=data)
    metric = {"Metric": {"Namespace": namespace, "MetricName": "m"}, "Period": 300, "Stat": statistic}
    found = client.get_metric_data(
        MetricDataQueries=[{"Id": "q", "MetricStat": metric}],
        StartTime=begin + dt.timedelta(seconds=17),
        EndTime=begin + dt.timedelta(minutes=10),
        ScanBy="TimestampAscending",
    )["MetricDataResults"][0]
    assert [begin, begin + dt.timedelta(minutes=5)] == found["Timestamps"]
