"""The overview's first line where there are GPUs: what is paid, held, used and idle, and how old that is."""

from collections.abc import Sequence

import numpy as np

from trimtab.inventory.sources import Source
from trimtab.web import format as words
from trimtab.web.fleet import Trend
from trimtab.web.gpu_findings import idle_groups
from trimtab.web.gpu_fleet import GpuFleet
from trimtab.web.kpi_text import hours
from trimtab.web.money_tiles import MONTH, Idle, idle_tile
from trimtab.web.tiles import Tile

_POINTS = 60


def gpu_tiles(
    fleet: GpuFleet,
    sources: Sequence[Source],
    rate: Tile,
    now_ms: int,
    links: tuple[str, str],
    money: tuple[Tile | None, Idle | None] = (None, None),
) -> list[Tile]:
    """`links` lead to the GPUs and to the sources; `money` is the month's tile and the cost of the idle hours."""
    whole = fleet.whole
    to_gpus, to_sources = links
    newest = max((source.last_seen_ms for source in sources), default=0)
    size, _, unit = words.duration(max(now_ms - newest, 0)).partition(" ")
    paid = whole.paid or float("nan")
    known = whole.coverage
    coverage = f" · {known * 100:.0f} % observed" if known is not None else ""
    worst = next(iter(idle_groups(fleet.gpus)), None)
    named = f"{worst.owner}: {hours(worst.idle_h)} h in one group" if worst else "none idles"
    return [
        money[0] or Tile(MONTH, words.NONE, "", "needs a bill", href="/costs"),
        Tile("Paid GPU-hours", *_hours(whole.paid), f"{len(fleet.gpus)} GPUs{coverage}", _paid(fleet), to_gpus),
        _share("Allocated", whole.allocated / paid, f"{hours(whole.unallocated)} h held by nobody", to_gpus),
        _share("Active", whole.active / paid, _sources(fleet), to_gpus, _activity(fleet)),
        idle_tile(Tile("Idle GPU-hours", *_hours(whole.idle), named, _idle(fleet), to_gpus), money[1]),
        Tile(
            "Age of the data",
            size,
            f"{unit} old" if newest else "",
            rate.value + " " + rate.unit,
            rate.trend,
            to_sources,
        ),
    ]


def _hours(value: float) -> tuple[str, str]:
    return hours(value), "h"


def _share(label: str, share: float, note: str, link: str, trend: Trend | None = None) -> Tile:
    shown = words.NONE if np.isnan(share) else f"{share * 100:.1f}"
    return Tile(label, shown, "%", note, trend or [], link)


def _sources(fleet: GpuFleet) -> str:
    return "by " + ", ".join(name for name, _ in fleet.sources) if fleet.sources else "not measured"


def _thin(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> Trend:
    """At most `_POINTS` means; the last step, which still fills, left out."""
    kept = values[:-1]
    width = max(-(-len(kept) // _POINTS), 1)
    return [float(kept[at : at + width].mean()) for at in range(0, len(kept), width)]


def _paid(fleet: GpuFleet) -> Trend:
    grid = fleet.evidence.grid
    return _thin((np.where(grid.down, 1.0, grid.observed) * grid.weight[:, None]).sum(0))


def _activity(fleet: GpuFleet) -> Trend:
    grid = fleet.evidence.grid
    up = np.where(grid.down, 0.0, grid.observed) * grid.weight[:, None]
    active = (up * np.clip(np.nan_to_num(grid.activity), 0, 1)).sum(0)
    return _thin(active / np.maximum(up.sum(0), 1e-9))


def _idle(fleet: GpuFleet) -> Trend:
    grid = fleet.evidence.grid
    up = np.where(grid.down, 0.0, grid.observed) * grid.weight[:, None]
    return _thin((up * (1 - np.clip(np.nan_to_num(grid.activity), 0, 1))).sum(0))
