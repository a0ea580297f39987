"""What an allocation would do to a month before it is applied: what moves, what nobody owns, and that it adds up."""

from decimal import Decimal

from msgspec import Struct

from trimtab.economics.rules.read import read_rules
from trimtab.economics.rules.store import RulesStore, RulesVersion
from trimtab.economics.statements.model import MonthState, Statement
from trimtab.economics.statements.reader import StatementReader

CANDIDATE = -1
"""The version of rules that are only tried."""


class Move(Struct, frozen=True):
    """An owner's cost in one currency under the rules in force and under those that are tried."""

    owner: str
    currency: str
    before: Decimal
    after: Decimal

    @property
    def change(self) -> Decimal:
        """After − before."""
        return self.after - self.before


class Currency(Struct, frozen=True):
    """One currency's bill, what nobody owns of it before and after, and what the tried statement adds up to."""

    currency: str
    billed: Decimal
    total: Decimal
    unowned_before: Decimal
    unowned_after: Decimal
    moved: Decimal

    @property
    def adds_up(self) -> bool:
        """Whether the statement is the bill, to the last digit."""
        return self.billed == self.total


class Preview(Struct, frozen=True):
    """`default` is what the tried rules call what nobody owns. `closed`: the month is, and would not change."""

    month: int
    closed: bool
    default: str
    moves: tuple[Move, ...]
    currencies: tuple[Currency, ...]
    unweighed: tuple[str, ...]
    statement: Statement


class Previewer:
    """Tries allocations."""

    def __init__(self, rules: RulesStore, statements: StatementReader) -> None:
        self._rules = rules
        self._statements = statements

    async def preview(self, document: str, month: int) -> Preview:
        """A month under `document`. Raises InvalidInput for one that cannot be, NotFound without a bill."""
        rules = read_rules(document)
        now = await self._rules.current()
        closed = next(
            (one.state is MonthState.CLOSED for one in await self._statements.months() if one.month == month), False
        )
        before = await self._statements.statement(month, now)
        tried = RulesVersion(CANDIDATE, document, rules)
        after = before if document == now.document else await self._statements.statement(month, tried)
        bill = await self._statements.reconcile(after)
        default_before, default_after = _default(now), _default(tried)
        old, new = _by_owner(before), _by_owner(after)
        moves = [
            Move(owner, currency, old.get((owner, currency), Decimal(0)), new.get((owner, currency), Decimal(0)))
            for owner, currency in sorted({*old, *new})
        ]
        currencies = [
            Currency(
                name,
                sum((one.bill for one in bill if one.currency == name), Decimal(0)),
                sum((amount for (_, of), amount in new.items() if of == name), Decimal(0)),
                old.get((default_before, name), Decimal(0)),
                new.get((default_after, name), Decimal(0)),
                sum((one.change for one in moves if one.currency == name and one.change > 0), Decimal(0)),
            )
            for name in sorted({currency for _, currency in (*old, *new)})
        ]
        ordered = sorted(moves, key=lambda one: (one.currency, -abs(one.change), -one.after, one.owner))
        return Preview(month, closed, default_after, tuple(ordered), tuple(currencies), after.unweighed, after)


def _default(version: RulesVersion) -> str:
    category = version.rules.category(version.rules.owner)
    return category.default if category else ""


def _by_owner(statement: Statement) -> dict[tuple[str, str], Decimal]:
    """Exact cost by owner and currency; corrections of other months left out, which rules do not touch."""
    found: dict[tuple[str, str], Decimal] = {}
    for line in statement.lines:
        if not line.key.about:
            key = (line.key.owner, line.key.currency)
            found[key] = found.get(key, Decimal(0)) + line.amount
    return found
