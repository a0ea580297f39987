"""The figures of GPU time: each with its name, unit and formula, declared once. Pages, KPIs, `/metrics`, reports and
datasets take them from here.

A figure over a range is of that range and nothing else: what began before or ends after is clipped to it. It rolls up
as a sum, or as a ratio of sums where it is a ratio.
"""

from collections.abc import Callable

from msgspec import Struct

from trimtab.fleet.frame import Totals


class FleetFigure(Struct, frozen=True):
    """A figure of GPU time. `unit` is "h" (GPU-hours) or "1" (a share); `better` as of KPIs; `of` reads it."""

    id: str
    label: str
    unit: str
    text: str
    of: Callable[[Totals], float | None]
    better: int = 0


_ALL = (
    FleetFigure("gpu_hours_existing", "GPU-hours", "h",
                "Σ over GPUs of the time in which the GPU existed, by its scheduler, inventory, bill or telemetry; "
                "existing = down + held + free + unknown", lambda one: one.existing),
    FleetFigure("gpu_hours_down", "GPU-hours down", "h",
                "time in which the GPU was out of use (drained, failed, fatal XID, maintenance) and nobody held it",
                lambda one: one.down, -1),
    FleetFigure("gpu_hours_held", "GPU-hours held", "h",
                "time in which a run, workload or endpoint had the GPU; of several each has its share; "
                "held = active + inactive + unmeasured", lambda one: one.held),
    FleetFigure("gpu_hours_free", "GPU-hours free", "h",
                "time in which the GPU could be had and nobody had it", lambda one: one.free, -1),
    FleetFigure("gpu_hours_unknown", "GPU-hours of unknown holding", "h",
                "time in which the GPU existed and nobody says whether anybody had it", lambda one: one.unknown, -1),
    FleetFigure("gpu_hours_active", "GPU-hours active", "h",
                "Σ activity × time held; activity is SM_ACTIVE, else GR_ENGINE_ACTIVE, else GPU_UTIL, in steps of 5 "
                "minutes", lambda one: one.active, 1),
    FleetFigure("gpu_hours_inactive", "GPU-hours held and inactive", "h",
                "held − active, of the time whose activity is measured", lambda one: one.inactive, -1),
    FleetFigure("gpu_hours_unmeasured", "GPU-hours held and not measured", "h",
                "held time of which no telemetry says the activity", lambda one: one.unmeasured, -1),
    FleetFigure("gpu_hours_idle", "GPU-hours idle", "h",
                "free + inactive", lambda one: one.idle, -1),
    FleetFigure("gpu_active_share", "GPU active share", "1",
                "active ÷ existing", lambda one: one.active_share, 1),
    FleetFigure("gpu_held_share", "GPU held share", "1",
                "held ÷ existing", lambda one: one.held_share),
)  # fmt: skip

FIGURES: dict[str, FleetFigure] = {figure.id: figure for figure in _ALL}
"""By id, in the order in which they are shown."""
STATES = ("down", "held", "free", "unknown")
"""What existing hours are made of, by name of `Totals`: they add up to it."""
