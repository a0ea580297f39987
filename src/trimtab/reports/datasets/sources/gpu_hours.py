"""`gpu_hours`: GPU time of a team by day or hour, in layers: paid = down + allocated + unallocated + unknown."""

import asyncio
from dataclasses import replace

from trimtab.access.scope import Scope
from trimtab.fleet.telemetry.concepts import POD_LABELS, Finder
from trimtab.fleet.telemetry.evidence import gather
from trimtab.fleet.telemetry.gpu_hours import GpuGrid, Layers, by_owner
from trimtab.fleet.telemetry.owners import Owners, pods_of
from trimtab.fleet.telemetry.window import Grid
from trimtab.kpis.runs.reader import RunReports
from trimtab.reports.datasets.field import Field, number, text
from trimtab.reports.datasets.source import Rows, Source, Window
from trimtab.reports.datasets.sources.scoped import series_condition
from trimtab.reports.datasets.sources.times import DAY, DAY_MS, HOUR, days_of
from trimtab.store.sql import load_queries
from trimtab.store.telemetry.client import Telemetry

_QUERIES = load_queries("trimtab.reports.datasets.sources")
_HOUR_S, _QUARTER_S = 3600, 21_600  # of a day: a finer look is the KPI report's
_FINE_DAYS = 16
_LAYERS = {
    "paid": "Hours in which a GPU was observed, or down.",
    "allocated": "Hours in which somebody held it.",
    "active": "Hours of work: activity × time.",
    "idle": "Paid, up, and did nothing.",
    "down": "Drained, broken or silent.",
    "unallocated": "Free and up.",
    "idle_allocated": "Held and not used.",
    "unknown": "Nothing says whether it was held.",
}
FIELDS: tuple[Field, ...] = (
    DAY, HOUR, text("account", "Account."), text("owner", "Team."),
    *(number(name, says, "GPU-h") for name, says in _LAYERS.items()),
)  # fmt: skip


def gpu_hours(telemetry: Telemetry, reports: RunReports) -> Source:
    """The source over the KPI room."""

    async def read(window: Window) -> Rows:
        first, last = days_of(window.start_ms, min(window.end_ms, reports.clock.now_ms()))
        if first >= last:
            return Rows(())
        where, params = series_condition(window.scope)
        found = await telemetry.fetch(_QUERIES["gpu_accounts"].replace("/*and*/", where), params)
        accounts = [str(one) for one in found["account"].tolist()]
        hourly = HOUR.name in window.wanted
        read = (_of_account(reports, window.scope, one, first, last, hourly=hourly) for one in accounts)
        rows = await asyncio.gather(*read)
        return Rows([row for some in rows for row in some], min(last, reports.clock.now_ms()))

    return Source(
        "gpu_hours", "GPU-hours", "a team's day, or hour", FIELDS, read, whole=True, finer=frozenset((HOUR.name,))
    )


async def _of_account(
    reports: RunReports, scope: Scope, account: str, first: int, last: int, *, hourly: bool
) -> list[tuple[object, ...]]:
    own = replace(scope, accounts=frozenset((account,)))
    step = _HOUR_S if (last - first) <= _FINE_DAYS * DAY_MS else _QUARTER_S
    finder = Finder(reports.registry, own, first)
    pods = pods_of(one.series for one in finder.named(POD_LABELS))
    grid = Grid.over(first, last, step)
    evidence = await gather(reports.reader, finder, Owners("team", pods=pods), grid, reports.scheduled)
    if evidence is None:
        return []
    steps = 1 if hourly else DAY_MS // (step * 1000)
    length = steps * step * 1000
    return [
        (at // DAY_MS * DAY_MS, at if hourly else None, account, owner, *_values(layers))
        for number, at in enumerate(range(first, last, length))
        for owner, layers in by_owner(_part(evidence.grid, number * steps, (number + 1) * steps)).items()
        if layers.paid
    ]


def _values(layers: Layers) -> tuple[float, ...]:
    return tuple(float(getattr(layers, name)) for name in _LAYERS)


def _part(grid: GpuGrid, start: int, end: int) -> GpuGrid:
    """The steps `[start, end)` of a grid."""
    return replace(
        grid,
        observed=grid.observed[:, start:end],
        activity=grid.activity[:, start:end],
        source=grid.source[:, start:end],
        held=grid.held[:, start:end],
        down=grid.down[:, start:end],
        silent=grid.silent[:, start:end],
        owner=grid.owner[:, start:end],
    )
