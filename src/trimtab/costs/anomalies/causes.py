"""Why: which parts of the bill rose in an anomaly's days, service by account by region by usage type.

A part's contribution is what it cost in those days more than on the same weekdays before: the middle of up to three
stretches that end before the anomaly (before the slow weeks, of a drift).
"""

from collections.abc import Sequence
from decimal import Decimal

from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.costs.anomalies.model import METRIC, Cause, Finding, Kind
from trimtab.costs.model import And, CostQuery, Dimension, Facet, Filter, Where
from trimtab.costs.periods import Period
from trimtab.costs.read import CostReader
from trimtab.costs.read_sql import DAY_MS

MOST_CAUSES = 10
_PARTS: tuple[Dimension, ...] = (
    Dimension.SERVICE,
    Dimension.LINKED_ACCOUNT,
    Dimension.LINKED_ACCOUNT_NAME,
    Dimension.REGION,
    Dimension.USAGE_TYPE,
)
LINE: tuple[Dimension, ...] = (
    Dimension.SERVICE,
    Dimension.LINKED_ACCOUNT,
    Dimension.REGION,
    Dimension.USAGE_TYPE,
)
"""What a line of the bill is known by."""
_STRETCHES = 3
_WEEK = 7
_SLOW_DAYS = 28
"""How far back a drift is held against: `timeseries/overspend.py` looks at the level of four weeks before."""
_LEAST_SHARE = Decimal("0.01")
"""Parts that rose by less of the whole rise say nothing."""
_ZERO = Decimal(0)
Key = tuple[str, ...]


class Causes(Struct, frozen=True):
    """Asks the bill for what rose."""

    reader: CostReader

    async def of(
        self, scope: Scope, finding: Finding, where: Filter, facet: Facet | None, first_ms: int
    ) -> tuple[Cause, ...]:
        """The parts that rose most, the largest first. `where` is the monitor's, `first_ms` where the bill begins."""
        only = narrowed(where, facet, finding)
        now = await self._parts(scope, (finding.start_ms, finding.end_ms), only)
        before = [
            await self._parts(scope, stretch, only)
            for stretch in stretches(finding)
            if stretch[0] >= first_ms and finding.kind is not Kind.NEW
        ]
        return ranked(now, before)

    async def _parts(self, scope: Scope, period: Period, where: Filter) -> dict[Key, Decimal]:
        rows = await self.reader.costs(scope, CostQuery(*period, (METRIC,), group_by=_PARTS, where=where))
        return {row.keys: row.amounts[0] for row in rows}


def narrowed(where: Filter, facet: Facet | None, finding: Finding) -> Filter:
    """The lines of one finding: of its monitor, its value, its origin, its currency."""
    parts: list[Filter] = [where, Where(Dimension.CURRENCY, (finding.currency,))]
    if facet is not None:
        parts.append(Where(facet, (finding.value,)))
    return And((*parts, *at_origin(finding)))


def at_origin(finding: Finding) -> list[Filter]:
    """The conditions of where in its value a finding happened."""
    parts = zip((*LINE, Dimension.RESOURCE_ID), finding.origin.parts, strict=True)
    return [Where(dimension, (part,)) for dimension, part in parts if part]


def stretches(finding: Finding) -> list[Period]:
    """As many days on the same weekdays before an anomaly, the latest first."""
    days = (finding.end_ms - finding.start_ms) // DAY_MS
    back = -(-days // _WEEK) * _WEEK + (_SLOW_DAYS if finding.kind is Kind.DRIFT else 0)
    return [
        (finding.start_ms - shift * DAY_MS, finding.end_ms - shift * DAY_MS)
        for shift in range(back, back + _STRETCHES * _WEEK, _WEEK)
    ]


def ranked(now: dict[Key, Decimal], before: Sequence[dict[Key, Decimal]]) -> tuple[Cause, ...]:
    """The parts that rose, the largest rise first."""
    risen = {key: amount - _middle([one.get(key, _ZERO) for one in before]) for key, amount in now.items()}
    whole = sum((rise for rise in risen.values() if rise > 0), _ZERO)
    kept = [(key, rise) for key, rise in risen.items() if rise > 0 and rise >= whole * _LEAST_SHARE]
    kept.sort(key=lambda one: (-one[1], one[0]))
    return tuple(
        Cause(service, account, name, region, usage_type, rise.quantize(Decimal("0.000001")))
        for (service, account, name, region, usage_type), rise in kept[:MOST_CAUSES]
    )


def _middle(amounts: Sequence[Decimal]) -> Decimal:
    if not amounts:
        return _ZERO
    ordered = sorted(amounts)
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2
