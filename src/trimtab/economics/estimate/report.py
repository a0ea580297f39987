"""A snapshot as it is told: what today and the other open days come to by team or another group, and the past error
beside each. Pure."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

import numpy as np

from trimtab.access.scope import Scope
from trimtab.costs.model import Facet, Filter, Metric
from trimtab.costs.read_sql import DAY_MS
from trimtab.economics.estimate.facets import LineFacets
from trimtab.economics.estimate.live import Snapshot
from trimtab.economics.estimate.model import Basis, Floats, Line, LineKey, PastError

_ZERO = Decimal(0)
_CENT = Decimal("0.000001")


@dataclass(frozen=True, slots=True)
class EstimateRow:
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


@dataclass(frozen=True, slots=True)
class ComparedDay:
    """A closed day: what was estimated of it, from the days before it alone, and what the bill says."""

    day_ms: int
    estimated: Decimal
    billed: Decimal


@dataclass(frozen=True, slots=True)
class EstimateReport:
    """All of it. `rows` have the most first, `total` one of each currency; `compared` is of the total's currency."""

    at_ms: int
    closed_ms: int
    metric: Metric
    rows: tuple[EstimateRow, ...]
    total: tuple[EstimateRow, ...]
    compared: tuple[ComparedDay, ...]
    meters: int
    lines: tuple[Line, ...] = ()


@dataclass(slots=True)
class _Sum:
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
    compared = _compared(found, weights, metric)
    top = sorted(lines, key=lambda one: -abs(one.amount(metric) or _ZERO))
    return EstimateReport(
        found.at_ms, found.closed_ms, metric, tuple(order), tuple(total), compared, found.meters, tuple(top)
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


def _compared(found: Snapshot, weights: Floats, metric: Metric) -> tuple[ComparedDay, ...]:
    told, past = found.base.replayed, found.base.past
    effective = metric is Metric.EFFECTIVE
    estimated = weights @ (told.effective if effective else told.billed)
    actual = weights @ (told.actual_effective if effective else told.actual_billed)
    return tuple(
        ComparedDay(past.start_ms + (told.first + at) * DAY_MS, _tidy(Decimal(repr(one))), _tidy(Decimal(repr(other))))
        for at, (one, other) in enumerate(zip(estimated.tolist(), actual.tolist(), strict=True))
    )


def _tidy(amount: Decimal) -> Decimal:
    return amount.quantize(_CENT)
