"""The overview's money: what this month is billed so far, and what the idle GPU time of the range cost."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal

from msgspec import Struct, field

from trimtab.access.scope import Scope
from trimtab.base.records import replace
from trimtab.costs.model import CostQuery, CostRow, Granularity, Metric
from trimtab.costs.room import CostsRoom
from trimtab.economics.estimate.live import LiveEstimates, spent_of
from trimtab.figures.areas.money import IDLE, MONTH
from trimtab.fleet.basis import DEFAULT, Basis
from trimtab.fleet.frame import Costed
from trimtab.fleet.model import gpu_hours
from trimtab.web import format as words
from trimtab.web.tiles import Tile

OF_A_MONTH = MONTH.aliases[0]
"""How the figure is named where the month is not the running one."""
_DAY_MS = 86_400_000


class Idle(Struct, frozen=True):
    """Cost by currency of idle GPU-hours on a basis, the hours without a price, and what no bill has yet."""

    amounts: Mapping[str, Decimal]
    unpriced_h: float
    basis: Basis = DEFAULT
    estimated: Mapping[str, Decimal] = field(default_factory=dict)


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
    if newest is None or tile.of:
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
    name, of = ("", "") if this_month else (OF_A_MONTH, f"{last:%B}")
    note = f"billed to {last:%-d %b}{more}"
    return Tile(MONTH, _money(totals[first]), first, note, [each for _, each in days], href, name, of)


def idle_of(costed: Costed) -> Idle | None:
    """What the idle hours of a range cost; None where nothing has a price."""
    amounts = costed.idle_sums()
    if not amounts:
        return None
    frame, share = costed.frame, costed.idle()
    estimated = costed.idle_sums_of(costed.estimated)
    unpriced = gpu_hours(float((frame.amount * share)[costed.unpriced].sum()))
    return Idle(amounts, unpriced, costed.basis, estimated)


def idle_tile(hours: Tile, idle: Idle | None) -> Tile:
    """The tile of idle GPU-hours with their cost in front, where that is known."""
    if idle is None:
        return hours
    first, *others = sorted(idle.amounts, key=lambda currency: -idle.amounts[currency])
    parts = [idle.basis.value, f"{hours.value} idle GPU-h", *(f"{_money(idle.amounts[one])} {one}" for one in others)]
    if idle.estimated.get(first):
        parts.append(f"{idle.estimated[first] / idle.amounts[first]:.0%} of it estimated")
    if idle.unpriced_h >= 1:
        parts.append(f"{words.value(idle.unpriced_h)} h without a price")
    return Tile(IDLE, _money(idle.amounts[first]), first, " · ".join(parts), hours.trend, hours.href)


def money(amounts: Mapping[str, Decimal]) -> str:
    """`3,120 USD`; a dash where it is not known."""
    return words_of(amounts) or words.NONE


def words_of(amounts: Mapping[str, Decimal]) -> str:
    """`3,120 USD`; "" where it is not known."""
    return " + ".join(f"{_money(amount)} {currency}" for currency, amount in amounts.items())


def _money(amount: Decimal) -> str:
    """In thousands without cents: it is read from afar; the page behind it has them."""
    return f"{amount:,.{0 if abs(amount) >= 1000 else 2}f}"


def _month(ms: int) -> int:
    when = datetime.fromtimestamp(ms / 1000, UTC)
    return int(datetime(when.year, when.month, 1, tzinfo=UTC).timestamp()) * 1000
