"""Chooses the set of actions on a bill: what findings say, what the bill has of their machines, and the best of it."""

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from trimtab.access.scope import EVERYTHING, Scope
from trimtab.advice.finding import Finding
from trimtab.advice.plan.actions import actions_of
from trimtab.advice.plan.choose import choose
from trimtab.advice.plan.evaluate import Evaluation
from trimtab.advice.plan.model import Evidence, Target
from trimtab.advice.plan.reading import read_books
from trimtab.advice.purchases.bill import Bill
from trimtab.advice.purchases.model import Use
from trimtab.advice.purchases.rates import Rates
from trimtab.advice.store import FindingStore
from trimtab.base.clock import Clock
from trimtab.costs.read import CostReader
from trimtab.inventory.catalog.book import Catalog


@dataclass(frozen=True, slots=True)
class Chosen:
    """The set that was chosen, and everything that it was chosen from."""

    evaluation: Evaluation
    set: frozenset[int]
    how: str
    findings: Mapping[str, Finding]
    waiting: Sequence[Evidence]

    def left(self, history: Use) -> Use:
        """The use of a longer history that ends where the books end, as it is when the set is done.

        Its last hours are those of the books; before them each line keeps the share that it keeps in the books.
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
        quantity = np.concatenate([np.concatenate(rows), after.quantity[:, base.hours - known :]], axis=1)
        return replace(history, lines=after.lines, quantity=quantity)


@dataclass(frozen=True, slots=True)
class Choosing:
    """Chooses from the findings of a store."""

    reader: CostReader
    findings: FindingStore
    catalog: Catalog
    clock: Clock

    async def chosen(self, scope: Scope, bill: Bill, rates: Rates, without: Collection[str] = ()) -> Chosen:
        """The best set over a bill, of findings that nobody hid; `without` these (ids of findings)."""
        listed = [one.finding for one in await self.findings.listed(EVERYTHING)]
        return await self.best(scope, bill, rates, [one for one in listed if one.id not in without])

    async def best(self, scope: Scope, bill: Bill, rates: Rates, findings: Iterable[Finding]) -> Chosen:
        """The best set over a bill, of findings in its currency."""
        mine = {one.id: one for one in findings if one.currency == bill.use.currency}
        actions, waiting = actions_of(mine.values(), self._target)
        books = await read_books(self.reader, scope, bill, {one.machine for one in actions})
        evaluation = Evaluation(books, actions, rates)
        found, how = await asyncio.to_thread(choose, evaluation)
        return Chosen(evaluation, found, how, mine, waiting)

    async def leaves(self, scope: Scope, bill: Bill, rates: Rates) -> Use:
        """The use of the bill that the best set leaves."""
        return (await self.chosen(scope, bill, rates)).left(bill.use)

    def _target(self, finding: Finding) -> Target | None:
        """The machine that a finding advises, in the catalogue and with its price today."""
        if finding.advised not in self.catalog.types or finding.current not in self.catalog.types:
            return None
        price = self.catalog.price(finding.advised, self.clock.now_ms(), finding.region)
        return Target(finding.advised, price.per_hour) if price else None
