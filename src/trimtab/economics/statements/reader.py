"""Statements of any month: those of closed ones as they were frozen, of open ones as the bill and the rules are now.

A bill that changes after its month was closed changes nothing frozen: what it would have changed is added, as
corrections that name the closed month, to the first month after the last closed one. So all statements together
always add up to all bills.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from decimal import Decimal

from msgspec import Struct

from trimtab.base.clock import Clock
from trimtab.base.errors import Conflict, NotFound
from trimtab.base.records import replace
from trimtab.costs.imports.ledger import ImportLedger
from trimtab.costs.model import Dimension
from trimtab.economics.division import Division
from trimtab.economics.divisions import fresh_ms, moves
from trimtab.economics.months import after, bounds, named
from trimtab.economics.rules.model import Basis, RuleSet
from trimtab.economics.rules.store import RulesStore, RulesVersion
from trimtab.economics.statements import build, kinds
from trimtab.economics.statements.book import StatementBook
from trimtab.economics.statements.model import Held, Kind, MonthState, Receipts, Reconciled, Statement
from trimtab.economics.weights import Weigher

Totals = dict[tuple[str, Kind], Decimal]

_KEPT = 24  # statements of open months in memory


class MonthSummary(Struct, frozen=True):
    """A month in the list: what it was billed, by currency, and whether it is closed."""

    month: int
    state: MonthState
    billed: dict[str, Decimal]
    sources: tuple[str, ...]
    closed_ms: int = 0
    closed_by: str = ""


class StatementReader:
    """Reads statements, and closes months."""

    def __init__(
        self, rules: RulesStore, book: StatementBook, weigher: Weigher, ledger: ImportLedger, clock: Clock
    ) -> None:
        self._rules = rules
        self._book = book
        self._weigher = weigher
        self._ledger = ledger
        self._clock = clock
        self._made: OrderedDict[str, tuple[int, Statement, Division]] = OrderedDict()

    def forget(self) -> None:
        """Empty the memory: for who wipes everything."""
        self._made.clear()

    async def months(self) -> list[MonthSummary]:
        """Every month with a bill, the newest first."""
        held = await self._held()
        closed = set(await self._book.months())
        found = []
        for month in sorted(set(held) | closed, reverse=True):
            parts = held.get(month, ())
            billed: dict[str, Decimal] = {}
            for part in parts:
                for currency, total in part.billed.items():
                    billed[currency] = billed.get(currency, Decimal(0)) + total
            state = MonthState.CLOSED if month in closed else MonthState.OPEN
            found.append(MonthSummary(month, state, billed, tuple(part.source for part in parts)))
        return found

    async def statement(self, month: int, candidate: RulesVersion | None = None) -> Statement:
        """The statement of a month; `candidate` are rules to try on an open one. Raises NotFound without a bill."""
        if candidate is None and month in await self._book.months():
            return await self._book.statement(month)
        return (await self._open(month, candidate))[0]

    async def reconcile(self, statement: Statement) -> list[Reconciled]:
        """A statement's own part beside the bill's lines, read apart from the sums that it was made of, by kind.

        Of a closed month the bill is what it is now: a difference is what the next open month corrects. Invoices know
        fees of commitments, not which part of them was unused: where fees are billed, both are one row.
        """
        basis = statement.basis
        lines = await self._weigher.lines(statement.month, kinds.metrics_of(basis), kinds.DIMENSIONS)
        bill: Totals = {}
        for cell in lines.cells:
            facts = dict(zip(lines.dimensions, cell.dimensions, strict=False))
            for kind, amount in kinds.kinds_of(facts, cell.amounts, basis).items():
                _add(bill, (cell.currency, _invoiced(kind, basis)), amount)
        said: Totals = {}
        for line in statement.lines:
            if not line.key.about:
                _add(said, (line.key.currency, _invoiced(line.key.kind, basis)), line.amount)
        order, none = list(Kind), Decimal(0)
        return [
            Reconciled(*key, bill.get(key, none), said.get(key, none))
            for key in sorted({*bill, *said}, key=lambda key: (key[0], order.index(key[1])))
        ]

    async def close(self, month: int, by: str) -> Statement:
        """Freeze a month's statement with its rules and receipts.

        Raises NotFound without a bill, Conflict where it is closed, not over, or not the next one to close, where it
        does not add up, or where the bill was changed meanwhile.
        """
        now = self._clock.now_ms()
        if now < bounds(month)[1]:
            raise Conflict(f"cannot close {named(month)}: it is not over yet")
        await self._check_order(month)
        statement, division = await self._open(month, None, fresh=True)
        apart = [one for one in await self.reconcile(statement) if one.difference]
        if apart:
            raise Conflict(
                f"cannot close {named(month)}: {apart[0].kind.words} are {apart[0].bill} {apart[0].currency} on the "
                f"bill and {apart[0].statement} on the statement; this is a bug in trimtab"
            )
        held = await self._held()
        if any(held.get(of, ()) != parts for of, parts in statement.receipts.items()):
            raise Conflict(f"cannot close {named(month)}: an import changed the bill meanwhile; try again")
        frozen = replace(statement, state=MonthState.CLOSED, closed_ms=now, closed_by=by)
        await self._book.freeze(frozen, division)
        self._made.clear()
        return frozen

    async def _check_order(self, month: int) -> None:
        closed = await self._book.months()
        if month in closed:
            raise Conflict(f"cannot close {named(month)}: it is closed already, and what is closed stays")
        if not closed:
            return
        billed = [one for one in await self._held() if one > closed[-1]]
        first = min(billed, default=month)
        if month != first:
            expected = f"{named(first)} is the next" if month > first else f"{named(closed[-1])} is closed already"
            raise Conflict(f"cannot close {named(month)}: months are closed in order, and {expected}")

    async def _open(
        self, month: int, candidate: RulesVersion | None, *, fresh: bool = False
    ) -> tuple[Statement, Division]:
        held = await self._held()
        if month not in held:
            raise NotFound(f"cannot make a statement of {named(month)}: no bill of it was imported")
        version = candidate or await self._rules.current()
        closed = await self._book.months()
        corrected = await self._corrected(month, closed, held)
        receipts = {month: held[month], **{of: held.get(of, ()) for of in corrected}}
        now = self._clock.now_ms()
        key = repr((month, version.version, version.document, sorted(receipts.items()), closed))
        kept = self._made.get(key)
        moving = moves(version.rules)
        if kept and not fresh and not (moving and now - kept[0] > fresh_ms(month, now)):
            return kept[1], kept[2]
        division = await self._weigher.division(version.rules, version.rules.owner, month)
        parts = [await self._sums(division, month)]
        for of in corrected:
            frozen = await self._book.division(of)
            parts.append(build.difference(await self._sums(frozen, of), await self._book.carried(of), of))
        statement = Statement(
            month,
            MonthState.OPEN,
            version.rules.basis,
            version.rules.owner,
            version.version,
            version.document,
            build.in_coins(build.merged(parts)),
            receipts,
            unweighed=unweighed(version.rules, division, parts[0]),
        )
        self._made[key] = (now, statement, division)
        while len(self._made) > _KEPT:
            self._made.popitem(last=False)
        return statement, division

    async def _corrected(self, month: int, closed: Sequence[int], held: Receipts) -> list[int]:
        """The closed months whose bills changed since, where `month` is the one that carries their corrections."""
        if not closed or month < closed[-1]:
            return []
        carrier = min((one for one in held if one > closed[-1]), default=after(closed[-1]))
        if month != carrier:
            return []
        taken = await self._book.receipts()
        return [of for of in closed if held.get(of, ()) != taken.get(of, ())]

    async def _sums(self, division: Division, month: int) -> build.Sums:
        rules = division.derivation.rules
        extra = (*kinds.DIMENSIONS, Dimension.LINKED_ACCOUNT)
        cells = await self._weigher.month(division, month, kinds.metrics_of(rules.basis), division.needs, extra)
        return await asyncio.to_thread(build.sums_of, cells, division, month)

    async def _held(self) -> dict[int, tuple[Held, ...]]:
        found: dict[int, tuple[Held, ...]] = {}
        for one in await asyncio.to_thread(self._ledger.held):
            part = Held(one.source, one.import_id, one.lines, dict(one.totals))
            found[one.month] = (*found.get(one.month, ()), part)
        return found


def _invoiced(kind: Kind, basis: Basis) -> Kind:
    return Kind.COMMITMENT_FEE if kind is Kind.UNUSED_COMMITMENT and not basis.amortizes else kind


def _add(totals: Totals, key: tuple[str, Kind], amount: Decimal) -> None:
    totals[key] = totals.get(key, Decimal(0)) + amount


def unweighed(rules: RuleSet, division: Division, sums: build.Sums) -> tuple[str, ...]:
    """The values that are to be split and were not, for want of anything to weigh them by."""
    category = rules.category(rules.owner)
    sources = {split.source for split in category.splits} if category else set()
    left = {key.owner for key in sums if key.owner in sources}
    return tuple(sorted(left))
