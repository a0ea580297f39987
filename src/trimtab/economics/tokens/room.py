"""The room as doors are given it: the ledger of tokens, and calls with their costs."""

import asyncio
from collections.abc import Callable, Sequence

from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.base.errors import InvalidInput
from trimtab.base.records import replace
from trimtab.economics.tokens.bills import ReadCosts, bills_of
from trimtab.economics.tokens.calls import Calls, ReadCalls
from trimtab.economics.tokens.choices import Comparison, compare
from trimtab.economics.tokens.habits import habits_of
from trimtab.economics.tokens.hours import ReadSums
from trimtab.economics.tokens.ledger import OwnModel, VendorBill, amounts_by_vendor, bill_rests, lines_of, priced, sums
from trimtab.economics.tokens.model import BY, Priced, Rest, TokenLedger
from trimtab.economics.tokens.replicas import Question, given_replica, replicas_of
from trimtab.economics.tokens.tallies import Tallies, tally_of
from trimtab.economics.unit.prices import ModelCost
from trimtab.economics.unit.room import UnitCosts, own_books
from trimtab.genai.habits import Habits
from trimtab.genai.prices.book import Book


class PricedCalls(Struct, frozen=True):
    """The calls of a range with their costs, and what of own pods no call has."""

    calls: Sequence[Priced]
    rests: Sequence[Rest]
    cut: bool


class TokensRoom(Struct, frozen=True):
    """What calls of models cost, and whom. Every question takes whole days and what a scope may see of them."""

    calls: ReadCalls
    sums: ReadSums
    units: UnitCosts
    bills: ReadCosts
    books: Callable[[], Sequence[Book]] = own_books

    async def ledger(self, scope: Scope, start_ms: int, end_ms: int, by: str) -> TokenLedger:
        """The ledger by a field of calls. Raises InvalidInput, QueryAborted, Unavailable."""
        if by not in BY:
            raise InvalidInput(f"cannot read tokens by {by!r}: expected one of {', '.join(BY)}", field="by")
        whole = Scope(accounts=scope.accounts, regions=scope.regions)
        read, own, bills = await asyncio.gather(
            self.sums.over(whole, start_ms, end_ms, by),
            self._own(whole, start_ms, end_ms),
            _nothing() if scope.rows else bills_of(self.bills, scope, start_ms, end_ms),
        )
        cut = read.cut
        if scope.rows:
            seen = await self.calls.over(scope, start_ms, end_ms)
            cut = cut or seen.cut
            mine: Tallies = (await asyncio.to_thread(tally_of, start_ms, seen.calls, self.books())).by[by]
            lines, _ = await asyncio.to_thread(lines_of, mine, own, read.models)
            rests: list[Rest] = []
        else:
            lines, rests = await asyncio.to_thread(lines_of, read.tallies, own)
            rests += bill_rests(read, own, bills)
        return TokenLedger(
            start_ms=start_ms,
            end_ms=end_ms,
            by=by,
            lines=lines,
            rests=rests,
            totals=sums(lines, rests),
            billed=amounts_by_vendor(bills),
            cut=cut,
        )

    async def priced(self, scope: Scope, start_ms: int, end_ms: int) -> PricedCalls:
        """Calls with their costs. Raises QueryAborted, Unavailable.

        Who is bound to tags sees the calls that have them. What they cost of own pods is their share among all calls.
        """
        whole = Scope(accounts=scope.accounts, regions=scope.regions)
        read, own = await asyncio.gather(self.calls.over(whole, start_ms, end_ms), self._own(whole, start_ms, end_ms))
        found, rests = await asyncio.to_thread(priced, read.calls, self.books(), own)
        if not scope.rows:
            return PricedCalls(found, rests, read.cut)
        seen: Calls = await self.calls.over(scope, start_ms, end_ms)
        costs = {_key(one): one for one in found}
        shown = [replace(one, call=call) for call in seen.calls if (one := costs.get((call.trace_id, call.span_id)))]
        return PricedCalls(shown, [], read.cut)

    async def compare(self, scope: Scope, start_ms: int, end_ms: int, asked: Question) -> Comparison:
        """What the calls of a range would have cost otherwise. Raises InvalidInput, QueryAborted, Unavailable."""
        for name in asked.only:
            if name not in BY:
                raise InvalidInput(f"cannot choose calls by {name!r}: expected one of {', '.join(BY)}", field="filter")
        found, served = await asyncio.gather(
            self.priced(scope, start_ms, end_ms),
            _no_models() if scope.rows else self.units.served_models(scope, start_ms, end_ms),
        )
        calls = [one for one in found.calls if all(getattr(one.call, name) == of for name, of in asked.only.items())]
        until_ms = min(end_ms, max(self.units.clock.now_ms(), start_ms + 1))
        replicas = [*replicas_of(served, asked.own), *given_replica(asked, calls)]
        return await asyncio.to_thread(compare, calls, asked.models, replicas, self.books(), (start_ms, until_ms))

    async def habits(self, scope: Scope, start_ms: int, end_ms: int) -> Habits:
        """How callers used models, each feature beside own pods. Raises QueryAborted, Unavailable."""
        found, served = await asyncio.gather(
            self.priced(scope, start_ms, end_ms),
            _no_models() if scope.rows else self.units.served_models(scope, start_ms, end_ms),
        )
        span = start_ms, min(end_ms, max(self.units.clock.now_ms(), start_ms + 1))
        return await asyncio.to_thread(
            habits_of, found.calls, replicas_of(served, ()), self.books(), span, cut=found.cut
        )

    async def trace(self, scope: Scope, start_ms: int, end_ms: int, trace_id: str) -> list[Priced]:
        """The calls of a trace, step by step."""
        found = await self.priced(scope, start_ms, end_ms)
        return [one for one in found.calls if one.call.trace_id == trace_id]

    async def _own(self, scope: Scope, start_ms: int, end_ms: int) -> list[OwnModel]:
        served = await self.units.served_models(scope, start_ms, end_ms)
        return [OwnModel(one.model, one.currency, one.prices.cost, one.idle_cost) for one in served]


def _key(one: Priced) -> tuple[str, str]:
    return one.call.trace_id, one.call.span_id


async def _no_models() -> list[ModelCost]:
    return []


async def _nothing() -> list[VendorBill]:
    return []
