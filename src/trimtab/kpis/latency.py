"""Latency, time to first token and inter-token time as percentiles of the whole range.

From OTLP and native histograms and from raw values by the metrics room's percentile, from `_bucket` families by
`bucket_families`. Percentiles are never averaged: each is computed over everything in the range at once.
"""

import asyncio
from collections.abc import Iterable, Sequence

import numpy as np

from trimtab.fleet.telemetry import concepts
from trimtab.fleet.telemetry.concepts import Found, Metric, looked_for
from trimtab.kpis import bucket_families
from trimtab.kpis.context import Context, Floats, ids
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

Result = tuple[float, list[float | None], tuple[Input, ...]]
"""Observations, the percentiles in seconds, and what they were made from."""


async def read(context: Context) -> dict[str, list[Kpi]]:
    """Every latency KPI of every group that has any."""
    found: dict[str, dict[str, Result]] = {}
    forms_of = await asyncio.gather(*(_forms(context, kind, usual) for kind, usual in KINDS))
    for (kind, _), (by_values, by_buckets) in zip(KINDS, forms_of, strict=True):
        for group in by_values.keys() | by_buckets.keys():
            forms = [form[group] for form in (by_values, by_buckets) if group in form]
            # The two forms cannot be merged; where a group has both, the one of more observations is told.
            found.setdefault(group, {})[kind] = max(forms, key=lambda form: form[0])
    return {group: [kpi for kind, usual in KINDS for kpi in _kpis(kind, usual, results.get(kind))]
            for group, results in found.items()}  # fmt: skip


async def _forms(context: Context, kind: str, usual: Sequence[Metric]) -> tuple[dict[str, Result], dict[str, Result]]:
    """A latency by values and by buckets."""
    metrics = context.chosen(context.options.latency_metric if kind == "latency" else "", usual)
    return await asyncio.gather(
        _of_values(context, context.finder.all(metrics, _VALUES)), _of_buckets(context, _buckets(context, metrics))
    )


def _kpis(kind: str, metrics: Sequence[Metric], result: Result | None) -> list[Kpi]:
    if result is None:
        return [unknown(f"{kind}_{rank}", looked_for(metrics)) for rank, _ in RANKS]
    number, values, inputs = result
    kpis = []
    for (rank, _), value in zip(RANKS, values, strict=True):
        few = f"rests on {number:g} observations" if number < FEW[rank] else ""
        reason = few if value is not None else "the rank lies in a bucket without any bound"
        kpis.append(Kpi(f"{kind}_{rank}", value, reason, inputs=inputs))
    return kpis


def _scale(series: Series, metric: Metric) -> float:
    return _SECONDS.get(series.identity.unit, metric.scale)


async def _of_values(context: Context, found: Sequence[Found]) -> dict[str, Result]:
    """Percentiles over all series of a group, each service's by the first of its metrics that has data."""
    period = context.grid.whole_period_s()
    order = [
        (group, service, metric, series)
        for (group, service), metrics in context.by_service(found).items()
        for metric, series in metrics.items()
    ]
    counts = await _ask(context, [StatRequest(ids(series), _COUNT, period) for *_, series in order])
    chosen: dict[str, dict[str, tuple[float, Metric, list[Series]]]] = {}
    for (group, service, metric, series), count in zip(order, counts, strict=True):
        if count:
            chosen.setdefault(group, {}).setdefault(service, (count, metric, series))
    kept = {group: _of_one_scale(list(services.values())) for group, services in chosen.items()}
    requests = [
        StatRequest(tuple(one for _, _, series in parts for one in ids(series)), statistic, period)
        for _, parts in kept.values()
        for statistic in _PERCENTILES
    ]
    answers = iter(await _ask(context, requests))
    result: dict[str, Result] = {}
    for group, (scale, parts) in kept.items():
        values = [next(answers) for _ in _PERCENTILES]
        inputs = _named((metric, len(series)) for _, metric, series in parts)
        scaled = [None if value is None else value * scale for value in values]
        result[group] = (sum(count for count, _, _ in parts), scaled, inputs)
    return result


def _of_one_scale(
    parts: list[tuple[float, Metric, list[Series]]],
) -> tuple[float, list[tuple[float, Metric, list[Series]]]]:
    """The parts whose values have one unit, that of most observations: milliseconds do not merge with seconds."""
    by_scale: dict[float, list[tuple[float, Metric, list[Series]]]] = {}
    for count, metric, series in parts:
        for scale in sorted({_scale(one, metric) for one in series}):
            same = [one for one in series if _scale(one, metric) == scale]
            by_scale.setdefault(scale, []).append((count, metric, same))
    scale = max(by_scale, key=lambda one: sum(count for count, _, _ in by_scale[one]))
    return scale, by_scale[scale]


async def _ask(context: Context, requests: Sequence[StatRequest]) -> list[float | None]:
    """The one value of each request over the whole range."""
    grid = context.grid
    answers = await context.reader.statistics(context.finder.scope, requests, grid.start_ms, grid.end_ms)
    return [float(answer.values[0]) if len(answer.values) else None for answer in answers]


def _named(parts: Iterable[tuple[Metric, int]]) -> tuple[Input, ...]:
    series: dict[str, int] = {}
    for metric, number in parts:
        series[metric.shown] = series.get(metric.shown, 0) + number
    return tuple(Input(name, number) for name, number in series.items())


def _buckets(context: Context, metrics: Sequence[Metric]) -> list[Found]:
    families = [Metric(f"{one.name}_bucket", one.scale, one.namespace, one.where) for one in metrics]
    return context.finder.all(families)


async def _of_buckets(context: Context, found: Sequence[Found]) -> dict[str, Result]:
    """The same of bucket families. Increases are read by step, whose look back is short, and added up here."""
    order = [
        (group, service, metric, bucket_families.layouts(series), len(series))
        for (group, service), metrics in context.by_service(found).items()
        for metric, series in metrics.items()
    ]
    step = context.grid.step_s
    bounds = [members for *_, layouts, _ in order for layout in layouts for members in layout.values()]
    rows = iter(await context.ask([StatRequest(ids(members), _RATE, step) for members in bounds]))
    chosen: dict[str, dict[str, tuple[Metric, int, list[dict[float, float]]]]] = {}
    for group, service, metric, layouts, number in order:
        counted = [
            {bound * metric.scale: float(np.nansum(next(rows))) * step for bound in layout} for layout in layouts
        ]
        if any(count for layout in counted for count in layout.values()):
            chosen.setdefault(group, {}).setdefault(service, (metric, number, counted))
    result: dict[str, Result] = {}
    for group, services in chosen.items():
        whole = [layout for _, _, counted in services.values() for layout in counted]
        observed, values = bucket_families.quantiles(whole, [fraction for _, fraction in RANKS])
        result[group] = (round(observed), values, _named((metric, number) for metric, number, _ in services.values()))
    return result


async def p95_by_step(context: Context) -> dict[str, Floats]:
    """By group the 95th percentile of its requests in each step of the grid, seconds; NaN where nothing tells it.

    Bucket families of a group are added up; of groups without any, the series of values are read at that percentile.
    """
    metrics = context.chosen(context.options.latency_metric, concepts.LATENCY)
    found: dict[str, Floats] = {}
    order = [
        (group, metric, layout)
        for (group, _), by_metric in context.by_service(_buckets(context, metrics)).items()
        for metric, series in list(by_metric.items())[:1]
        for layout in bucket_families.layouts(series)
    ]
    step = context.grid.step_s
    asked = [members for *_, layout in order for members in layout.values()]
    rows = iter(await context.ask([StatRequest(ids(members), _RATE, step) for members in asked]))
    counted: dict[str, list[dict[float, Floats]]] = {}
    for group, metric, layout in order:
        counted.setdefault(group, []).append({bound * metric.scale: np.nan_to_num(next(rows)) for bound in layout})
    for group, layouts in counted.items():
        by_step = []
        for at in range(context.grid.steps):
            counts = [{bound: float(row[at]) for bound, row in one.items()} for one in layouts]
            by_step.append(bucket_families.quantiles(counts, [0.95]))
        found[group] = np.array([np.nan if value is None else value for _, (value,) in by_step])
    rest = {
        group: (metric, series)
        for (group, _), by_metric in context.by_service(context.finder.all(metrics, _VALUES)).items()
        if group not in found
        for metric, series in list(by_metric.items())[:1]
    }
    answers = await context.ask([StatRequest(ids(series), _PERCENTILES[1], step) for _, series in rest.values()])
    for (group, (metric, series)), row in zip(rest.items(), answers, strict=True):
        found[group] = row * _scale(series[0], metric)
    return found
