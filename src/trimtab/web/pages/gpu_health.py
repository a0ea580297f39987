"""`/gpu-health`: faults of GPUs, the runs that they ended or slowed, what that cost, lemons, and what is to be done."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trimtab.figures.areas import gpu_health as figures
from trimtab.fleet.health.fault import Fault, Severity
from trimtab.fleet.health.lemons import Rate
from trimtab.fleet.health.loss import Harm, Hours
from trimtab.fleet.health.room import HealthReader, HealthReport
from trimtab.fleet.model import DAY_MS
from trimtab.web import format as words
from trimtab.web import respond
from trimtab.web.gpu_reader import fresh_s
from trimtab.web.money_tiles import money
from trimtab.web.site import Site
from trimtab.web.tiles import Tile
from trimtab.web.view import View

PATH = "/gpu-health"
_MOST_MS = 92 * DAY_MS
_MOST_ROWS = 200
_RANGE = "30d"
"""Faults are few: an hour of them says nothing."""
_STALE_S = 600.0
_COLUMNS = (
    "at_ms", "machine", "device", "fault", "severity", "effect", "run", "lost_gpu_hours", "at_most_gpu_hours",
    "down_gpu_hours",
)  # fmt: skip


def routes(site: Site) -> list[BaseRoute]:
    """The page and its CSV. Machines are whole there, so it is not for who sees a part of the owners."""
    health = site.state.gpu_health
    if health is None:
        return []

    async def page(request: Request) -> Response:
        view = site.view(request, _RANGE)
        found = await _report(site, health, view)
        downs = downs_by_harm(found)
        rows = [(one, downs[at]) for at, one in enumerate(found.harms)][::-1]
        return site.page(
            request,
            view,
            "gpu_health",
            timed=True,
            report=found,
            tiles=_tiles(found),
            rows=[row for row in rows if _is_shown(row[0])][:_MOST_ROWS],
            faults=len(found.harms),
            machines=rates_of(found)[:_MOST_ROWS],
            money=money,
            hours=hours_words,
        )

    async def as_csv(request: Request) -> Response:
        view = site.view(request, _RANGE)
        found = await _report(site, health, view)
        downs = downs_by_harm(found)
        return respond.table(
            request, "gpu-health", _COLUMNS, [_row(one, downs[at]) for at, one in enumerate(found.harms)]
        )

    return [Route(PATH, site.guarded(page)), Route(f"{PATH}.csv", site.guarded(as_csv))]


async def _report(site: Site, health: HealthReader, view: View) -> HealthReport:
    window = view.window
    start_ms = max(window.start_ms, window.end_ms - _MOST_MS)
    key = ("gpu health", view.scope, window.parameters)
    found: HealthReport = await site.cache.get(
        key, fresh_s(window), lambda: health.report(view.scope, start_ms, window.end_ms), stale_s=_STALE_S
    )
    return found


def downs_by_harm(found: HealthReport) -> list[Hours | None]:
    """Of each harm what was down after its fault: it stands with the first of the fault's harms alone."""
    downs: dict[Fault, Hours] = dict(found.downs)
    return [downs.pop(one.impact.fault, None) for one in found.harms]


def rates_of(found: HealthReport) -> Sequence[tuple[str, Rate | None, Rate | None]]:
    """Machines with an incident: their rates of those that ended runs, and of all."""
    if found.rankings is None:
        return []
    every, ending = found.rankings.every.rates, found.rankings.ending.rates
    names = dict.fromkeys((*ending, *every))
    some = [(name, ending.get(name), every.get(name)) for name in names]
    return [row for row in some if any(rate is not None and rate.incidents for rate in row[1:])]


def hours_words(hours: Hours | None) -> str:
    """GPU-hours with their cost; a dash for none."""
    if hours is None:
        return "–"
    cost = f" · {money(hours.amounts)}" if hours.amounts else ""
    unpriced = f" · {words.value(hours.unpriced)} h without a price" if hours.unpriced >= 0.05 else ""
    return f"{words.value(hours.gpu_hours)} h{cost}{unpriced}"


def _is_shown(harm: Harm) -> bool:
    return harm.impact.fault.severity is not Severity.NOTICE and (
        bool(harm.impact.holder) or harm.impact.fault.severity is not Severity.APPLICATION
    )


def _tiles(found: HealthReport) -> list[Tile]:
    lost, at_most, down = found.lost, found.at_most, found.down
    return [
        Tile(figures.LOST_HOURS, words.value(lost.gpu_hours), "h", _note(lost.amounts)),
        Tile(figures.AT_MOST, words.value(at_most.gpu_hours), "h", _note(at_most.amounts)),
        Tile(figures.DOWN, words.value(down.gpu_hours), "h", _note(down.amounts)),
    ]


def _note(amounts: Mapping[str, Decimal]) -> str:
    return f"{money(amounts)}, net amortised" if amounts else ""


def _row(one: Harm, down: Hours | None) -> tuple[object, ...]:
    impact = one.impact
    return (
        impact.fault.at_ms,
        impact.fault.machine,
        impact.fault.device,
        impact.fault.name,
        impact.fault.severity.value,
        impact.effect.value,
        impact.holder,
        None if one.lost is None else one.lost.gpu_hours,
        None if one.at_most is None else one.at_most.gpu_hours,
        None if down is None else down.gpu_hours,
    )
