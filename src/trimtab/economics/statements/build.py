"""Makes the lines of a statement from the cells of a month. Pure: the same cells and division, the same lines."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from trimtab.costs.apportion import apportion, to_coins
from trimtab.costs.cells import Cell
from trimtab.costs.model import Dimension
from trimtab.economics.division import Division, Share
from trimtab.economics.rules.model import Basis
from trimtab.economics.statements.kinds import kinds_of
from trimtab.economics.statements.model import Kind, LineKey, StatementLine
from trimtab.economics.weights import MonthCells, machine_dimensions

Sums = dict[LineKey, tuple[Decimal, int]]
"""Exact amounts by line, and the bill's lines in each."""


def sums_of(cells: MonthCells, division: Division, month: int) -> Sums:
    """Everything that a month was billed, by owner: the amounts add up to the cells' own."""
    basis = division.derivation.rules.basis
    sums: Sums = {}
    for cell in cells.cells:
        _add(sums, cell, cells.dimensions, division.shares(cells.dimensions, cell, month), basis)
    wide = (*cells.dimensions, *machine_dimensions(division.derivation.rules))
    for cell in cells.machines:
        _add(sums, cell, wide, division.shares(wide, cell, month, cell.dimensions[-1]), basis)
    return {key: found for key, found in sums.items() if found[0] or found[1]}


def _add(sums: Sums, cell: Cell, dimensions: Sequence[Dimension], shares: Sequence[Share], basis: Basis) -> None:
    facts = dict(zip(dimensions, cell.dimensions, strict=True))
    service, account = facts[Dimension.SERVICE], facts[Dimension.LINKED_ACCOUNT]
    for kind, amount in kinds_of(facts, cell.amounts, basis).items():
        parts = [amount] if len(shares) == 1 else apportion(amount, [share.weight for share in shares])
        for share, part in zip(shares, parts, strict=True):
            key = LineKey(share.value, kind, service, account, share.via, cell.currency)
            before, lines = sums.get(key, (Decimal(0), 0))
            sums[key] = (before + part, lines + cell.lines)


def difference(now: Sums, then: Mapping[LineKey, Decimal], about: int) -> Sums:
    """What must be added to `then` to make it `now`, as corrections of month `about`."""
    keys = dict.fromkeys((*now, *then))
    found: Sums = {}
    for key in keys:
        amount, lines = now.get(key, (Decimal(0), 0))
        delta = amount - then.get(key, Decimal(0))
        if delta:
            found[LineKey(key.owner, key.kind, key.service, key.account, key.via, key.currency, about)] = (delta, lines)
    return found


def in_coins(sums: Sums) -> list[StatementLine]:
    """The lines in whole coins, sorted. A currency's coins add up to its rounded total, and so do those of each kind
    to the kind's own, which differs from the exact one by less than a coin."""
    lines: list[StatementLine] = []
    for currency in sorted({key.currency for key in sums}):
        own = {key: found for key, found in sums.items() if key.currency == currency}
        kinds = sorted({key.kind for key in own}, key=list(Kind).index)
        exact = [sum((found[0] for key, found in own.items() if key.kind is kind), Decimal(0)) for kind in kinds]
        for kind, coins in zip(kinds, to_coins(exact, currency), strict=True):
            lines += _of_kind([(key, found) for key, found in own.items() if key.kind is kind], currency, coins)
    return sorted(lines, key=_order)


def _of_kind(
    found: Sequence[tuple[LineKey, tuple[Decimal, int]]], currency: str, total: Decimal
) -> list[StatementLine]:
    ordered = sorted(found, key=lambda one: _words(one[0]))
    coins = to_coins([amount for _, (amount, _) in ordered], currency, total)
    return [
        StatementLine(key, amount, coin, lines) for (key, (amount, lines)), coin in zip(ordered, coins, strict=True)
    ]


def merged(parts: Iterable[Sums]) -> Sums:
    """Several in one."""
    found: Sums = {}
    for part in parts:
        for key, (amount, lines) in part.items():
            before, counted = found.get(key, (Decimal(0), 0))
            found[key] = (before + amount, counted + lines)
    return found


def _order(line: StatementLine) -> tuple[object, ...]:
    key = line.key
    return (key.currency, key.owner, list(Kind).index(key.kind), key.about, -abs(line.amount), _words(key))


def _words(key: LineKey) -> tuple[str, ...]:
    return (key.owner, key.service, key.account, key.via, str(key.about))
