"""The reader of bills with the allocation in force: a tag is what the rules make of it, a cost category what they say,
and split charges are carried, in every group, filter, period and metric.

It is a `CostReader` and takes its place: Cost Explorer, comparisons, drivers and pages read through it. What the engine
can derive by itself (every tag without virtual values) goes straight to the sums.

The tag that the owners' category takes over is the owner: machines that are shared are their holders' there too. Before
an allocation is applied the built-in one says what tags are; cost categories are then the bill's own. An exact key of a
tag is read as the bill spells it, except where rules that were applied name it so.

Shares are those of each calendar month over the whole bill, whoever asks: a caller who sees a part of the bill sees
that part divided as the whole is. A month that is closed is read by the rules and shares that its statement froze.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import product

from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.base.records import replace
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
    Tag,
)
from trimtab.costs.periods import month_start, period_of
from trimtab.costs.read import CostReader
from trimtab.economics.derived import Derived, as_ruled, needed_of, parts_of, where_as_ruled
from trimtab.economics.division import Division
from trimtab.economics.divisions import Divisions
from trimtab.economics.frozen import FrozenMonths, is_closed
from trimtab.economics.months import month_of, spanned
from trimtab.economics.rules.conditions import meets
from trimtab.economics.rules.derive import Derivation, Said
from trimtab.economics.rules.model import UNOWNED, UNUSED
from trimtab.economics.rules.store import RulesStore, RulesVersion
from trimtab.economics.weights import machine_dimensions, parts_of_bill
from trimtab.store.telemetry.client import Telemetry

_AMORTISED = frozenset({Metric.AMORTIZED, Metric.NET_AMORTIZED, Metric.EFFECTIVE})


class _Plan(Struct, frozen=True):
    """A question as cells answer it. `left` is the part of the filter that the engine cannot judge."""

    query: CostQuery
    derived: Derived
    dimensions: tuple[Dimension, ...]
    pushed: Filter | None
    left: Filter | None
    categories: tuple[str, ...]

    @property
    def derivation(self) -> Derivation:
        """The rules."""
        return self.derived.derivation

    @property
    def granularity(self) -> Granularity:
        """Months at most: splits have their shares by month."""
        whole = self.query.granularity is Granularity.TOTAL
        return Granularity.MONTHLY if whole else self.query.granularity


class _Sum(Struct):
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
        applied = bool(version.version)
        query = replace(
            query,
            group_by=tuple(as_ruled(one, derivation, applied=applied) for one in query.group_by),
            where=where_as_ruled(query.where, derivation, applied=applied),
        )
        asked = {*query.group_by, *facets_of(query.where)}
        derived = Derived(derivation, applied, version.rules.owner_tag if version.rules.shared else "")
        if any(derived.is_owner(one) for one in asked):
            owners = await self._months(version, query, (version.rules.owner,), frozen=frozen)
            if not any(one.machines for one in owners.values()):  # then the owner is what the tag says
                derived = replace(derived, owner_tag="")
        if not any(derived(facet) for facet in asked):
            return await super().costs(scope, query)
        plan = _plan(query, derived)
        divisions = await self._months(version, query, plan.categories, frozen=frozen)
        cells, machines = await self._read(scope, plan, divisions)
        return await asyncio.to_thread(_rows, plan, divisions, cells, machines)

    async def tag_keys(
        self,
        scope: Scope,
        start_ms: int,
        end_ms: int,
        *,
        categories: bool = False,
        where: Filter | None = None,
        exact: bool = False,
    ) -> list[str]:
        """The keys of tags as the rules have them, or the names of cost categories, theirs and the bill's.

        `exact`: as the bill spells them; those that rules which were applied name, as these do.
        """
        version = await self._rules.current()
        derivation, applied = Derivation(version.rules), bool(version.version)
        asked = where_as_ruled(where, derivation, applied=applied)
        raw = parts_of(asked, Derived(derivation, applied))[0]
        found = await super().tag_keys(scope, start_ms, end_ms, categories=categories, where=raw, exact=exact)
        if not applied and (categories or exact):
            return found
        rules = version.rules
        if categories:
            return sorted({*found, *(one.name for one in rules.categories)})
        ruled = [(key, derivation.rule_of(Tag(key))) for key in found]
        keys = {key if rule is None else rule.key for key, rule in ruled}
        virtual = {one.key for one in rules.tags if one.virtual}
        return sorted((keys | virtual) - {one.key for one in rules.tags if not one.active})

    async def _months(
        self, version: RulesVersion, query: CostQuery, categories: Sequence[str], *, frozen: bool
    ) -> dict[tuple[int, str], Division]:
        wanted = list(product(spanned(query.start_ms, query.end_ms), categories))

        async def made(month: int, name: str) -> Division:
            kept = await self._frozen.division(month, name) if frozen else None
            return kept or await self._divisions.of(version, name, month)

        found = await asyncio.gather(*(made(month, name) for month, name in wanted))
        return dict(zip(wanted, found, strict=True))

    async def _read(
        self, scope: Scope, plan: _Plan, divisions: Mapping[tuple[int, str], Division]
    ) -> tuple[list[Cell], list[Cell]]:
        """The cells, and those of shared machines by resource and day where their holders are asked for."""
        rules = plan.derivation.rules
        held = {name for division in divisions.values() for name in division.resources}
        others, shared = parts_of_bill(rules, held)
        hourly = plan.granularity is Granularity.HOURLY
        by_day = Granularity.HOURLY if hourly else Granularity.DAILY
        asked = [_cell_query(plan, one, (), plan.granularity) for one in others]
        asked += [_cell_query(plan, shared, machine_dimensions(rules), by_day)] if shared else []
        found = await asyncio.gather(*(self._cells.cells(scope, one) for one in asked))
        machines = found.pop() if shared else []
        return [cell for part in found for cell in part], machines


def _plan(query: CostQuery, derived: Derived) -> _Plan:
    pushed, left = parts_of(query.where, derived)
    asked = (*query.group_by, *facets_of(left))
    categories = derived.categories(asked)
    dimensions = needed_of(derived, asked, categories).dimensions
    return _Plan(query, derived, tuple(sorted(dimensions)), pushed, left, categories)


def _cell_query(plan: _Plan, only: Filter | None, more: Iterable[Dimension], granularity: Granularity) -> CellQuery:
    query = plan.query
    needed = needed_of(plan.derived, (*query.group_by, *facets_of(plan.left)), plan.categories)
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
        begin, end = period_of(plan.query, start)
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
        values = {name: share.value for name, share in zip(plan.categories, shares, strict=True)}
        for owners, metrics in _by_metric(plan, values):

            def value_of(facet: Facet, owners: Mapping[str, str] = owners) -> str:
                if plan.derived.is_owner(facet):
                    owner = owners[plan.derivation.rules.owner]
                    return "" if owner in plan.derivation.rules.nobody else owner
                if isinstance(facet, CostCategory):
                    return owners[facet.name] if plan.derived(facet) else said.categories.get(facet.name, "")
                return plan.derivation.value(facet, said)

            if not meets(plan.left, value_of):
                continue
            key = (_period(plan.query, cell), tuple(value_of(facet) for facet in plan.query.group_by), cell.currency)
            one = sums.setdefault(key, _Sum([Decimal(0)] * len(parts), set()))
            amounts = enumerate(zip(one.amounts, parts, strict=True))
            one.amounts = [before + part[at] if number in metrics else before for number, (before, part) in amounts]
            one.units |= cell.units
            one.lines += cell.lines


def _by_metric(plan: _Plan, values: Mapping[str, str]) -> list[tuple[Mapping[str, str], frozenset[int]]]:
    """The owners of a cell, with the places of the metrics that they are of.

    A commitment's fee is nobody's; that part of it which nothing used is told apart, and is what amortised metrics say.
    """
    rules, every = plan.derivation.rules, range(len(plan.query.metrics))
    if values.get(rules.owner) != UNUSED:
        return [(values, frozenset(every))]
    spread = frozenset(at for at in every if plan.query.metrics[at] in _AMORTISED)
    category = rules.category(rules.owner)
    as_charged = {**values, rules.owner: category.default if category else UNOWNED}
    found = [(values, spread), (as_charged, frozenset(every) - spread)]
    return [(owners, metrics) for owners, metrics in found if metrics]


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
