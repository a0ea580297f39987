"""The reader of bills with the allocation in force: a tag is what the rules make of it, a cost category what they say,
and split charges are carried, in every group, filter, period and metric.

It is a `CostReader` and takes its place: Cost Explorer, comparisons, drivers and pages read through it. What asks for
nothing that rules derive goes straight to the sums. Before an allocation is applied everything does.

Shares are those of each calendar month over the whole bill, whoever asks: a caller who sees a part of the bill sees
that part divided as the whole is. A month that is closed is read by the rules and shares that its statement froze.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from itertools import product

from trimtab.access.scope import Scope
from trimtab.costs.apportion import apportion
from trimtab.costs.cells import Cell, CellQuery, CellReader
from trimtab.costs.conditions import facets_of
from trimtab.costs.daily import Daily, daily_of
from trimtab.costs.model import (
    And,
    CostCategory,
    CostQuery,
    CostRow,
    Dimension,
    Facet,
    Filter,
    Granularity,
    Metric,
    Not,
)
from trimtab.costs.periods import month_start, next_month
from trimtab.costs.read import CostReader
from trimtab.costs.read_sql import DAY_MS, HOUR_MS
from trimtab.economics.division import Division
from trimtab.economics.divisions import Divisions
from trimtab.economics.frozen import FrozenMonths, is_closed
from trimtab.economics.months import month_of, spanned
from trimtab.economics.rules.conditions import meets
from trimtab.economics.rules.derive import Derivation, Said
from trimtab.economics.rules.model import RuleSet
from trimtab.economics.rules.store import RulesStore, RulesVersion
from trimtab.economics.weights import machine_dimensions, shared_condition
from trimtab.store.telemetry.client import Telemetry


@dataclass(frozen=True, slots=True)
class _Plan:
    """A question as cells answer it. `left` is the part of the filter that the engine cannot judge."""

    query: CostQuery
    derivation: Derivation
    dimensions: tuple[Dimension, ...]
    pushed: Filter | None
    left: Filter | None
    categories: tuple[str, ...]

    @property
    def granularity(self) -> Granularity:
        """Months at most: splits have their shares by month."""
        whole = self.query.granularity is Granularity.TOTAL
        return Granularity.MONTHLY if whole else self.query.granularity


@dataclass(slots=True)
class _Sum:
    amounts: list[Decimal]
    units: set[str]
    lines: int = 0


class AllocatedReader(CostReader):
    """Reads bills as the allocation has them."""

    def __init__(self, telemetry: Telemetry, rules: RulesStore, divisions: Divisions, frozen: FrozenMonths) -> None:
        super().__init__(telemetry)
        self._frozen = frozen
        self._cells = CellReader(telemetry)
        self._rules = rules
        self._divisions = divisions

    def forget(self) -> None:
        """Empty the memory: for who wipes everything."""
        self._divisions.forget()
        self._frozen.forget()

    async def costs(self, scope: Scope, query: CostQuery) -> list[CostRow]:
        """The sums of `query`, as `CostReader` answers them."""
        current = await self._rules.current()
        asked = {*query.group_by, *facets_of(query.where)}
        if all(isinstance(facet, Dimension) for facet in asked):  # which no rules derive
            return await super().costs(scope, query)
        segments = await self._frozen.segments(query.start_ms, query.end_ms)
        if not is_closed(segments):
            return await self._by_rules(scope, query, current, frozen=False)
        found = await asyncio.gather(
            *(
                self._by_rules(
                    scope, replace(query, start_ms=start, end_ms=end), rules or current, frozen=rules is not None
                )
                for start, end, rules in segments
            )
        )
        return _joined(query, [row for rows in found for row in rows])

    async def daily(self, scope: Scope, query: CostQuery) -> Daily:
        """Daily amounts as `CostReader` answers them."""
        if all(isinstance(facet, Dimension) for facet in (*query.group_by, *facets_of(query.where))):
            return await super().daily(scope, query)
        return daily_of(query, await self.costs(scope, query))

    async def _by_rules(self, scope: Scope, query: CostQuery, version: RulesVersion, *, frozen: bool) -> list[CostRow]:
        derivation = Derivation(version.rules)
        asked = {*query.group_by, *facets_of(query.where)}
        if not version.version or not any(derivation.derives(facet) for facet in asked):
            return await super().costs(scope, query)
        plan = _plan(query, derivation)
        divisions = await self._months(version, plan, frozen=frozen)
        cells, machines = await self._read(scope, plan, version.rules)
        return await asyncio.to_thread(_rows, plan, divisions, cells, machines)

    async def tag_keys(
        self, scope: Scope, start_ms: int, end_ms: int, *, categories: bool = False, where: Filter | None = None
    ) -> list[str]:
        """The keys of tags as the rules have them, or the names of cost categories, theirs and the bill's."""
        version = await self._rules.current()
        found = await super().tag_keys(scope, start_ms, end_ms, categories=categories, where=_raw(where, version))
        if not version.version:
            return found
        rules = version.rules
        if categories:
            return sorted({*found, *(one.name for one in rules.categories)})
        meant = {name.lower(): one for one in rules.tags for name in (one.key, *one.aliases)}
        keys = {key if (rule := meant.get(key.lower())) is None else rule.key for key in found}
        virtual = {one.key for one in rules.tags if one.virtual}
        return sorted((keys | virtual) - {one.key for one in rules.tags if not one.active})

    async def _months(self, version: RulesVersion, plan: _Plan, *, frozen: bool) -> dict[tuple[int, str], Division]:
        wanted = list(product(spanned(plan.query.start_ms, plan.query.end_ms), plan.categories))

        async def made(month: int, name: str) -> Division:
            kept = await self._frozen.division(month, name) if frozen else None
            return kept or await self._divisions.of(version, name, month)

        found = await asyncio.gather(*(made(month, name) for month, name in wanted))
        return dict(zip(wanted, found, strict=True))

    async def _read(self, scope: Scope, plan: _Plan, rules: RuleSet) -> tuple[list[Cell], list[Cell]]:
        """The cells, and those of shared machines by resource and day where their holders are asked for."""
        shared = shared_condition(rules) if rules.owner in plan.categories else None
        if shared is None:
            return await self._cells.cells(scope, _cell_query(plan, None, (), plan.granularity)), []
        hourly = plan.granularity is Granularity.HOURLY
        by_day = Granularity.HOURLY if hourly else Granularity.DAILY
        rest, machines = await asyncio.gather(
            self._cells.cells(scope, _cell_query(plan, Not(shared), (), plan.granularity)),
            self._cells.cells(scope, _cell_query(plan, shared, machine_dimensions(rules), by_day)),
        )
        return rest, machines


def _plan(query: CostQuery, derivation: Derivation) -> _Plan:
    pushed, left = _parts(query.where, derivation)
    asked = (*query.group_by, *facets_of(left))
    categories = {one.name for one in asked if isinstance(one, CostCategory) and derivation.derives(one)}
    dimensions = derivation.needs(asked).dimensions
    return _Plan(query, derivation, tuple(sorted(dimensions)), pushed, left, tuple(sorted(categories)))


def _parts(where: Filter | None, derivation: Derivation) -> tuple[Filter | None, Filter | None]:
    """The part of a filter that the bill alone can judge, and the part that rules have a say in."""
    if where is None:
        return None, None
    parts = where.parts if isinstance(where, And) else (where,)
    raw = tuple(one for one in parts if not any(derivation.derives(facet) for facet in facets_of(one)))
    left = tuple(one for one in parts if one not in raw)
    return (And(raw) if raw else None), (And(left) if left else None)


def _raw(where: Filter | None, version: RulesVersion) -> Filter | None:
    return _parts(where, Derivation(version.rules))[0] if version.version else where


def _cell_query(plan: _Plan, only: Filter | None, more: Iterable[Dimension], granularity: Granularity) -> CellQuery:
    query = plan.query
    needed = plan.derivation.needs((*query.group_by, *facets_of(plan.left)))
    conditions = tuple(one for one in (plan.pushed, only) if one is not None)
    return CellQuery(
        query.metrics,
        (*plan.dimensions, *more),
        needed.tags,
        needed.categories,
        start_ms=query.start_ms,
        end_ms=query.end_ms,
        granularity=granularity,
        where=And(conditions) if conditions else None,
    )


def _rows(
    plan: _Plan, divisions: dict[tuple[int, str], Division], cells: Sequence[Cell], machines: Sequence[Cell]
) -> list[CostRow]:
    sums: dict[tuple[int, tuple[str, ...], str], _Sum] = {}
    wide = (*plan.dimensions, *machine_dimensions(plan.derivation.rules))
    for dimensions, found in ((plan.dimensions, cells), (wide, machines)):
        for cell in found:
            resource = cell.dimensions[-1] if dimensions is wide and found is machines else ""
            _add(sums, plan, divisions, dimensions, cell, resource)
    rows = []
    for (start, keys, currency), one in sorted(sums.items()):
        begin, end = _bounds(plan.query, start)
        unit = next(iter(one.units)) if len(one.units) == 1 else "N/A"
        rows.append(CostRow(begin, end, keys, currency, unit, one.lines, tuple(one.amounts)))
    return rows


def _joined(query: CostQuery, rows: Sequence[CostRow]) -> list[CostRow]:
    """The rows of a time's parts as those of the whole: only sums over all of it are in several parts."""
    if query.granularity is not Granularity.TOTAL:
        return sorted(rows, key=lambda row: (row.start_ms, row.keys, row.currency))
    found: dict[tuple[tuple[str, ...], str], CostRow] = {}
    for row in rows:
        key = (row.keys, row.currency)
        before = found.get(key)
        if before is not None:
            amounts = tuple(one + other for one, other in zip(before.amounts, row.amounts, strict=True))
            unit = row.unit if row.unit == before.unit else "N/A"
            row = replace(before, unit=unit, lines=before.lines + row.lines, amounts=amounts)
        found[key] = replace(row, start_ms=query.start_ms, end_ms=query.end_ms)
    return [found[key] for key in sorted(found)]


def _add(
    sums: dict[tuple[int, tuple[str, ...], str], _Sum],
    plan: _Plan,
    divisions: dict[tuple[int, str], Division],
    dimensions: Sequence[Dimension],
    cell: Cell,
    resource: str,
) -> None:
    month = month_of(cell.period_ms)
    said = Said(dict(zip(dimensions, cell.dimensions, strict=True)), cell.tags, cell.categories, month)
    named = [divisions[month, name].shares(dimensions, cell, month, resource) for name in plan.categories]
    chosen = list(product(*named))
    weights = [_weight([share.weight for share in one]) for one in chosen]
    parts = [_divided(plan.query.metrics[at], amount, weights) for at, amount in enumerate(cell.amounts)]
    for at, shares in enumerate(chosen):
        values = {CostCategory(name): share.value for name, share in zip(plan.categories, shares, strict=True)}

        def value_of(facet: Facet, values: dict[CostCategory, str] = values) -> str:
            if isinstance(facet, CostCategory) and facet in values:
                return values[facet]
            return plan.derivation.value(facet, said)

        if not meets(plan.left, value_of):
            continue
        key = (_period(plan.query, cell), tuple(value_of(facet) for facet in plan.query.group_by), cell.currency)
        one = sums.setdefault(key, _Sum([Decimal(0)] * len(parts), set()))
        one.amounts = [before + part[at] for before, part in zip(one.amounts, parts, strict=True)]
        one.units |= cell.units
        one.lines += cell.lines


def _weight(weights: Sequence[Fraction]) -> Fraction:
    found = Fraction(1)
    for weight in weights:
        found *= weight
    return found


def _divided(metric: Metric, amount: Decimal, weights: Sequence[Fraction]) -> list[Decimal]:
    if len(weights) == 1:
        return [amount]
    return apportion(amount, weights, 0) if metric is Metric.LINES else apportion(amount, weights)


def _period(query: CostQuery, cell: Cell) -> int:
    """The start of the answer's period that a cell is in; cells of machines may be finer than it."""
    match query.granularity:
        case Granularity.TOTAL:
            return query.start_ms
        case Granularity.MONTHLY:
            return max(month_start(cell.period_ms), query.start_ms)
        case _:
            return cell.period_ms


def _bounds(query: CostQuery, start_ms: int) -> tuple[int, int]:
    match query.granularity:
        case Granularity.TOTAL:
            return query.start_ms, query.end_ms
        case Granularity.MONTHLY:
            return start_ms, min(next_month(start_ms), query.end_ms)
        case Granularity.DAILY:
            return start_ms, start_ms + DAY_MS
        case Granularity.HOURLY:
            return start_ms, start_ms + HOUR_MS
