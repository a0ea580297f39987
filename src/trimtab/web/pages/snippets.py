"""What to type so that a client sends here: the snippets of Data sources, Access and the explorer."""

from collections.abc import Sequence

from msgspec import Struct

from trimtab.base.clock import iso
from trimtab.metrics.model import Series
from trimtab.metrics.statistics import Family
from trimtab.web.chart_data import Chart
from trimtab.web.metric_query import MetricQuery

_MOST_QUERIES = 500
"""MetricDataQueries in one GetMetricData call: the service's own limit."""
_SHOWN_QUERIES = 20
"""Queries written out on the page; more would bury the call."""


class Snippet(Struct, frozen=True):
    """Text to copy."""

    id: str
    title: str
    text: str
    note: str = ""


def connect_snippets(url: str, region: str) -> list[Snippet]:
    """How boto3, an OpenTelemetry SDK, Prometheus and the agent send to `url`."""
    boto3 = f"""\
import boto3

cloudwatch = boto3.client(
    "cloudwatch",
    endpoint_url="{url}",
    region_name="{region}",
    aws_access_key_id="local",
    aws_secret_access_key="local",
)
cloudwatch.put_metric_data(
    Namespace="Demo",
    MetricData=[{{"MetricName": "Requests", "Value": 1}}],
)"""
    otlp = f"""\
export OTEL_EXPORTER_OTLP_ENDPOINT={url}
export OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf
export OTEL_SERVICE_NAME=my-service
opentelemetry-instrument python app.py"""
    prometheus = f"""\
remote_write:
  - url: {url}/api/v1/write"""
    agent = f"""\
TRIMTAB_URL={url} trimtab agent"""
    return [
        Snippet(
            "connect-boto3", "boto3", boto3, "any key on this machine; elsewhere one made with trimtab keys create"
        ),
        Snippet("connect-otlp", "OpenTelemetry SDK", otlp, "OTLP over HTTP, any language"),
        Snippet("connect-prometheus", "Prometheus", prometheus, "in prometheus.yml"),
        Snippet("connect-agent", "Another machine", agent, "host and process telemetry"),
    ]


def get_metric_data(query: MetricQuery, chart: Chart, url: str, region: str) -> tuple[str, str]:
    """A boto3 program that reads what `chart` shows, and a note on what it cannot say."""
    series = [one for drawn in chart.lines for one in drawn.line.series]
    shown = series[: min(_SHOWN_QUERIES, _MOST_QUERIES)]
    stat, divide, note = _cloudwatch_stat(query, chart.step_ms // 1000)
    if len(series) > len(shown):
        note = f"the first {len(shown)} of {len(series)} series; {note}".rstrip("; ")
    queries = "\n".join(_one_query(number, one, stat, chart.step_ms // 1000) for number, one in enumerate(shown))
    text = f"""\
from datetime import datetime

import boto3

cloudwatch = boto3.client("cloudwatch", endpoint_url={url!r}, region_name={_region(shown, region)!r})
pages = cloudwatch.get_paginator("get_metric_data").paginate(
    StartTime=datetime.fromisoformat({iso(chart.t0_ms)!r}),
    EndTime=datetime.fromisoformat({iso(chart.end_ms // 1000 * 1000)!r}),
    ScanBy="TimestampAscending",
    MetricDataQueries=[
{queries}
    ],
)
for page in pages:
    for result in page["MetricDataResults"]:
        for time, value in zip(result["Timestamps"], result["Values"]):
            print(result["Label"], time.isoformat(), value{divide})"""
    return text, note


def _region(series: Sequence[Series], default: str) -> str:
    return series[0].identity.region if series and series[0].identity.region else default


def _one_query(number: int, series: Series, stat: str, period_s: int) -> str:
    identity = series.identity
    dimensions = [{"Name": name, "Value": value} for name, value in identity.dimensions]
    return (
        f'        {{"Id": "m{number}", "MetricStat": {{"Metric": {{"Namespace": {identity.namespace!r},\n'
        f'            "MetricName": {identity.name!r}, "Dimensions": {dimensions!r}}},\n'
        f'            "Period": {period_s}, "Stat": {stat!r}}}}},'
    )


def _cloudwatch_stat(query: MetricQuery, period_s: int) -> tuple[str, str, str]:
    """CloudWatch's name of the statistic, what each value is divided by, and a remark."""
    if query.statistic.family is Family.RATE:
        return "Sum", f" / {period_s}", "a rate is Sum divided by the period"
    if query.statistic.family is Family.LAST:
        return "Average", "", "CloudWatch has no last value: the mean of each period"
    return query.statistic.text, "", "one query a series"


def gpu_snippets(url: str) -> list[Snippet]:
    """How GPUs come to report to `url`: the agent, NVIDIA's DCGM exporter through it, or any Prometheus."""
    scrape = f"""\
cat > scrape.yml <<'YAML'
scrape_configs:
  - job_name: dcgm-exporter
    static_configs:
      - targets: ["localhost:9400"]
YAML
TRIMTAB_URL={url} trimtab agent --scrape-config scrape.yml"""
    remote = f"""\
remote_write:
  - url: {url}/api/v1/write
    write_relabel_configs:
      - source_labels: [__name__]
        regex: "DCGM_.*|kube_.*|vllm:.*|tgi_.*|nv_.*|http_.*"
        action: keep"""
    return [
        Snippet("gpus-agent", "On a GPU host", f"TRIMTAB_URL={url} trimtab agent", "reads NVIDIA GPUs by itself"),
        Snippet("gpus-dcgm", "Beside a DCGM exporter", scrape, "adds pods and SM activity"),
        Snippet("gpus-prometheus", "From Prometheus", remote, "where exporters are scraped already"),
    ]
