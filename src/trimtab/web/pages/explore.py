"""`/explore/metrics`: find metrics, draw them grouped, with any statistic; as page, JSON and CSV."""

from collections.abc import Sequence
from typing import Any

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trimtab.base.clock import iso
from trimtab.base.errors import InvalidInput
from trimtab.metrics.model import Series, SeriesQuery
from trimtab.web import respond
from trimtab.web.alarms.from_chart import alarm_link
from trimtab.web.band_lines import with_band
from trimtab.web.chart_data import STEPS_S, Chart, draw
from trimtab.web.expression_chart import draw_expression, named
from trimtab.web.lines import MOST_SERIES, dimension_keys, group_lines, matching
from trimtab.web.metric_query import EACH, MetricQuery, read_metric_query
from trimtab.web.pages.expression_snippet import get_expression_data
from trimtab.web.pages.snippets import get_metric_data
from trimtab.web.panels import EXPLORER, Panel
from trimtab.web.site import Site
from trimtab.web.view import View, link

STATISTICS = (
    "Average", "Sum", "Minimum", "Maximum", "SampleCount", "Last", "Rate", "p50", "p90", "p95", "p99", "p99.9", "IQM",
    "tm90", "tc90", "ts90", "wm90", "TM(10%:90%)", "TC(10%:90%)", "TS(10%:90%)", "WM(10%:90%)", "PR(0:100)",
)  # fmt: skip
"""Offered as completions; the field takes every valid one."""
_FOUND = 200
_VALUES = 12  # of a dimension, offered for narrowing
_VALUE_KEYS = 6
_NAMED = 12  # series whose ids are listed beside an expression
_TTL_S = 3.0
_DEFAULT_RANGE = "1h"


class Found(Struct, frozen=True):
    """A metric in the list, with links that draw it alone or in addition."""

    namespace: str
    name: str
    series: int
    chosen: bool
    only: str
    add: str


def routes(site: Site) -> list[BaseRoute]:
    """The explorer in its three forms."""

    async def page(request: Request) -> Response:
        view = site.view(request, _DEFAULT_RANGE)
        query = read_query(view)
        series = matching(site.state.registry, view.scope, query)
        chart, complaint = None, ""
        try:
            chart = await chart_of(site, view, query, series) if series or query.expression else None
        except InvalidInput as problem:
            if not query.expression:
                raise
            complaint = str(problem)  # Beside the expression, which the viewer goes on with.
        facts = _facts(site, view, query, series, chart)
        return site.page(request, view, "explore", timed=True, complaint=complaint, **facts)

    async def as_json(request: Request) -> Response:
        view = site.view(request, _DEFAULT_RANGE)
        query = _asked(view)
        series = matching(site.state.registry, view.scope, query)
        chart = await chart_of(site, view, query, series)
        since = view.get("since")
        return respond.json(request, chart.payload(int(since) if since.isdecimal() else None))

    async def as_csv(request: Request) -> Response:
        view = site.view(request, _DEFAULT_RANGE)
        query = _asked(view)
        chart = await chart_of(site, view, query, matching(site.state.registry, view.scope, query))
        columns = ["time", *(one.line.label for one in chart.lines)]
        times = [iso(chart.t0_ms + at * chart.step_ms) for at in range(chart.count)]
        values = [one.values.tolist() for one in chart.lines]
        rows = ([time, *(column[at] for column in values)] for at, time in enumerate(times))
        return respond.table(request, "metrics", columns, rows)

    return [
        Route(EXPLORER, site.guarded(page, bound=True)),
        Route(EXPLORER + ".json", site.guarded(as_json, bound=True)),
        Route(EXPLORER + ".csv", site.guarded(as_csv, bound=True)),
    ]


def read_query(view: View) -> MetricQuery:
    """The question in the URL; its metrics may be none."""
    group = [key for key in view.all("group") if key != EACH]
    asked = (view.get("stat"), view.get("period"), view.get("e"))
    return read_metric_query(view.all("m"), view.all("where"), group, *asked)


async def chart_of(site: Site, view: View, query: MetricQuery, series: Sequence[Series]) -> Chart:
    """The chart of `query`, shared by all who ask the same within some seconds."""
    grain = 1000 * max(int(view.window.span.seconds) // 1000, 1)
    key = ("chart", view.scope, query, len(series), view.window.start_ms // grain, view.window.end_ms // grain)

    async def drawn() -> Chart:
        if query.expression:
            return await draw_expression(site.state.evaluator, view.scope, query, series, view.window)
        lines = group_lines(series[:MOST_SERIES], query.group)
        chart = await draw(site.state.reader, view.scope, query, lines, view.window)
        if site.state.detectors is None:
            return chart
        return await with_band(site.state.evaluator, site.state.detectors, chart, query.statistic)

    return await site.cache.get(key, _TTL_S, drawn)


def _asked(view: View) -> MetricQuery:
    query = read_query(view)
    if not query.metrics and not query.expression:
        raise InvalidInput("cannot draw: no metric is named; expected m=namespace|name", field="m")
    return query


def _facts(site: Site, view: View, query: MetricQuery, series: Sequence[Series], chart: Chart | None) -> dict[str, Any]:
    found = _search(site, view, query)
    boto3, note = _snippet(site, view, query, series, chart) if chart else ("", "")
    return {
        "panel": _panel(query, chart) if chart else None,
        "drawn": chart,
        "keys": dimension_keys(series),
        "group": " + ".join(query.group),
        "several_groups": len(query.group) > 1,
        "stat": query.statistic.text,
        "statistics": STATISTICS,
        "periods": STEPS_S,
        "period": query.period_s,
        "chips": _chips(view),
        "values": _values(view, query, series),
        "alarm": alarm_link(query, series),
        "expression": query.expression,
        "named": named(series)[:_NAMED],
        "unnamed": max(len(series) - _NAMED, 0),
        "too_many": len(series) > MOST_SERIES,
        "most": MOST_SERIES,
        "found": found[:_FOUND],
        "found_total": len(found),
        "namespaces": len({one.namespace for one in found}),
        "boto3": boto3,
        "boto3_note": note,
    }


def _snippet(site: Site, view: View, query: MetricQuery, series: Sequence[Series], chart: Chart) -> tuple[str, str]:
    if query.expression:
        return get_expression_data(query, chart, series, view.origin, site.state.region)
    return get_metric_data(query, chart, view.origin, site.state.region)


def _panel(query: MetricQuery, chart: Chart) -> Panel:
    if query.expression:
        shown = f", the first {len(chart.lines)} of them" if chart.total > len(chart.lines) else ""
        counted = f"{chart.total} line" + ("s" if chart.total != 1 else "")
        return Panel(query.expression, query, counted + shown, legend="table", height=320)
    title = ", ".join(dict.fromkeys(name for _, name in query.metrics))
    lines = f"{chart.total} line" + ("s" if chart.total != 1 else "")
    largest = ", the largest 7 and the rest" if chart.total > len(chart.lines) else ""
    return Panel(title, query, f"{query.statistic.text} · {lines}{largest}", legend="table", height=320)


def _search(site: Site, view: View, query: MetricQuery) -> list[Found]:
    text = view.get("q")
    counts: dict[tuple[str, str], int] = {}
    if text:
        for series in site.state.registry.find(view.scope, SeriesQuery(text=text, limit=MOST_SERIES)):
            key = (series.identity.namespace, series.identity.name)
            counts[key] = counts.get(key, 0) + 1
    else:
        names = site.state.registry.names(view.scope)
        counts = {(namespace, name): number for namespace, found in names.items() for name, number in found.items()}
    return [_found(view, query, metric, number) for metric, number in sorted(counts.items())]


def _found(view: View, query: MetricQuery, metric: tuple[str, str], number: int) -> Found:
    text = f"{metric[0]}|{metric[1]}"
    counter = metric[1].endswith((".io", ".operations", "_total", ".errors"))
    only = view.url(m=text, drop=("where", "group", "stat", "period"), stat="Rate" if counter else "Average")
    return Found(*metric, number, metric in query.metrics, only, with_parameter(view, "m", text))


def with_parameter(view: View, name: str, value: str) -> str:
    """This view with one more `name=value`."""
    return link(view.path, [*view.parameters, (name, value)])


def _without(view: View, name: str, value: str) -> str:
    return link(view.path, [pair for pair in view.parameters if pair != (name, value)])


def _chips(view: View) -> list[tuple[str, str]]:
    chips = [(text.replace("|", " · "), _without(view, "m", text)) for text in view.all("m")]
    return chips + [(text, _without(view, "where", text)) for text in view.all("where")]


def _values(view: View, query: MetricQuery, series: Sequence[Series]) -> list[tuple[str, list[tuple[str, str]]]]:
    offered = []
    for key, number in dimension_keys(series).items():
        if number < 2:
            continue
        values = sorted({one.dimensions[key] for one in series if key in one.dimensions})[:_VALUES]
        offered.append((key, [(value, with_parameter(view, "where", f"{key}={value}")) for value in values]))
    return offered[:_VALUE_KEYS]
