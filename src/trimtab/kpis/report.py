"""The KPIs of every service, team, or the fleet, over a range: each area is read once, for all groups together."""

from collections.abc import Awaitable, Callable, Mapping

from trimtab.access.scope import Scope
from trimtab.fleet.reading import HoursReader
from trimtab.fleet.telemetry.concepts import POD_LABELS, Finder, Registry
from trimtab.fleet.telemetry.owners import FLEET, UNOWNED, Owners, TagsOf, no_tags, pods_of
from trimtab.fleet.telemetry.reading import Reader
from trimtab.fleet.telemetry.window import Grid
from trimtab.kpis import gpu_kpis, latency, machines, scalability, success, throughput
from trimtab.kpis.context import Context, Options
from trimtab.kpis.formulas import FORMULAS
from trimtab.kpis.model import Area, GroupKpis, Kpi, Level, Report, unknown
from trimtab.slos.budget import check_slo

DEFAULTS = Options()
"""What holds where a caller chooses nothing."""
GROUP_KEY: Mapping[Level, str] = {Level.SERVICE: "service", Level.TEAM: "team", Level.FLEET: FLEET}
"""What each level groups by where the caller does not say."""

_READERS: tuple[Callable[[Context], Awaitable[dict[str, list[Kpi]]]], ...] = (
    gpu_kpis.read,
    machines.read,
    throughput.read,
    latency.read,
    success.read,
    scalability.read,
)
_NOTHING: Mapping[Area, str] = {
    Area.UTILISATION: "no series of GPUs or hosts carries this group",
    Area.THROUGHPUT: "no series of requests or tokens carries this group",
    Area.LATENCY: "no series of latency carries this group",
    Area.AVAILABILITY: "no series of requests or probes carries this group",
    Area.SCALABILITY: "no series of requests carries this group",
}


async def report(
    reader: Reader,
    registry: Registry,
    scope: Scope,
    level: Level,
    start_ms: int,
    end_ms: int,
    *,
    by: str = "",
    step_s: int | None = None,
    options: Options = DEFAULTS,
    tags_of: TagsOf = no_tags,
    ledger: HoursReader | None = None,
) -> Report:
    """Every KPI of every group, grouped by `by` (a tag or label; by default what the level means).

    `step_s` is the resolution in which time is looked at; by default what suits the range. `ledger` has the
    GPU-hours; without one they are unknown.

    Reads what `scope` covers. Raises InvalidInput for a bad range or SLO, QueryAborted, Unavailable.
    """
    check_slo(options.slo)
    grid = Grid.as_long(start_ms, end_ms, step_s)
    key = by or GROUP_KEY[level]
    finder = Finder(registry, scope, grid.start_ms)
    pods = pods_of(one.series for one in finder.named(POD_LABELS)) if key != FLEET else {}
    context = Context(reader, finder, Owners(key, tags_of, pods), grid, options, ledger)
    found: dict[str, dict[str, Kpi]] = {}
    for read in _READERS:
        for group, kpis in (await read(context)).items():
            found.setdefault(group, {}).update({kpi.id: kpi for kpi in kpis})
    if level is Level.FLEET and not by:
        found.setdefault(FLEET, {})
    names = sorted(found, key=lambda group: (group == UNOWNED, group))
    groups = tuple(GroupKpis(group, _complete(found[group])) for group in names)
    return Report(level, key, grid.start_ms, grid.end_ms, grid.step_s, groups)


def _complete(kpis: Mapping[str, Kpi]) -> tuple[Kpi, ...]:
    """One KPI of every formula; what no reader had gets the reason of its area."""
    return tuple(kpis.get(id_) or unknown(id_, _NOTHING[formula.area]) for id_, formula in FORMULAS.items())
