"""A snapshot as it is told: what today and the other open days come to by team or another group, and the past error
beside each. Pure."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal

import numpy as np
from msgspec import Struct, field

from trimtab.access.scope import Scope
from trimtab.base.clock import to_datetime
from trimtab.base.coins import money
from trimtab.costs.model import Facet, Filter, Metric
from trimtab.costs.periods import month_start, next_month
from trimtab.costs.read_sql import DAY_MS
from trimtab.economics.estimate.carry import at_close
from trimtab.economics.estimate.facets import LineFacets
from trimtab.economics.estimate.live import Snapshot
from trimtab.economics.estimate.model import Basis, Floats, Line, LineKey, PastError

_ZERO = Decimal(0)
_CENT = Decimal("0.000001")


class EstimateRow(Struct, frozen=True):
    """A group in one currency: what of today is over, all open days, 80 % bounds of these, and by what they were told.

    `bases` are amounts by what they rest on; `unpriced` lines have no price and are in no amount.
    """

    name: str
    currency: str
    today: Decimal
    open_days: Decimal
    lower: Decimal | None
    upper: Decimal | None
    error: PastError
    bases: Mapping[Basis, Decimal]
    unpriced: int


class ComparedDay(Struct, frozen=True):
    """A closed day: what was estimated of it, from the days before it alone, and what the bill says, both without what
    comes at the close of the month. `missing` says what of the day was not there to estimate, and why; "" for nothing.
    `silent`: telemetry was, so that the difference is no error of the estimate.
    """

    day_ms: int
    estimated: Decimal
    billed: Decimal
    missing: str = ""
    silent: bool = False


class EstimateReport(Struct, frozen=True):
    """All of it. `rows` have the most first, `total` one of each currency; `compared` is of the total's currency.
    `missing` says what of the open days is not in it, and why.
    """

    at_ms: int
    closed_ms: int
    metric: Metric
    rows: tuple[EstimateRow, ...]
    total: tuple[EstimateRow, ...]
    compared: tuple[ComparedDay, ...]
    meters: int
    lines: tuple[Line, ...] = ()
    missing: tuple[str, ...] = ()


class _Sum(Struct):
    today: Decimal = _ZERO
    open_days: Decimal = _ZERO
    bases: dict[Basis, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    unpriced: int = 0

    def add(self, line: Line, amount: Decimal | None, share: Decimal, today_ms: int) -> None:
        """Add a share of a line."""
        if amount is None:
            self.unpriced += 1
            return
        part = amount * share
        self.open_days += part
        self.today += part if line.day_ms == today_ms else _ZERO
        self.bases[line.basis] += part


def report_of(
    found: Snapshot, scope: Scope, metric: Metric, by: Facet | None, where: Filter | None = None
) -> EstimateReport:
    """The report of what a scope may see, by the owner of lines (`by` None) or a facet of theirs."""

    facets = found.facets

    def share_of(key: LineKey) -> float:
        return facets.share(key, where) if key.seen_by(scope) else 0.0

    shares = [(line, share_of(line.key)) for line in found.lines]
    lines = [line for line, part in shares if part]
    today_ms = found.at_ms // DAY_MS * DAY_MS
    sums: dict[tuple[str, str], _Sum] = defaultdict(_Sum)
    totals: dict[str, _Sum] = defaultdict(_Sum)
    for line, part in shares:
        if not part:
            continue
        amount = line.amount(metric)
        totals[line.key.currency].add(line, amount, Decimal(f"{part:.9f}"), today_ms)
        for name, share in _groups(facets, line.key, by, metric).items():
            sums[name, line.key.currency].add(line, amount, Decimal(f"{part * share:.9f}"), today_ms)
    seen = found.base.weights_of(share_of)
    past = [{} if by is None else facets.groups(key, by) for key in found.base.past.keys]
    rows = [_row(found, name, sums[name, currency], currency, metric, _weights(found, seen, name, currency, past, by))
            for name, currency in sums]  # fmt: skip
    total = [_row(found, "total", one, currency, metric, _weights(found, seen, None, currency, past, by))
             for currency, one in totals.items()]  # fmt: skip
    total.sort(key=lambda one: -one.open_days)
    main = total[0].currency if total else ""
    order = sorted(rows, key=lambda one: (-one.open_days, one.name))
    weights = _weights(found, seen, None, main, past, by)
    compared = _compared(found, weights, metric, main)
    top = sorted(lines, key=lambda one: -abs(one.amount(metric) or _ZERO))
    return EstimateReport(
        at_ms=found.at_ms,
        closed_ms=found.closed_ms,
        metric=metric,
        rows=tuple(order),
        total=tuple(total),
        compared=compared,
        meters=found.meters,
        lines=tuple(top),
        missing=_missing(found, weights, metric, main),
    )


def _groups(facets: LineFacets, key: LineKey, by: Facet | None, metric: Metric) -> Mapping[str, float]:
    return facets.owners(key, metric) if by is None else facets.groups(key, by)


def _weights(
    found: Snapshot,
    seen: Floats,
    name: str | None,
    currency: str,
    groups: Sequence[Mapping[str, float]],
    by: Facet | None,
) -> Floats:
    """The weight in a group of each line of the past; `groups` are the lines' own by a facet."""
    past, owned = found.base.past, found.base.owned
    mine = seen * np.array([float(key.currency == currency) for key in past.keys])
    if name is None:
        return np.asarray(mine, np.float64)
    if by is None:
        return np.asarray(mine * owned.of(name), np.float64)
    return np.asarray(mine * np.array([one.get(name, 0.0) for one in groups]), np.float64)


def _row(found: Snapshot, name: str, one: _Sum, currency: str, metric: Metric, weights: Floats) -> EstimateRow:
    error = found.base.error(weights, metric)
    bounds = error.bounds(one.open_days)
    low, high = (None, None) if bounds is None else (_tidy(bounds[0]), _tidy(bounds[1]))
    bases = {basis: _tidy(amount) for basis, amount in sorted(one.bases.items())}
    return EstimateRow(name, currency, _tidy(one.today), _tidy(one.open_days), low, high, error, bases, one.unpriced)


def _compared(found: Snapshot, weights: Floats, metric: Metric, currency: str) -> tuple[ComparedDay, ...]:
    told, past = found.base.replayed, found.base.past
    estimated, actual = found.base.compared(weights, metric)
    left_out = found.base.left_out(weights, metric).tolist()
    days = []
    for at, (one, other) in enumerate(zip(estimated.tolist(), actual.tolist(), strict=True)):
        day_ms = past.start_ms + (told.first + at) * DAY_MS
        silent = [silence.words for silence in found.base.silences if silence.day_ms == day_ms]
        why = [_at_close(left_out[at], currency)] if left_out[at] else []
        days.append(
            ComparedDay(
                day_ms, _tidy(Decimal(repr(one))), _tidy(Decimal(repr(other))), "; ".join((*why, *silent)), bool(silent)
            )
        )
    return tuple(days)


def _at_close(amount: float, currency: str) -> str:
    return (
        f"without {money(amount, currency)} of tax, support, credits and refunds, which are dated on this day and come "
        "at the close of the month"
    )


def _missing(found: Snapshot, weights: Floats, metric: Metric, currency: str) -> tuple[str, ...]:
    """What is not in the open days: charges that the last month had on such a day, and hours without telemetry."""
    past = found.base.past
    amounts = past.effective if metric is Metric.EFFECTIVE else past.billed
    closing = np.where(at_close(past), weights, 0.0) @ amounts
    said = [f"{to_datetime(one.day_ms):%-d %B}: {one.words}" for one in found.silences]
    dated = [at for at in np.flatnonzero(closing).tolist() if past.start_ms + at * DAY_MS < month_start(found.at_ms)]
    if dated:
        last = past.start_ms + dated[-1] * DAY_MS
        open_days = range(found.closed_ms, found.at_ms, DAY_MS)
        marks = {_mark(last)} & {_mark(day) for day in open_days}
        if marks:
            said.append(
                f"{', '.join(sorted(marks))}: tax, support, credits and refunds, dated on that day, come at the "
                f"close of the month ({money(closing[dated[-1]], currency)} the last time); the forecast of the month "
                "has them"
            )
    return tuple(said)


def _mark(day_ms: int) -> str:
    """The day of a month by which a charge is dated."""
    if month_start(day_ms) == day_ms:
        return "the first"
    return "the last" if next_month(day_ms) == day_ms + DAY_MS else f"the {to_datetime(day_ms):%-d}th"


def _tidy(amount: Decimal) -> Decimal:
    return amount.quantize(_CENT)
