"""The overview's first line where there are GPUs: what exists, is held, works and idles, and what that costs."""

from collections.abc import Sequence

from trimtab.base.clock import to_datetime
from trimtab.figures.areas import arrivals
from trimtab.figures.areas.money import MONTH
from trimtab.figures.model import Figure
from trimtab.figures.register import REGISTER
from trimtab.inventory.catalog.model import PriceBasis
from trimtab.inventory.sources import Source
from trimtab.web import format as words
from trimtab.web.fleet import Trend
from trimtab.web.gpu_findings import idle_groups
from trimtab.web.gpu_fleet import GpuFleet
from trimtab.web.kpi_text import hours
from trimtab.web.money_tiles import Idle, idle_tile
from trimtab.web.tiles import Tile

EXISTING, HELD, ACTIVE, IDLE_HOURS = (
    REGISTER[id_] for id_ in ("gpu_hours_existing", "gpu_held_share", "gpu_active_share", "gpu_hours_idle")
)
HELD_HOURS = REGISTER["gpu_hours_held"]


def gpu_tiles(
    fleet: GpuFleet,
    sources: Sequence[Source],
    now_ms: int,
    links: tuple[str, str],
    money: tuple[Tile | None, Idle | None] = (None, None),
) -> list[Tile]:
    """`links` lead to the GPUs and to the sources; `money` is the month's tile and the cost of the idle hours."""
    whole = fleet.whole
    to_gpus, to_sources = links
    newest = max((source.last_seen_ms for source in sources), default=0)
    size, _, unit = words.duration(max(now_ms - newest, 0)).partition(" ") if newest else (words.NONE, "", "")
    worst = next(iter(idle_groups(fleet.gpus)), None)
    named = f"{worst.owner}: {hours(worst.idle_h)} h in one group" if worst else "none idles"
    return [
        money[0] or Tile(MONTH, words.NONE, "", "needs a bill", href="/costs"),
        Tile(EXISTING, hours(whole.existing), "h", _made_of(fleet), fleet.trend("existing"), to_gpus),
        _share(HELD, whole.held_share, f"{hours(whole.free)} h free", to_gpus, fleet.trend("held")),
        _share(ACTIVE, whole.active_share, _sources(fleet), to_gpus, fleet.trend("active")),
        idle_tile(Tile(IDLE_HOURS, hours(whole.idle), "h", named, fleet.trend("idle"), to_gpus), money[1]),
        Tile(arrivals.AGE, size, f"{unit} old" if newest else "", _reconciled(fleet), href=to_sources),
    ]


def _made_of(fleet: GpuFleet) -> str:
    """What the hours that exist are, beside those that are held."""
    whole = fleet.whole
    parts = [f"{hours(value)} {name}" for name, value in (("down", whole.down), ("unknown", whole.unknown)) if value]
    return " · ".join([f"{words.count(len(fleet.gpus))} GPUs", *parts])


def _reconciled(fleet: GpuFleet) -> str:
    """Whether what the range cost is what bills say."""
    costed = fleet.costed
    if not len(costed.row):
        return "no price is known"
    if not any(one.basis is PriceBasis.BILL for one in costed.notes.values()):
        return "costs by rates, no bill has them"
    if not costed.estimated.any():
        return "costs reconciled with the bill"
    return f"costs estimated from {to_datetime(costed.closed_ms):%-d %b} on"


def _share(figure: Figure, share: float | None, note: str, link: str, trend: Trend) -> Tile:
    shown = words.NONE if share is None else f"{share * 100:.1f}"
    return Tile(figure, shown, "" if share is None else "%", note, trend, link)


def _sources(fleet: GpuFleet) -> str:
    return "by " + ", ".join(name for name, _ in fleet.sources) if fleet.sources else "not measured"
