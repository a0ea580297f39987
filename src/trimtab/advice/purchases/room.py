"""The room as doors, pages and jobs are given it."""

from collections.abc import Awaitable, Callable, Sequence

from msgspec import Struct

from trimtab.access.scope import EVERYTHING, Scope
from trimtab.advice.purchases.advisor import Advisor, Known, Planned, Terms
from trimtab.advice.purchases.answer import Answer, Wanted
from trimtab.advice.purchases.bill import Bill, currencies
from trimtab.advice.purchases.facts import FactStore, ReservedRate, Term, machines_of, shares_of
from trimtab.advice.purchases.findings import all_judged
from trimtab.advice.purchases.kept import Made, PlanStore
from trimtab.advice.purchases.lines import family_of, units_of
from trimtab.advice.purchases.model import AWS, AZURE, GOOGLE, Holdings, Plan, Use
from trimtab.advice.purchases.offerings import by_id
from trimtab.advice.purchases.rates import Rates, Share, published
from trimtab.advice.purchases.recorded import RecordedPlans, active
from trimtab.advice.store import FindingStore
from trimtab.base.clock import Clock
from trimtab.base.errors import InvalidInput, NotFound
from trimtab.base.records import replace
from trimtab.costs.room import CostsRoom
from trimtab.inventory.catalog.book import Catalog, load
from trimtab.store.state.database import State
from trimtab.timeseries.forecast.forecaster import Forecaster

LEAST_SHARE = 1 / 12
"""The least share that may end in a month: a ladder has a rung in each of twelve months."""
ReadTerms = Callable[[Scope], Awaitable[Terms]]
Leaves = Callable[[Scope, Bill, Rates], Awaitable[tuple[Use, Holdings]]]
"""The use of a bill that is left when everything else of the plan is done, and what is held once exchanges are made."""


class PurchasesRoom(Struct, frozen=True):
    """Everything that may be asked of purchase options."""

    clock: Clock
    advisor: Advisor
    facts: FactStore
    plans: PlanStore
    recorded: RecordedPlans
    catalog: Catalog
    findings: FindingStore | None
    terms: ReadTerms | None = None
    leaves: Leaves | None = None

    @classmethod
    def of(
        cls,
        state: State,
        clock: Clock,
        costs: CostsRoom,
        findings: FindingStore | None = None,
        terms: ReadTerms | None = None,
        leaves: Leaves | None = None,
    ) -> "PurchasesRoom":
        """The room over state and bill; `findings` takes what is found.

        `leaves` says what use the other actions of the plan leave and what is then held, `terms` reads from when to
        when commitments run that accounts were asked for.
        """
        return cls(
            clock,
            Advisor(costs.reader, Forecaster()),
            FactStore(state, clock),
            PlanStore(state, clock),
            RecordedPlans(state, clock),
            load(),
            findings,
            terms,
            leaves,
        )

    async def shares(self, scope: Scope) -> tuple[Share, ...]:
        """Every rate that is known without the bill, as far as `scope` sees."""
        return (*shares_of(await self.facts.listed(scope)), *published())

    async def known(self, scope: Scope) -> Known:
        """What people said, and what was recorded."""
        facts, now_ms = await self.facts.listed(scope), self.clock.now_ms()
        families = {name: family_of(name) for name in self.catalog.types}
        machines = tuple(replace(one, units=units_of(one.type)) for one in machines_of(facts, families))
        terms = dict(await self.terms(scope)) if self.terms is not None else {}
        terms |= {one.name: (one.start_ms, one.end_ms) for one in facts if isinstance(one, Term)}
        held = []
        for one in active(await self.recorded.listed(scope), now_ms):
            offered = by_id(self.catalog, one.offering)
            if offered is not None:
                held.append(
                    Plan(
                        one.arn,
                        one.account,
                        offered.kind,
                        one.commitment,
                        family=offered.family,
                        region=offered.region,
                        years=offered.years,
                        payment=offered.payment,
                        start_ms=one.start_ms,
                        end_ms=one.end_ms,
                    )
                )
        reserved = tuple(one for one in facts if isinstance(one, ReservedRate))
        return Known((*shares_of(facts), *published()), machines, terms, Holdings(tuple(held)), reserved)

    async def make(self, scope: Scope, wanted: Wanted, *, publish: bool = False) -> Made:
        """Make a plan and keep it. Raises NotFound (no bill), InvalidInput."""
        began = self.clock.now_ms()
        check(wanted)
        known = await self.known(scope)
        bill = await self.advisor.whole_bill(scope, wanted.days, known, wanted.currency, wanted.provider)
        use = bill.use
        if wanted.rightsizing and self.leaves is not None:
            use, held = await self.leaves(scope, bill, Rates((*known.shares, *bill.shares)))
            bill = replace(bill, held=held)
        planned = await self.advisor.plan(bill, use, wanted, known, began)
        return await self.keep(wanted, planned, publish=publish, scope=scope)

    async def currencies(self, scope: Scope, wanted: Wanted) -> list[str]:
        """Those of the use that a plan would be over, the largest first; "" where there is none. Raises NotFound."""
        return await currencies(self.advisor.reader, scope, wanted.days) or [""]

    async def keep(self, wanted: Wanted, planned: Planned, *, publish: bool, scope: Scope = EVERYTHING) -> Made:
        """Keep a plan over what `scope` sees; what it finds is published beside what those of others found."""
        took_ms = self.clock.now_ms() - planned.answer.made_ms
        made = await self.plans.keep(wanted, planned.answer, took_ms, scope=scope)
        if publish:
            newest = [one.answer for one in await self.plans.newest(scope) if one.answer is not None]
            await self.publish(newest, made.took_ms)
        return made

    async def publish(self, answers: Sequence[Answer], took_ms: int = 0) -> None:
        """Put what plans find in the place of what the ones before them found."""
        if self.findings is not None and answers:
            await self.findings.publish(all_judged(answers), took_ms=took_ms, what="purchase options")

    async def latest(self, scope: Scope, id_: int = 0, currency: str = "", provider: str = "") -> Made:
        """A plan over what `scope` sees: by its number, else the newest, of a currency and provider where given.

        Raises NotFound.
        """
        if id_ or not (currency or provider):
            return await self.plans.latest(scope, id_ or None)
        for one in await self.plans.newest(scope):
            mine = one.answer.currency if one.answer else one.wanted.currency
            if currency in ("", mine) and provider in ("", one.wanted.provider):
                return one
        of = " and ".join(word for word in (currency, provider) if word)
        raise NotFound(f"no plan of {of} has been made; `trimtab advice purchases plan` makes one")

    async def rates(self, scope: Scope) -> Rates:
        """The rates that are known without the bill, as far as `scope` sees."""
        return Rates(await self.shares(scope))

    async def usual(self) -> Wanted:
        """What was asked the last time, else what is asked where nobody said otherwise."""
        try:
            return replace((await self.plans.latest(EVERYTHING)).wanted, currency="", provider=AWS)
        except NotFound:
            return Wanted()


def check(wanted: Wanted) -> None:
    """Refuse a question that has no answer. Raises InvalidInput."""
    if not 1 <= wanted.days <= 400:
        raise InvalidInput(f"cannot plan over {wanted.days} days; expected 1 to 400", field="days")
    if not 1 <= wanted.months <= 36:
        raise InvalidInput(f"cannot plan for {wanted.months} months; expected 1 to 36", field="months")
    if wanted.provider not in (AWS, GOOGLE, AZURE):
        raise InvalidInput(
            f"cannot plan commitments of {wanted.provider!r}; expected {AWS}, {GOOGLE} or {AZURE}", field="provider"
        )
    if not set(wanted.years) <= {1, 3} or not wanted.years:
        raise InvalidInput("cannot plan: expected terms of 1 or 3 years", field="years")
    if not wanted.payments or not wanted.kinds:
        raise InvalidInput("cannot plan without a payment option and a kind of plan", field="payments")
    for name in ("caution", "capital", "decline", "spot"):
        if not 0 <= getattr(wanted, name) <= 1:
            raise InvalidInput(f"cannot plan with {name} {getattr(wanted, name)}; expected 0 to 1", field=name)
    if not LEAST_SHARE <= wanted.most_expiring <= 1:
        raise InvalidInput(
            f"cannot plan with most_expiring {wanted.most_expiring}; expected {LEAST_SHARE:.3f} (a twelfth) to 1",
            field="most_expiring",
        )
    if wanted.tranches > 1 and wanted.most_expiring < 1:
        raise InvalidInput("cannot plan with both tranches and most_expiring; give one", field="tranches")
    if not 1 <= wanted.tranches <= 12 or not 1 <= wanted.tranche_days <= 365:
        raise InvalidInput("cannot plan: expected 1 to 12 tranches, 1 to 365 days apart", field="tranches")
