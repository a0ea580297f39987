"""The utilisation of GPUs as KPIs: the layers of `gpu_hours` with the metrics and evidence that they rest on."""

from trimtab.fleet.telemetry import concepts
from trimtab.fleet.telemetry.concepts import looked_for
from trimtab.fleet.telemetry.evidence import Evidence, gather
from trimtab.fleet.telemetry.gpu_hours import Layers, by_owner
from trimtab.kpis.context import Context
from trimtab.kpis.model import Input, Kpi, unknown

IDS = (
    "gpu_hours_paid",
    "gpu_hours_allocated",
    "gpu_hours_active",
    "gpu_hours_idle",
    "gpu_hours_down",
    "gpu_hours_unallocated",
    "gpu_hours_idle_allocated",
    "gpu_hours_allocation_unknown",
    "gpu_active_share",
)
MISSING = looked_for([metric for _, metrics in concepts.ACTIVITY for metric in metrics])
_NO_EVIDENCE = (
    "nothing says whether GPUs were allocated: no pod or job label, process memory or used memory on their series"
)


async def read(context: Context) -> dict[str, list[Kpi]]:
    """The GPU-hours of every group that has GPUs."""
    evidence = await gather(context.reader, context.finder, context.owners, context.grid, context.scheduled)
    if evidence is None:
        return {}
    return {owner: kpis_of(layers, evidence) for owner, layers in by_owner(evidence.grid).items()}


def kpis_of(layers: Layers, evidence: Evidence) -> list[Kpi]:
    """The KPIs of one owner's layers."""
    activity = tuple(
        Input(name, share=hours / layers.paid if layers.paid else None)
        for name, hours in zip(evidence.grid.sources, layers.by_source, strict=True)
        if hours
    )
    series = tuple(Input(name, number) for name, number in evidence.activity)
    allocation = tuple(Input(name, number) for name, number in evidence.allocation)
    down = tuple(Input(name, number) for name, number in evidence.down)
    allocated: dict[str, Kpi] = {}
    if layers.paid > layers.down and layers.allocated == 0 and layers.unallocated == 0:
        for id_ in ("gpu_hours_allocated", "gpu_hours_unallocated", "gpu_hours_idle_allocated"):
            allocated[id_] = unknown(id_, _NO_EVIDENCE)
    values = {
        "gpu_hours_paid": (layers.paid, series),
        "gpu_hours_allocated": (layers.allocated, allocation),
        "gpu_hours_active": (layers.active, activity),
        "gpu_hours_idle": (layers.idle, activity),
        "gpu_hours_down": (layers.down, down),
        "gpu_hours_unallocated": (layers.unallocated, allocation),
        "gpu_hours_idle_allocated": (layers.idle_allocated, (*allocation, *activity)),
        "gpu_hours_allocation_unknown": (layers.unknown, allocation),
        "gpu_active_share": (layers.active / layers.paid if layers.paid else None, activity),
    }
    return [
        allocated.get(id_)
        or Kpi(id_, value, "" if value is not None else "no GPU was observed", layers.coverage, inputs)
        for id_, (value, inputs) in values.items()
    ]
