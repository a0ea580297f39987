"""Weighs a month: the shares of every split value and of every shared machine."""

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction

from msgspec import Struct

from trimtab.access.scope import EVERYTHING
from trimtab.base.records import replace
from trimtab.costs.apportion import apportion
from trimtab.costs.cells import Cell, CellQuery, CellReader
from trimtab.costs.model import And, Dimension, Facet, Filter, Granularity, Match, Metric, Not, Or, Tag, Where
from trimtab.economics.division import Division, Share
from trimtab.economics.months import bounds
from trimtab.economics.ports import MachineReader, UseReader
from trimtab.economics.rules.conditions import meets, needs
from trimtab.economics.rules.derive import Derivation, Needs, Said
from trimtab.economics.rules.model import (
    OTHERS,
    UNOWNED,
    UNUSED,
    Category,
    FreePolicy,
    RuleSet,
    SharedMachines,
    Split,
    SplitMethod,
)
from trimtab.economics.shared.containers import SPLIT_LINES, read_container_shares
from trimtab.economics.shared.model import MachineDays, Part, Use, under

_USE_WORDS = {
    Use.ACTIVE: "used",
    Use.IDLE: "held and idle",
    Use.HELD: "held",
    Use.UNALLOCATED: "held by nobody",
    Use.DOWN: "down",
    Use.UNKNOWN: "nobody says whether it was held",
}


Costs = Mapping[tuple[str, str], Decimal]
"""Cost by (currency, value)."""


class MonthCells(Struct, frozen=True):
    """The cells of a month: those of shared machines by resource (the last dimension) and day, and all others."""

    dimensions: tuple[Dimension, ...]
    cells: Sequence[Cell]
    machines: Sequence[Cell]


class Weigher:
    """Reads what splits and machines are weighed by."""

    def __init__(self, cells: CellReader, use: UseReader, machines: MachineReader) -> None:
        self._cells = cells
        self._use = use
        self._machines = machines

    async def month(
        self,
        division: Division,
        month: int,
        metrics: tuple[Metric, ...],
        needed: Needs,
        extra: Iterable[Dimension] = (),
    ) -> MonthCells:
        """Everything that a month was billed, in the grain that `needed` and `extra` ask for."""
        rules = division.derivation.rules
        dimensions = tuple(sorted(needed.dimensions | set(extra)))
        others, shared = parts_of_bill(rules, division.resources)

        def query(where: Filter | None, more: tuple[Dimension, ...], granularity: Granularity) -> CellQuery:
            return CellQuery(
                metrics, dimensions + more, needed.tags, needed.categories, month, granularity=granularity, where=where
            )

        asked = [query(where, (), Granularity.TOTAL) for where in others]
        found = await asyncio.gather(*(self._cells.cells(EVERYTHING, one) for one in asked))
        cells = [cell for part in found for cell in part]
        if shared is None:
            return MonthCells(dimensions, cells, ())
        by_day = query(shared, machine_dimensions(rules), Granularity.DAILY)
        return MonthCells(dimensions, cells, await self._cells.cells(EVERYTHING, by_day))

    async def lines(self, month: int, metrics: tuple[Metric, ...], dimensions: tuple[Dimension, ...]) -> MonthCells:
        """What a month was billed, added up from the lines themselves rather than from their sums by day."""
        asked = (*dimensions, Dimension.INVOICE)  # which the sums by day do not know
        query = CellQuery(metrics, asked, billing_month=month, granularity=Granularity.TOTAL)
        return MonthCells(asked, await self._cells.cells(EVERYTHING, query), ())

    async def division(self, rules: RuleSet, category: str, month: int) -> Division:
        """The division of one month by one category. Raises InvalidInput for a metric that nothing is known of."""
        derivation = Derivation(rules)
        found = rules.category(category)
        if found is None:
            return Division(derivation, category)
        machines = await self._machine_shares(derivation, category, month)
        bare = Division(derivation, category, machines=machines)
        if not found.splits:
            return bare
        cells = await self.month(bare, month, (rules.basis.metric,), bare.needs)
        costs = direct_costs(bare, cells, month, machine_dimensions(rules))
        currencies = {currency for currency, _ in costs}
        splits: dict[tuple[int, str, str], tuple[Share, ...]] = {}
        for split in found.splits:
            use = named_use(derivation, category, await self._use_of(split, owner_tag(derivation, category), month))
            for currency in currencies:
                shares = split_shares(split, found, currency, costs, use)
                if shares:
                    splits[month, currency, split.source] = shares
        return Division(derivation, category, splits, machines)

    async def _use_of(self, split: Split, by: str, month: int) -> Mapping[str, Decimal]:
        return await self._use.use(split.metric, by, *bounds(month)) if split.method is SplitMethod.METRIC else {}

    async def _machine_shares(
        self, derivation: Derivation, category: str, month: int
    ) -> dict[tuple[str, int], tuple[Share, ...]]:
        """The shares of the shared machines that are known, each day; only the owners' category has them."""
        rules = derivation.rules
        if not rules.shared or category != rules.owner:
            return {}
        known = await self._known(rules, month)
        parents = await self._resources(month, Dimension.SPLIT_PARENT, SPLIT_LINES)
        names = {name for name, days in known.items() if days}.union(parents)
        if not names:
            return {}
        bare = Division(derivation, category)
        containers = await read_container_shares(self._cells, bare, month) if parents else None
        query = CellQuery(
            (Metric.LINES,),
            machine_dimensions(rules),
            billing_month=month,
            granularity=Granularity.DAILY,
            where=_of_machines(rules, names),
        )
        found: dict[tuple[str, int], tuple[Share, ...]] = {}
        for cell in await self._cells.cells(EVERYTHING, query):
            key = (cell.dimensions[-1], cell.period_ms)
            shared = shared_of(rules, machine_dimensions(rules), cell)
            if shared is None or key in found:  # the first rule counts
                continue
            if parts := known.get(key[0], {}).get(key[1]):
                shares = _held_shares(derivation, category, shared, parts)
            else:  # the ledger does not know it: the bill itself may
                shares = containers.of(key, shared.policy, shared.name, _default(rules)) if containers else ()
            if shares:
                found[key] = tuple(_given(share, shared, rules) for share in shares)
        return found

    async def _known(self, rules: RuleSet, month: int) -> Mapping[str, MachineDays]:
        """The machines of the month's bill that may be shared and that the fleet's ledger knows."""
        names = await self._resources(month, Dimension.RESOURCE_ID, _of_rules(rules))
        return await self._machines.machines(names, *bounds(month)) if names else {}

    async def _resources(self, month: int, dimension: Dimension, where: Filter) -> list[str]:
        """What the lines of a month that meet a condition have of a dimension, without ""."""
        some = And((where, Not(Where(dimension, match=Match.ABSENT))))
        query = CellQuery((Metric.LINES,), (dimension,), billing_month=month, granularity=Granularity.TOTAL, where=some)
        return sorted(cell.dimensions[0] for cell in await self._cells.cells(EVERYTHING, query))


def parts_of_bill(rules: RuleSet, machines: Collection[str]) -> tuple[tuple[Filter | None, ...], Filter | None]:
    """A bill in parts: what is not a machine that is shared, and what is. Together they are all of it, each line once.

    Lines that no rule of shared machines is about are a part by themselves: their sums by day are quick to read.
    """
    if not machines:
        return (None,), None
    of_rules, named = _of_rules(rules), Where(Dimension.RESOURCE_ID, tuple(sorted(machines)))
    return (Not(of_rules), And((of_rules, Not(named)))), And((of_rules, named))


def _of_rules(rules: RuleSet) -> Filter:
    """The lines that any rule of shared machines is about."""
    return Or(tuple(one.when for one in rules.shared))


def _of_machines(rules: RuleSet, names: Collection[str]) -> Filter:
    return And((_of_rules(rules), Where(Dimension.RESOURCE_ID, tuple(sorted(names)))))


def _held_shares(
    derivation: Derivation, category: str, shared: SharedMachines, parts: Sequence[Part]
) -> tuple[Share, ...]:
    """A machine's day by who held it; "" for what nobody did, or nobody that is known."""
    return tuple(
        Share(
            meant_owner(derivation, category, part.owner),
            part.gpu_ms,
            f"{shared.name}: {_USE_WORDS[part.use]}{', assumed' if part.assumed else ''}",
        )
        for part in under(parts, shared.policy)
    )


def _given(share: Share, shared: SharedMachines, rules: RuleSet) -> Share:
    """A share with an owner where nobody held it: the default, or whom the line itself names."""
    default = _default(rules)
    if share.value and share.value != default:
        return share
    return replace(share, value=default, own=shared.free is FreePolicy.OWNER)


def machine_dimensions(rules: RuleSet) -> tuple[Dimension, ...]:
    """What a cell of a machine must know to tell which of the rules it falls under; the resource is last."""
    found = {facet for one in rules.shared for facet in needs(one.when) if isinstance(facet, Dimension)}
    return (*sorted(found - {Dimension.RESOURCE_ID}), Dimension.RESOURCE_ID)


def shared_of(rules: RuleSet, dimensions: Sequence[Dimension], cell: Cell) -> SharedMachines | None:
    """The first rule of shared machines that a cell meets."""
    facts: dict[Facet, str] = dict(zip(dimensions, cell.dimensions[-len(dimensions) :], strict=True))
    return next((one for one in rules.shared if meets(one.when, lambda facet: facts.get(facet, ""))), None)


def direct_costs(division: Division, cells: MonthCells, month: int, machine_dims: Sequence[Dimension]) -> Costs:
    """What every value costs before splits, by (currency, value), in the first metric of the cells."""
    found: dict[tuple[str, str], Decimal] = {}
    for cell in cells.cells:
        key = (cell.currency, division.value(cells.dimensions, cell, month))
        found[key] = found.get(key, Decimal(0)) + cell.amounts[0]
    wide = (*cells.dimensions, *machine_dims)
    for cell in cells.machines:
        shares = division.shares(wide, cell, month, cell.dimensions[-1])
        parts = apportion(cell.amounts[0], [share.weight for share in shares])
        for share, part in zip(shares, parts, strict=True):
            key = (cell.currency, share.value)
            found[key] = found.get(key, Decimal(0)) + part
    return found


def split_shares(
    split: Split, category: Category, currency: str, costs: Costs, use: Mapping[str, Decimal]
) -> tuple[Share, ...]:
    """The shares of a split value; none where there is nothing to weigh it by: then it stays where it is."""
    sources = {one.source for one in category.splits}
    targets: Sequence[str] = split.targets
    if targets == (OTHERS,):
        every = {value for held, value in costs if held == currency} - sources - {category.default, UNUSED, ""}
        targets = sorted(every)
    match split.method:
        case SplitMethod.EVEN:
            weights = [Fraction(1) for _ in targets]
        case SplitMethod.FIXED:
            weights = [Fraction(split.shares[target]) for target in targets]
        case SplitMethod.PROPORTIONAL:
            weights = [Fraction(max(costs.get((currency, target), Decimal(0)), Decimal(0))) for target in targets]
        case SplitMethod.METRIC:
            weights = [Fraction(max(use.get(target, Decimal(0)), Decimal(0))) for target in targets]
    via = f"split of {split.source}"
    return tuple(Share(target, weight, via) for target, weight in zip(targets, weights, strict=True) if weight)


def owner_tag(derivation: Derivation, category: str) -> str:
    """The tag whose values a category takes over: what runs and metrics are grouped by."""
    found = derivation.rules.category(category)
    inherited = [rule.inherit.key for rule in found.rules if isinstance(rule.inherit, Tag)] if found else []
    return inherited[0] if inherited else "team"


def meant_owner(derivation: Derivation, category: str, name: str) -> str:
    """An owner as runs and metrics name it, in the form that the tag has that the category takes over."""
    key = owner_tag(derivation, category)
    return (derivation.value(Tag(key), Said({}, {key: name})) or name) if name else ""


def named_use(derivation: Derivation, category: str, use: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """Use by owner, of owners as they are meant."""
    found: dict[str, Decimal] = {}
    for name, amount in use.items():
        owner = meant_owner(derivation, category, name)
        found[owner] = found.get(owner, Decimal(0)) + amount
    return found


def _default(rules: RuleSet) -> str:
    category = rules.category(rules.owner)
    return category.default if category else UNOWNED
