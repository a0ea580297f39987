"""Latency, time to first token and inter-token time as percentiles of the whole range.

From OTLP and native histograms and from raw values by the metrics room's percentile, from `_bucket` families by
`bucket_families`. Percentiles are never averaged: each is computed over everything in the range at once.
"""

from collections.abc import Sequence

from trimtab.kpis import bucket_families, concepts
from trimtab.kpis.concepts import Found, Metric, looked_for
from trimtab.kpis.context import Context, ids
from trimtab.kpis.model import Input, Kpi, unknown
from trimtab.metrics.model import Kind, Series
from trimtab.metrics.plan import StatRequest
from trimtab.metrics.statistics import parse_statistic

KINDS: tuple[tuple[str, tuple[Metric, ...]], ...] = (
    ("latency", concepts.LATENCY),
    ("ttft", concepts.TTFT),
    ("inter_token", concepts.INTER_TOKEN),
)
RANKS = (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))
_PERCENTILES = tuple(parse_statistic(rank) for rank, _ in RANKS)
_COUNT, _RATE = parse_statistic("SampleCount"), parse_statistic("Rate")
_VALUES = frozenset({Kind.HISTOGRAM, Kind.EVENTS, Kind.GAUGE})
FEW = {"p50": 20, "p95": 200, "p99": 1000}
"""Samples below which a percentile is said to rest on few: ten samples above it, CloudWatch's 10 ÷ (1 − p)."""
_SECONDS = {
    "ns": 1e-9,
    "us": 1e-6,
    "Microseconds": 1e-6,
    "ms": 1e-3,
    "Milliseconds": 1e-3,
    "s": 1.0,
    "Seconds": 1.0,
    "min": 60.0,
}

Result = tuple[float, list[float | None], Input]
"""Observations, the percentiles in seconds, and what they were made from."""


async def read(context: Context) -> dict[str, list[Kpi]]:
    """Every latency KPI of every group that has any."""
    found: dict[str, dict[str, Result]] = {}
    for kind, usual in KINDS:
        metrics = context.chosen(context.options.latency_metric if kind == "latency" else "", usual)
        by_values = await _of_values(context, context.finder.all(metrics, _VALUES))
        by_buckets = await _of_buckets(context, _buckets(context, metrics))
        for group in by_values.keys() | by_buckets.keys():
            found.setdefault(group, {})[kind] = by_values.get(group) or by_buckets[group]
    return {group: [kpi for kind, usual in KINDS for kpi in _kpis(kind, usual, results.get(kind))]
            for group, results in found.items()}  # fmt: skip


def _kpis(kind: str, metrics: Sequence[Metric], result: Result | None) -> list[Kpi]:
    if result is None:
        return [unknown(f"{kind}_{rank}", looked_for(metrics)) for rank, _ in RANKS]
    number, values, source = result
    kpis = []
    for (rank, _), value in zip(RANKS, values, strict=True):
        few = f"rests on {number:g} observations" if number < FEW[rank] else ""
        reason = few if value is not None else "the rank lies in a bucket without any bound"
        kpis.append(Kpi(f"{kind}_{rank}", value, reason, inputs=(source,)))
    return kpis


def _scale(series: Series, metric: Metric) -> float:
    return _SECONDS.get(series.identity.unit, metric.scale)


async def _of_values(context: Context, found: Sequence[Found]) -> dict[str, Result]:
    period = context.grid.whole_period_s()
    order: list[tuple[str, Metric, float, list[Series]]] = []
    for group, metrics in context.grouped(found).items():
        for metric, members in metrics.items():
            scale = _scale(members[0], metric)
            order.append((group, metric, scale, [one for one in members if _scale(one, metric) == scale]))
    requests = [
        StatRequest(ids(series), statistic, period) for *_, series in order for statistic in (*_PERCENTILES, _COUNT)
    ]
    answers = await context.reader.statistics(
        context.finder.scope, requests, context.grid.start_ms, context.grid.end_ms
    )
    width = len(_PERCENTILES) + 1
    result: dict[str, Result] = {}
    for at, (group, metric, scale, series) in enumerate(order):
        *values, count = (answer.values for answer in answers[at * width : (at + 1) * width])
        if group not in result and len(count) and count[0] > 0:
            percentiles = [float(value[0]) * scale if len(value) else None for value in values]
            result[group] = (float(count[0]), percentiles, Input(metric.shown, len(series)))
    return result


def _buckets(context: Context, metrics: Sequence[Metric]) -> list[Found]:
    families = [Metric(f"{one.name}_bucket", one.scale, one.namespace, one.where) for one in metrics]
    return context.finder.all(families)


async def _of_buckets(context: Context, found: Sequence[Found]) -> dict[str, Result]:
    period = context.grid.whole_period_s()
    order = [
        (group, metric, bucket_families.layouts(series), len(series))
        for group, metrics in context.grouped(found).items()
        for metric, series in metrics.items()
    ]
    bounds = [members for _, _, layouts, _ in order for layout in layouts for members in layout.values()]
    requests = [StatRequest(ids(members), _RATE, period) for members in bounds]
    answers = iter(
        await context.reader.statistics(context.finder.scope, requests, context.grid.start_ms, context.grid.end_ms)
    )
    result: dict[str, Result] = {}
    for group, metric, layouts, number in order:
        counted = [{bound: float(sum(next(answers).values)) * period for bound in layout} for layout in layouts]
        total, values = bucket_families.quantiles(counted, [fraction for _, fraction in RANKS])
        if group not in result and total:
            scaled = [None if value is None else value * metric.scale for value in values]
            result[group] = (round(total), scaled, Input(metric.shown, number))
    return result
