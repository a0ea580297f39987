"""The boto3 call that answers what a chart of an expression shows."""

from collections.abc import Sequence

from trimtab.base.clock import iso
from trimtab.metrics.expressions.parser import parse
from trimtab.metrics.expressions.syntax import Reference, walk
from trimtab.metrics.insights.parser import is_sql
from trimtab.metrics.model import Series
from trimtab.web.chart_data import Chart
from trimtab.web.metric_query import MetricQuery


def get_expression_data(
    query: MetricQuery, chart: Chart, series: Sequence[Series], url: str, region: str
) -> tuple[str, str]:
    """A boto3 program that evaluates the same expression, and a note on it."""
    period_s = chart.step_ms // 1000
    used = _used(query.expression)
    metrics = [
        _metric(f"m{number}", one, query.statistic.text, period_s)
        for number, one in enumerate(series, 1)
        if used is None or f"m{number}" in used
    ]
    expression = f'        {{"Id": "e1", "Expression": {query.expression!r}, "Period": {period_s}}},'
    queries = "\n".join([*metrics, expression])
    text = f"""\
from datetime import datetime

import boto3

cloudwatch = boto3.client("cloudwatch", endpoint_url={url!r}, region_name={region!r})
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
            print(result["Label"], time.isoformat(), value)"""
    return text, "the expression is evaluated by the service"


def _used(expression: str) -> set[str] | None:
    """The ids that an expression names; None where it means all metrics."""
    if is_sql(expression):
        return set()
    nodes = list(walk(parse(expression)))
    if any(getattr(node, "name", "") == "METRICS" for node in nodes):
        return None
    return {node.id for node in nodes if isinstance(node, Reference)}


def _metric(id_: str, series: Series, stat: str, period_s: int) -> str:
    identity = series.identity
    dimensions = [{"Name": name, "Value": value} for name, value in identity.dimensions]
    return (
        f'        {{"Id": {id_!r}, "MetricStat": {{"Metric": {{"Namespace": {identity.namespace!r},\n'
        f'            "MetricName": {identity.name!r}, "Dimensions": {dimensions!r}}},\n'
        f'            "Period": {period_s}, "Stat": {stat!r}}}, "ReturnData": False}},'
    )
