"""Reads the reports about tags of a billing month."""

import asyncio
import re
from collections import defaultdict
from decimal import Decimal
from functools import partial
from itertools import chain

from trimtab.access.scope import EVERYTHING
from trimtab.base.records import replace
from trimtab.costs.apportion import apportion
from trimtab.costs.cells import Cell, CellQuery, CellReader
from trimtab.costs.model import And, CostCategory, Dimension, Facet, Filter, Granularity, Match, Metric, Not, Tag, Where
from trimtab.economics.division import Division
from trimtab.economics.divisions import Divisions
from trimtab.economics.months import after, before
from trimtab.economics.rules.conditions import meets, needs
from trimtab.economics.rules.derive import Derivation, Needs, Said
from trimtab.economics.rules.model import RuleSet, TagPolicy
from trimtab.economics.rules.store import RulesStore
from trimtab.economics.statements import kinds
from trimtab.economics.statements.model import Kind
from trimtab.economics.tags.model import Apart, Compliance, TagKey, Untagged, UntaggedReport
from trimtab.economics.tags.suggest import Facts, Seen, suggest
from trimtab.economics.weights import machine_dimensions, parts_of_bill
from trimtab.store.sql import load_queries
from trimtab.store.telemetry.client import Telemetry

_QUERIES = load_queries("trimtab.economics")
_TOP = 1000
"""Cells of resources that are looked at: what is left is small, and the report says how much it is."""
_PLACE = (Dimension.LINKED_ACCOUNT, Dimension.SERVICE, Dimension.RESOURCE_ID, Dimension.RESOURCE_NAME)
_MONTHS_ROUND = 3
"""Months before and after in which the same resource is looked for."""


Owned = tuple[str, tuple[Dimension, ...], Cell]
"""A sum with its owner before splits, and the dimensions that it knows."""


class TagReports:
    """The reports."""

    def __init__(self, telemetry: Telemetry, rules: RulesStore, divisions: Divisions) -> None:
        self._telemetry = telemetry
        self._cells = CellReader(telemetry)
        self._rules = rules
        self._divisions = divisions

    async def keys(self, month: int) -> list[TagKey]:
        """Every key that the month's lines carry, with what the rules make of it, the most expensive first."""
        rules = (await self._rules.current()).rules
        found, totals = await asyncio.gather(
            self._telemetry.fetch(_QUERIES["tag_keys"], {"month": month}),
            self._telemetry.fetch(_QUERIES["month_totals"], {"month": month}),
        )
        billed = {str(name): Decimal(str(cost)) for name, cost in zip(totals["currency"], totals["cost"], strict=True)}
        rows = []
        for at, key in enumerate(found["key"].tolist()):
            currency, cost = str(found["currency"][at]), Decimal(str(found["cost"][at]))
            whole = billed.get(currency, Decimal(0))
            share = float(cost / whole) if whole else 0.0
            lines, values = int(found["line_count"][at]), int(found["value_count"][at])
            meant, active, note = _meant(rules, key)
            rows.append(TagKey(key, currency, cost, share, lines, values, meant, active, note))
        return sorted(rows, key=lambda row: (row.currency, -row.cost, row.key))

    async def compliance(self, month: int) -> list[Compliance]:
        """How far each owner keeps each policy, the least compliant first."""
        rules = (await self._rules.current()).rules
        found: list[Compliance] = []
        for policy in rules.policies:
            found += await self._policy(rules, policy, month)
        return sorted(
            found, key=lambda one: (one.key, one.currency, 2.0 if one.share is None else one.share, one.owner)
        )

    async def untagged(self, month: int) -> UntaggedReport:
        """Usage that no rule gives to anybody, by resource, with a guess at the owner.

        Other charges that are nobody's (fees, what a savings plan covered, tax, credits) have no owner to look for:
        they are told by kind, so that the report adds up to the bill.
        """
        version = await self._rules.current()
        rules = version.rules
        category = rules.category(rules.owner)
        default = category.default if category else ""
        held = await self._divisions.of(version, rules.owner, month)
        division = Division(Derivation(rules), rules.owner, machines=held.machines)
        others, shared = parts_of_bill(rules, division.resources)
        extra = (*_PLACE, *kinds.DIMENSIONS)
        by_account = (Dimension.LINKED_ACCOUNT, *kinds.DIMENSIONS)
        *rest, largest, machines = await asyncio.gather(
            *(self._owned(division, month, by_account, where=one) for one in others),
            self._owned(division, month, extra, top=_TOP, where=_unowned_usage(rules, shared)),
            self._machines(division, month, extra, shared),
        )
        billed, owned = _Sums(), _Sums()
        unowned: dict[tuple[str, Kind], Decimal] = {}
        accounts: dict[str, dict[str, Decimal]] = defaultdict(dict)
        for value, dimensions, cell in chain(*rest, machines):
            billed.add(cell.currency, cell.amounts[0])
            if value in rules.nobody:
                for kind, amount in _kinds(dimensions, cell, rules).items():
                    unowned[cell.currency, kind] = unowned.get((cell.currency, kind), Decimal(0)) + amount
            else:
                owned.add(cell.currency, cell.amounts[0])
                own = accounts[_of(dimensions, cell, Dimension.LINKED_ACCOUNT)]
                own[value] = own.get(value, Decimal(0)) + cell.amounts[0]
        usage = [
            (dims, cell)
            for value, dims, cell in chain(largest, machines)
            if value in rules.nobody and Kind.USAGE in _kinds(dims, cell, rules)
        ]
        names = sorted({_of(dims, cell, Dimension.RESOURCE_ID) for dims, cell in usage} - {""})
        facts = Facts(month, await self._seen(division, month, names), accounts)
        rows, listed = _rows(usage, facts)
        total = {one: unowned.get((one, Kind.USAGE), Decimal(0)) for one in billed.by}
        apart = [Apart(kind, one, cost) for (one, kind), cost in unowned.items() if kind is not Kind.USAGE and cost]
        order = list(Kind)
        apart.sort(key=lambda one: (one.currency, order.index(one.kind)))
        return UntaggedReport(
            month, rules.owner, default, billed.by, owned.by, tuple(apart), total, listed.by, tuple(rows)
        )

    async def _owned(
        self,
        division: Division,
        month: int,
        extra: tuple[Dimension, ...],
        *,
        top: int = 0,
        where: Filter | None = None,
    ) -> list[Owned]:
        found = await self._month(division, month, extra, top=top, where=where)
        return [(division.value(dimensions, cell, month), dimensions, cell) for dimensions, cell in found]

    async def _machines(
        self, division: Division, month: int, extra: tuple[Dimension, ...], shared: Filter | None
    ) -> list[Owned]:
        """The parts of the machines that are shared, each with who held it, or whom the line names."""
        if shared is None:
            return []
        grain = (*extra, *machine_dimensions(division.derivation.rules))
        found: list[Owned] = []
        for dimensions, cell in await self._month(division, month, grain, where=shared, daily=True):
            resource = _of(dimensions, cell, Dimension.RESOURCE_ID)
            shares = division.shares(dimensions, cell, month, resource)
            weights = [share.weight for share in shares]
            amounts = zip(*(apportion(amount, weights) for amount in cell.amounts), strict=True)
            parts = zip(shares, amounts, strict=True)
            found += [(share.value, dimensions, replace(cell, amounts=part)) for share, part in parts]
        return found

    async def _policy(self, rules: RuleSet, policy: TagPolicy, month: int) -> list[Compliance]:
        derivation = Derivation(rules)
        tag, owner = Tag(policy.key), CostCategory(rules.owner)
        asked: list[Facet] = [tag, owner, *needs(policy.where)]
        query = _query((rules.basis.metric,), derivation.needs(asked), (), month)
        sums: dict[tuple[str, str], list[Decimal]] = {}
        examples: dict[tuple[str, str], str] = {}
        for cell in await self._cells.cells(EVERYTHING, query):
            said = Said(dict(zip(query.dimensions, cell.dimensions, strict=True)), cell.tags, cell.categories, month)
            if not meets(policy.where, partial(derivation.value, said=said)):
                continue
            value = derivation.value(tag, said)
            key = (derivation.value(owner, said), cell.currency)
            at = 1 if not value else 0 if keeps(policy, value) else 2
            if at == 2:
                examples.setdefault(key, value)
            sums.setdefault(key, [Decimal(0)] * 3)[at] += cell.amounts[0]
        return [
            Compliance(policy.key, name, currency, kept, missing, wrong, examples.get((name, currency), ""))
            for (name, currency), (kept, missing, wrong) in sums.items()
        ]

    async def _month(
        self,
        division: Division,
        month: int,
        extra: tuple[Dimension, ...],
        *,
        top: int = 0,
        where: Filter | None = None,
        daily: bool = False,
    ) -> list[tuple[tuple[Dimension, ...], Cell]]:
        query = _query(kinds.metrics_of(division.derivation.rules.basis), division.needs, extra, month)
        grain = Granularity.DAILY if daily else Granularity.TOTAL
        query = replace(query, granularity=grain, where=where, top=top)
        return [(query.dimensions, cell) for cell in await self._cells.cells(EVERYTHING, query)]

    async def _seen(self, division: Division, month: int, names: list[str]) -> dict[str, list[Seen]]:
        """The owners that resources had in the months around."""
        found: dict[str, list[Seen]] = defaultdict(list)
        if not names:
            return found
        months, earlier, later = [month], month, month
        for _ in range(_MONTHS_ROUND):
            earlier, later = before(earlier), after(later)
            months += [earlier, later]
        where = Where(Dimension.RESOURCE_ID, tuple(names))
        held = await asyncio.gather(
            *(self._month(division, one, (Dimension.RESOURCE_ID,), where=where) for one in months)
        )
        for one, cells in zip(months, held, strict=True):
            for dimensions, cell in cells:
                value = division.value(dimensions, cell, one)
                if value and value not in division.derivation.rules.nobody:
                    found[_of(dimensions, cell, Dimension.RESOURCE_ID)].append(Seen(value, one, cell.amounts[0]))
        return found


class _Sums:
    """Amounts by currency."""

    def __init__(self) -> None:
        self.by: dict[str, Decimal] = {}

    def add(self, currency: str, amount: Decimal) -> None:
        self.by[currency] = self.by.get(currency, Decimal(0)) + amount


def _query(metrics: tuple[Metric, ...], needed: Needs, extra: tuple[Dimension, ...], month: int) -> CellQuery:
    """A month's sums by all that rules need and `extra`, over the whole of it."""
    dimensions = tuple(sorted(needed.dimensions | set(extra)))
    return CellQuery(metrics, dimensions, needed.tags, needed.categories, month, granularity=Granularity.TOTAL)


def keeps(policy: TagPolicy, value: str) -> bool:
    """Whether a value is one that a policy asks for."""
    if policy.allowed and value not in policy.allowed:
        return False
    return not policy.pattern or re.fullmatch(policy.pattern, value) is not None


def _rows(unowned: list[tuple[tuple[Dimension, ...], Cell]], facts: Facts) -> tuple[list[Untagged], _Sums]:
    sums: dict[tuple[str, str, str, str, str], tuple[Decimal, int]] = {}
    listed = _Sums()
    for dimensions, cell in unowned:
        account, service, resource, name = (_of(dimensions, cell, one) for one in _PLACE)
        key = (account, service, resource, name, cell.currency)
        cost, lines = sums.get(key, (Decimal(0), 0))
        sums[key] = (cost + cell.amounts[0], lines + cell.lines)
        listed.add(cell.currency, cell.amounts[0])
    rows = [
        Untagged(account, service, resource, name, currency, cost, lines, suggest(resource, name, account, facts))
        for (account, service, resource, name, currency), (cost, lines) in sums.items()
        if cost  # lines of containers cost nothing by themselves
    ]
    return sorted(rows, key=lambda row: (row.currency, -row.cost, row.account, row.resource)), listed


def _of(dimensions: tuple[Dimension, ...], cell: Cell, dimension: Dimension) -> str:
    return cell.dimensions[dimensions.index(dimension)]


def _kinds(dimensions: tuple[Dimension, ...], cell: Cell, rules: RuleSet) -> dict[Kind, Decimal]:
    facts = dict(zip(dimensions, cell.dimensions, strict=True))
    return kinds.kinds_of(facts, cell.amounts, rules.basis)


def _unowned_usage(rules: RuleSet, shared: Filter | None) -> Filter:
    """Usage, without the tags that the category takes over wherever they are (lines that nobody owns lack them), and
    without machines that are shared."""
    category = rules.category(rules.owner)
    every = category.rules if category else ()
    inherited = {rule.inherit.key for rule in every if isinstance(rule.inherit, Tag) and rule.when is None}
    known = {one.key: one for one in rules.tags}
    names = [
        name
        for key in sorted(inherited)
        for name in ((key,) if key not in known else (key, *known[key].aliases) if known[key].active else ())
    ]
    usage = Where(Dimension.CHARGE_CATEGORY, ("Usage",))
    covered = Not(Where(Dimension.RECORD_TYPE, ("SavingsPlanNegation",)))
    missing = (Where(Tag(name), match=Match.ABSENT) for name in names)
    return And((usage, covered, *missing, *(() if shared is None else (Not(shared),))))


def _meant(rules: RuleSet, key: str) -> tuple[str, bool, str]:
    for rule in rules.tags:
        if key == rule.key:
            return rule.key, rule.active, "" if rule.active else "not active"
        if key.lower() in {name.lower() for name in (rule.key, *rule.aliases)}:
            note = f"counts as {rule.key}" if rule.active else f"counts as {rule.key}, which is not active"
            return rule.key, rule.active, note
    return "", False, "no rule"
