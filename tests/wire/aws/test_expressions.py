"""boto3's GetMetricData with expressions against a live server: what comes back equals pandas on what was sent."""

import datetime as dt
import uuid
from typing import Any

import numpy as np
import pandas as pd
import pytest
from botocore.exceptions import ClientError
from tests.wire.aws.test_cloudwatch import PROTOCOLS, client_of

from live_server import LiveServer

pytestmark = pytest.mark.wire
HOSTS = ("a", "b", "c")


@pytest.fixture(scope="module")
def client(server: LiveServer) -> Any:
    return client_of(server.url)


@pytest.fixture(scope="module")
def start() -> dt.datetime:
    now = dt.datetime.now(dt.UTC)
    return now.replace(minute=0, second=0, microsecond=0) - dt.timedelta(hours=3)


@pytest.fixture(scope="module")
def sent(client: Any, start: dt.datetime) -> tuple[str, pd.DataFrame]:
    """A namespace with 120 minutes of `errors` on three hosts, a fifth of them missing, as a table of minutes."""
    random = np.random.default_rng(5)
    index = pd.date_range(start, periods=120, freq="min")
    table = pd.DataFrame({host: np.round(random.gamma(2, 10, 120), 3) for host in HOSTS}, index)
    table = table.mask(random.random(table.shape) < 0.2)
    namespace = f"wire/{uuid.uuid4()}"
    for host in HOSTS:
        data = [
            {
                "MetricName": "errors",
                "Value": value,
                "Timestamp": at.to_pydatetime(),
                "Dimensions": [{"Name": "host", "Value": host}],
            }
            for at, value in table[host].dropna().items()
        ]
        client.put_metric_data(Namespace=namespace, MetricData=data)
    return namespace, table


def metric(namespace: str, host: str) -> dict[str, Any]:
    pair = [{"Name": "host", "Value": host}]
    inner = {"Namespace": namespace, "MetricName": "errors", "Dimensions": pair}
    return {"Id": f"m_{host}", "MetricStat": {"Metric": inner, "Period": 60, "Stat": "Sum"}, "ReturnData": False}


def ask(client: Any, sent: tuple[str, pd.DataFrame], *expressions: str, **more: Any) -> dict[str, pd.Series]:
    namespace, table = sent
    queries = [metric(namespace, host) for host in HOSTS]
    queries += [{"Id": f"e{at}", "Expression": text, "Period": 60} for at, text in enumerate(expressions)]
    pages = client.get_paginator("get_metric_data").paginate(
        StartTime=table.index[0], EndTime=table.index[-1] + pd.Timedelta("1min"), MetricDataQueries=queries,
        ScanBy="TimestampAscending", **more,
    )  # fmt: skip
    found: dict[str, pd.Series] = {}
    for page in pages:
        for row in page["MetricDataResults"]:
            part = pd.Series(row["Values"], pd.DatetimeIndex(row["Timestamps"]), dtype=float)
            found[row["Label"]] = pd.concat([found.get(row["Label"], pd.Series(dtype=float)), part])
    return found


def same(expected: pd.Series, found: pd.Series) -> None:
    wanted = expected.dropna()
    assert list(wanted.index) == list(found.index)
    np.testing.assert_allclose(found.to_numpy(), wanted.to_numpy(), rtol=1e-9)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_metric_math_equals_pandas(protocol: str, server: LiveServer, sent: tuple[str, pd.DataFrame]) -> None:
    _, table = sent
    a, b = table["a"], table["b"]
    some = a.notna() | b.notna()
    ratio = (a.fillna(0) / b.fillna(0)).where(some).replace([np.inf, -np.inf], np.nan)
    found = ask(client_of(server.url, protocol), sent, "m_a / m_b", "SUM(METRICS())", "RATE(m_c)", "FILL(m_a, REPEAT)")
    same(ratio, found["e0"])
    same(table.sum(axis=1, min_count=1), found["e1"])
    known = table["c"].dropna()
    same(known.diff() / known.index.to_series().diff().dt.total_seconds(), found["e2"])
    same(a.ffill(), found["e3"])


def test_search_and_sql_equal_pandas(client: Any, sent: tuple[str, pd.DataFrame]) -> None:
    namespace, table = sent
    search = f"""SEARCH('{{"{namespace}",host}} MetricName="errors"', 'Maximum', 300)"""
    found = ask(client, sent, search)
    for host in HOSTS:
        same(table[host].resample("5min").max(), found[host])
    ranked = ask(client, sent, f'SELECT AVG(errors) FROM "{namespace}" GROUP BY host ORDER BY SUM() DESC LIMIT 2')
    assert list(ranked) == list(table.sum().sort_values(ascending=False).index[:2])
    for host, series in ranked.items():
        same(table[host], series)


def test_pages_joined_are_the_whole(client: Any, sent: tuple[str, pd.DataFrame]) -> None:
    texts = ("SORT(METRICS(), AVG, DESC)", "m_a - AVG(m_a)")
    whole = ask(client, sent, *texts)
    paged = ask(client, sent, *texts, MaxDatapoints=50)
    assert list(whole) == list(paged)
    for label, series in whole.items():
        same(series, paged[label])


def test_faults_carry_the_services_code_and_prefix(client: Any, sent: tuple[str, pd.DataFrame]) -> None:
    with pytest.raises(ClientError) as caught:
        ask(client, sent, "m_a +")
    assert caught.value.response["Error"]["Code"] == "ValidationError"
    assert caught.value.response["Error"]["Message"].startswith("Error in expression 'e0': Invalid syntax")
