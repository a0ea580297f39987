"""`metrics`: every series by closed hour, out of the rollups."""

from trimtab.base.clock import Clock
from trimtab.metrics.rollups.hours import hours_of
from trimtab.reports.datasets.field import Field, labels, number, text
from trimtab.reports.datasets.source import Relation, Source, Window
from trimtab.reports.datasets.sources.scoped import ID, series_condition
from trimtab.reports.datasets.sources.times import DAY, HOUR, HOUR_MS, bounded
from trimtab.store.sql import load_queries
from trimtab.store.telemetry.client import Telemetry

_QUERIES = load_queries("trimtab.reports.datasets.sources")
_ROLLUPS = load_queries("trimtab.metrics.rollups")
FIELDS: tuple[Field, ...] = (
    DAY, HOUR, text("account", "Account."), text("region", "Region."),
    text("namespace", "Namespace."), text("metric", "Name of the metric."), text("unit", "Unit of the values."),
    text("kind", "gauge, counter or event."), text("resource", "What it is about, as the inventory has it."),
    text("resource_id", "The id of what it is about."), labels("dimensions", "Dimensions or labels."),
    number("value", "The mean of the hour; of a counter, the mean increase between samples."),
    number("samples", "How many samples."), number("total", "Their sum; of a counter, its increase."),
    number("minimum", "The least."), number("maximum", "The greatest."), number("last", "The newest."),
)  # fmt: skip
_COLUMNS = {
    "day": "toStartOfDay(m.time)", "hour": "m.time", "account": "s.account", "region": "s.region",
    "namespace": "s.namespace", "metric": "s.name", "unit": "s.unit", "kind": "s.kind", "resource": "s.resource",
    "resource_id": ID.format("s.resource"), "dimensions": "s.dimensions",
    "value": "m.sum / nullIf(m.count, 0)", "samples": "m.count", "total": "m.sum", "minimum": "m.minimum",
    "maximum": "m.maximum", "last": "m.last",
}  # fmt: skip


def metrics(telemetry: Telemetry, clock: Clock) -> Source:
    """The source over a store."""

    async def read(window: Window) -> Relation:
        start, end = bounded(window.start_ms), bounded(min(window.end_ms, clock.now_ms() + HOUR_MS))
        bounds = {"from": start // HOUR_MS, "to": max(-(-end // HOUR_MS), 0)}
        known = hours_of(await telemetry.fetch(_ROLLUPS["hours"], bounds))
        rolled = [one for one in known.values() if one.version]
        params: dict[str, object] = {
            "start": start,
            "end": end,
            "hours": [one.hour for one in rolled],
            "versions": [one.version for one in rolled],
        }
        where, more = series_condition(window.scope)
        until = max(((one.hour + 1) * HOUR_MS for one in rolled), default=None)
        return Relation(_QUERIES["metrics"].replace("/*and*/", where), _COLUMNS, params | more, until)

    return Source("metrics", "Metrics", "a series in a closed hour", FIELDS, read)
