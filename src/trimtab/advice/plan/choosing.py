"""Chooses the set of actions on a bill: what findings say, what the bill has of their machines, and the best of it."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from decimal import Decimal

import numpy as np
from msgspec import Struct

from trimtab.access.scope import EVERYTHING, Scope
from trimtab.advice.finding import Finding
from trimtab.advice.ledger.model import Entry
from trimtab.advice.plan.actions import actions_of
from trimtab.advice.plan.choose import choose
from trimtab.advice.plan.evaluate import Evaluation, is_spot
from trimtab.advice.plan.exchange import Exchange, exchanged, exchanges
from trimtab.advice.plan.model import Evidence, Target
from trimtab.advice.plan.reading import read_books, read_spot
from trimtab.advice.plan.record import records_of, sure_of
from trimtab.advice.purchases.bill import Bill
from trimtab.advice.purchases.model import Floats, Holdings, Use
from trimtab.advice.purchases.rates import Rates
from trimtab.advice.standing import Wanted
from trimtab.advice.store import FindingStore
from trimtab.base.clock import Clock
from trimtab.base.records import replace
from trimtab.costs.read import CostReader
from trimtab.inventory.catalog.book import Catalog
from trimtab.inventory.catalog.spot import SpotPriceStore

Entries = Callable[[Scope], Awaitable[Sequence[Entry]]]
"""Asks for the lines of the savings ledger."""
Convertible = Callable[[Scope], Awaitable[Collection[str]]]
"""Asks which reservations (their ARNs) can be exchanged."""


class Chosen(Struct, frozen=True):
    """The set that was chosen, everything that it was chosen from, and the reservations that are exchanged after it."""

    evaluation: Evaluation
    set: frozenset[int]
    how: str
    findings: Mapping[str, Finding]
    waiting: Sequence[Evidence]
    exchanges: tuple[Exchange, ...] = ()

    def left(self, history: Use) -> Use:
        """The use of a longer history that ends where the books end, as it is when the set is done.

        Its last hours are those of the books; before them each line keeps the share that it keeps in the books. What
        moved to spot is no use that could be committed to.
        """
        after, base = self.evaluation.use(self.set), self.evaluation.books.use
        known = min(base.hours, history.hours)
        earlier = history.quantity[:, : history.hours - known]
        sums, kept = base.quantity.sum(axis=1), after.quantity.sum(axis=1)
        many = len(base.lines)
        rows = [earlier * np.divide(kept[:many], sums, out=np.ones(many), where=sums > 0)[:, None]]
        for at, source in self.evaluation.moved:
            share = kept[at] / sums[source] if sums[source] > 0 else 0.0
            rows.append(earlier[source : source + 1] * share)
        mine = [at for at, line in enumerate(after.lines) if not is_spot(line)]
        quantity = np.concatenate([np.concatenate(rows), after.quantity[mine, base.hours - known :]], axis=1)
        return replace(history, lines=tuple(after.lines[at] for at in mine), quantity=quantity)


class Choosing(Struct, frozen=True):
    """Chooses from the findings of a store. `spot`: what it costs; `entries`: what became of such advice before."""

    reader: CostReader
    findings: FindingStore
    catalog: Catalog
    clock: Clock
    spot: SpotPriceStore | None = None
    entries: Entries | None = None
    convertible: Convertible | None = None

    async def chosen(self, scope: Scope, bill: Bill, rates: Rates, without: Collection[str] = ()) -> Chosen:
        """The best set over a bill, of findings that nobody hid; `without` these (ids of findings)."""
        listed = [one.finding for one in await self.findings.listed(EVERYTHING)]
        kept = [one for one in listed if one.id not in without]
        return await self.best(scope, bill, rates, kept, without)

    async def best(
        self, scope: Scope, bill: Bill, rates: Rates, findings: Iterable[Finding], without: Collection[str] = ()
    ) -> Chosen:
        """The best set over a bill, of findings in its currency; no exchange that is `without` (ids of findings)."""
        mine = {one.id: one for one in findings if one.currency == bill.use.currency}
        spot = await self._spot(bill, mine.values())
        actions, waiting = actions_of(await self._sure(mine.values()), lambda one: self._target(one, spot))
        books = await read_books(self.reader, scope, bill, {one.machine for one in actions})
        evaluation = Evaluation(replace(books, spot=spot), actions, rates)
        found, how = await asyncio.to_thread(choose, evaluation)
        ids = await self.convertible(scope) if self.convertible is not None else ()
        given = await asyncio.to_thread(exchanges, evaluation, found, ids, rates, without) if ids else ()
        return Chosen(evaluation, found, how, mine, waiting, given)

    async def leaves(self, scope: Scope, bill: Bill, rates: Rates) -> tuple[Use, Holdings]:
        """The use of the bill that the best set leaves, and what is held once its exchanges are made."""
        found = await self.chosen(scope, bill, rates)
        return found.left(bill.use), exchanged(bill.held, found.exchanges)

    async def _sure(self, findings: Iterable[Finding]) -> list[Finding]:
        """The findings as sure as what became of such advice makes them."""
        standings = await self.findings.listed(EVERYTHING, Wanted(hidden=True, state=""))
        entries = await self.entries(EVERYTHING) if self.entries is not None else ()
        records = records_of(standings, entries)
        return [replace(one, confidence=sure_of(one, records)) for one in findings]

    async def _spot(self, bill: Bill, findings: Iterable[Finding]) -> dict[tuple[str, str], Floats]:
        """What spot costs of the types of machines that could move there."""
        places = {(one.current, one.region) for one in findings if one.lost is not None and one.takes > 0}
        if not places or self.spot is None:
            return {}
        now_ms = self.clock.now_ms()
        wanted: list[tuple[str, str, Decimal]] = []
        for type_, region in sorted(places):
            price = self.catalog.price(type_, now_ms, region)
            if price is not None:
                wanted.append((type_, region, price.per_hour))
        return await read_spot(self.spot, bill, wanted)

    def _target(self, finding: Finding, spot: Mapping[tuple[str, str], Floats]) -> Target | None:
        """The machine that a finding advises: in the catalogue with its price today, or the same one on spot."""
        if finding.lost is not None:
            prices = spot.get((finding.current, finding.region))
            return None if prices is None else Target(finding.current, _mean(prices), spot=True)
        if finding.advised not in self.catalog.types or finding.current not in self.catalog.types:
            return None
        price = self.catalog.price(finding.advised, self.clock.now_ms(), finding.region)
        return Target(finding.advised, price.per_hour) if price else None


def _mean(prices: Floats) -> Decimal:
    return round(Decimal(str(float(prices.mean()))), 6)
