"""The utilisation of GPUs as KPIs: the figures of the fleet ledger, by whatever the report groups by."""

from trimtab.fleet.figures import FIGURES
from trimtab.fleet.frame import Totals, by_name
from trimtab.fleet.groups import names_of
from trimtab.fleet.telemetry import concepts
from trimtab.fleet.telemetry.concepts import looked_for
from trimtab.kpis.context import Context
from trimtab.kpis.model import Input, Kpi, unknown

IDS = tuple(FIGURES)
MISSING = looked_for([metric for _, metrics in concepts.ACTIVITY for metric in metrics])
_UNMEASURED = "no telemetry says the activity of the GPUs that were held"
_OF_ACTIVITY = frozenset({"gpu_hours_active", "gpu_hours_inactive", "gpu_active_share"})


async def read(context: Context) -> dict[str, list[Kpi]]:
    """The GPU-hours of every group that has GPUs."""
    if context.ledger is None:
        return {}
    grid = context.grid
    frame = await context.ledger.frame(context.finder.scope, grid.start_ms, grid.end_ms)
    if not len(frame):
        return {}
    names = names_of(frame, context.owners, context.finder)
    inputs = _inputs(context)
    return {group: kpis_of(found, inputs) for group, found in by_name(frame, names).items() if found.existing}


def kpis_of(found: Totals, inputs: tuple[Input, ...] = ()) -> list[Kpi]:
    """The KPIs of one group's hours. Their coverage is the share of the hours of which it is known who had the GPU and,
    where somebody had it, what it did."""
    unmeasured = found.held > 0 and not found.measured
    seen = 1 - (found.unknown + found.unmeasured) / found.existing if found.existing else None
    return [
        unknown(id_, _UNMEASURED, inputs)
        if unmeasured and id_ in _OF_ACTIVITY
        else Kpi(id_, figure.of(found), "", seen, inputs)
        for id_, figure in FIGURES.items()
    ]


def _inputs(context: Context) -> tuple[Input, ...]:
    """The metrics of activity that there are, with how many series each has."""
    counts: dict[str, int] = {}
    for _, metrics in concepts.ACTIVITY:
        for one in context.finder.all(metrics):
            counts[one.metric.shown] = counts.get(one.metric.shown, 0) + 1
    return tuple(Input(name, number) for name, number in counts.items())
