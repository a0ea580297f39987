"""The overview's money: what this month is billed so far, and what the idle GPUs of the range cost by the hour."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal

from trimtab.access.scope import Scope
from trimtab.costs.model import CostQuery, CostRow, Granularity, Metric
from trimtab.costs.room import CostsRoom
from trimtab.economics.estimate.live import LiveEstimates, spent_of
from trimtab.inventory.catalog.pricing import Machine, Pricing
from trimtab.inventory.room import InventoryRoom
from trimtab.inventory.runs.model import Node
from trimtab.web import format as words
from trimtab.web.gpu_fleet import GpuRow
from trimtab.web.tiles import Tile

MONTH, IDLE = "This month’s $", "Idle $"
_DAY_MS = 86_400_000
_INSTANCE_LABELS = ("node.kubernetes.io/instance-type", "beta.kubernetes.io/instance-type", "instance_type")


@dataclass(frozen=True, slots=True)
class Idle:
    """Cost by currency of idle GPU-hours, and the hours without a price."""

    amounts: Mapping[str, Decimal]
    unpriced_h: float


async def month_tile(
    costs: CostsRoom | None, scope: Scope, now_ms: int, href: str = "/costs", live: LiveEstimates | None = None
) -> Tile | None:
    """What is billed of the running month, else of the last month with a bill; None where no bill was imported.

    Days that are not billed yet are told beside it, as the last snapshot of the live estimate has them.
    """
    extent = await costs.reader.extent() if costs is not None else None
    if costs is None or extent is None:
        return None
    start_ms = _month(min(now_ms, extent[1] - 1))
    end_ms = min(extent[1], _month(start_ms + 32 * _DAY_MS))
    rows = await costs.reader.costs(scope, CostQuery(start_ms, end_ms, (Metric.BILLED,), Granularity.DAILY))
    if not rows:
        return Tile(MONTH, words.NONE, "", "no billed line in your accounts", href=href)
    tile = month_of(rows, end_ms, this_month=start_ms == _month(now_ms), href=href)
    newest = live.newest if live is not None else None
    if newest is None or tile.label != MONTH:
        return tile
    ahead = spent_of(newest, scope, None, Metric.BILLED, start_ms, now_ms + _DAY_MS, tile.unit)
    if not ahead.amount:
        return tile
    usual = "" if ahead.error.median is None else f", usually {ahead.error.median:.1%} off"
    note = f"+ {_money(ahead.amount)} not billed yet, estimated{usual} · {tile.note}"
    return replace(tile, note=note)


def month_of(rows: Sequence[CostRow], end_ms: int, *, this_month: bool, href: str = "/costs") -> Tile:
    """The tile of daily rows: the largest currency's total, its days as the trend, the other currencies named."""
    totals: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        totals[row.currency] += row.amounts[0]
    first, *others = sorted(totals, key=lambda currency: -abs(totals[currency]))
    days = sorted((row.start_ms, float(row.amounts[0])) for row in rows if row.currency == first)
    last = datetime.fromtimestamp((end_ms - 1) / 1000, UTC)
    more = "".join(f" · {_money(totals[one])} {one}" for one in others)
    label = MONTH if this_month else f"{last:%B}’s $"
    return Tile(label, _money(totals[first]), first, f"billed to {last:%-d %b}{more}", [each for _, each in days], href)


async def idle_cost(inventory: InventoryRoom | None, scope: Scope, gpus: Sequence[GpuRow], at_ms: int) -> Idle | None:
    """What the idle hours of `gpus` cost; None where nothing has a price."""
    if inventory is None or not gpus:
        return None
    nodes = {one.name: one for one in await inventory.nodes.all(scope)}
    found = priced(gpus, nodes, await inventory.pricing(), at_ms)
    return found if found.amounts else None


def priced(gpus: Sequence[GpuRow], nodes: Mapping[str, Node], pricing: Pricing, at_ms: int) -> Idle:
    """Idle GPU-hours × the price of a GPU-hour of their machine, by currency."""
    amounts: dict[str, Decimal] = defaultdict(Decimal)
    unpriced = 0.0
    for row in gpus:
        price = pricing.gpu_hour(_machine(row, nodes.get(row.node)), at_ms)
        if price.per_gpu_hour is None:
            unpriced += row.idle_h
        elif row.idle_h > 0:
            amounts[price.currency] += price.per_gpu_hour * Decimal(f"{row.idle_h:.6f}")
    return Idle(dict(amounts), unpriced)


def idle_tile(hours: Tile, idle: Idle | None) -> Tile:
    """The tile of idle GPU-hours with their cost in front, where that is known."""
    if idle is None:
        return hours
    first, *others = sorted(idle.amounts, key=lambda currency: -idle.amounts[currency])
    more = "".join(f" · {_money(idle.amounts[one])} {one}" for one in others)
    missing = f" · {words.value(idle.unpriced_h)} h without a price" if idle.unpriced_h >= 1 else ""
    note = f"{hours.value} idle GPU-h by list or own rate{more}{missing}"
    return Tile(IDLE, _money(idle.amounts[first]), first, note, hours.trend, hours.href)


def words_of(idle: Idle | None) -> str:
    """`3,120 USD`; "" where it is not known."""
    return " + ".join(f"{_money(amount)} {currency}" for currency, amount in idle.amounts.items()) if idle else ""


def _machine(row: GpuRow, node: Node | None) -> Machine:
    if node is None:
        return Machine("", row.model)
    type_ = node.instance_type or next((node.labels[key] for key in _INSTANCE_LABELS if key in node.labels), "")
    return Machine(type_, row.model or node.gpu_type, node.gpus, node.partitions[0] if node.partitions else "")


def _money(amount: Decimal) -> str:
    """Whole units: a tile is read from afar; the page behind it has the cents."""
    return f"{amount:,.0f}" if abs(amount) >= 1 else f"{amount:.2f}"


def _month(ms: int) -> int:
    when = datetime.fromtimestamp(ms / 1000, UTC)
    return int(datetime(when.year, when.month, 1, tzinfo=UTC).timestamp()) * 1000
