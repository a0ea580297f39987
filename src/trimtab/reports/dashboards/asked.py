"""What a widget asks: metric data queries over its range, within the accounts and regions that it names."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.base.errors import AccessDenied, InvalidInput
from trimtab.base.records import replace
from trimtab.metrics.expressions.model import MetricStat, Query
from trimtab.metrics.statistics import parse_statistic
from trimtab.reports.dashboards.chart_queries import PromAsked, prom_asked
from trimtab.reports.dashboards.explorer import explorer_rows
from trimtab.reports.dashboards.model import Widget
from trimtab.reports.dashboards.ports import AlarmView
from trimtab.reports.dashboards.rows import Row, expand
from trimtab.reports.dashboards.timing import Span, fitting_period, span_of

EVERYWHERE = "*"
"""A region that means every one; CloudWatch has none, so only trimtab's own bodies say it."""
_ONE_VALUE = ("singleValue", "gauge", "bar", "pie", "table")


class Asked(Struct, frozen=True):
    """The queries of a widget, ready to be evaluated. `rows` are by the queries' ids."""

    scope: Scope
    queries: tuple[Query, ...]
    rows: Mapping[str, Row]
    start_ms: int
    span: Span
    period_s: int
    note: str = ""
    prom: tuple[PromAsked, ...] = ()
    alarms: tuple[AlarmView, ...] = ()


def ask(scope: Scope, widget: Widget, usual: Span, inherit: bool, points: int, now_ms: int) -> Asked:
    """What `widget` asks over the dashboard's range `usual`. Raises InvalidInput, or AccessDenied for an account."""
    properties = widget.properties
    span = span_of(properties.get("start", ""), properties.get("end", ""), now_ms, usual)
    rows = _rows(widget)
    whole = bool(properties.get("setPeriodToTimeRange")) and properties.get("view") in _ONE_VALUE
    periods = {
        row.id: _whole(span) if whole else fitting_period(span, row.period_s, inherit=inherit, points=points)
        for row in rows
    }
    longest = max(periods.values(), default=fitting_period(span, None, inherit=inherit, points=points))
    # Buckets lie on the clock, so that they stay where they are as the range moves; one bucket is the range itself.
    start_ms = span.start_ms // 60_000 * 60_000 if whole else span.start_ms // (longest * 1000) * longest * 1000
    regions = {row.region for row in rows if row.region} or {properties.get("region", "")}
    narrowed = _narrowed(scope, regions - {"", EVERYWHERE}, properties.get("accountId"))
    queries = tuple(_query(row, periods[row.id], scope) for row in rows)
    coarser = sorted(
        {
            (row.period_s, periods[row.id])
            for row in rows
            if row.period_s and row.period_s < periods[row.id] and not whole
        }
    )
    note = f"in steps of {coarser[0][1]} s, asked for {coarser[0][0]} s" if coarser else ""
    shortest = min(periods.values(), default=longest)
    prom = prom_asked(widget, max(fitting_period(span, properties.get("period"), inherit=inherit, points=points), 1))
    return Asked(narrowed, queries, {row.id: row for row in rows}, start_ms, span, shortest, note, prom)


def _rows(widget: Widget) -> Sequence[Row]:
    properties: Mapping[str, Any] = widget.properties
    if widget.kind == "metric":
        return expand(properties.get("metrics", ()), properties)
    if widget.kind == "explorer":
        return expand(explorer_rows(properties), properties)
    return ()


def _query(row: Row, period_s: int, scope: Scope) -> Query:
    if row.account and scope.accounts is not None and row.account not in scope.accounts:
        raise AccessDenied(f"cannot show account {row.account}: it is not one that you may see")
    source: MetricStat | str = row.expression
    if row.metric is not None:
        namespace, name, dimensions = row.metric
        statistic = parse_statistic(row.stat, "stat")
        source = MetricStat(namespace, name, dimensions, statistic, period_s, row.unit, row.account)
    elif not row.expression:
        raise InvalidInput("cannot draw a row without a metric or an expression", field="metrics")
    # The label is filled in here, where the points are known; the evaluator gives the one that the service would.
    return Query(row.id, source, period_s, None, row.visible, row.account)


def _narrowed(scope: Scope, regions: set[str], account: Any) -> Scope:
    if regions:
        seen = frozenset(regions) if scope.regions is None else scope.regions & regions
        scope = replace(scope, regions=seen)
    if isinstance(account, str) and account:
        seen_accounts = frozenset((account,)) if scope.accounts is None else scope.accounts & {account}
        scope = replace(scope, accounts=seen_accounts)
    return scope


def _whole(span: Span) -> int:
    """One period over the range: whole minutes, counted from its start rounded down."""
    return max(-(-(span.end_ms - span.start_ms // 60_000 * 60_000) // 60_000), 1) * 60
