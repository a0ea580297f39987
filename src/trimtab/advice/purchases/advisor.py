"""Make a plan from the bill: read, look ahead, optimise, simulate, prove, and keep the answer.

The bill and the forecast are asked for here; all arithmetic is in the pure files beside and runs in a thread.
"""

import asyncio
from collections.abc import Mapping, Sequence

import numpy as np
from msgspec import Struct, field

from trimtab.access.scope import Scope
from trimtab.advice.purchases.answer import Answer, Held, Proof, Rule, Wanted
from trimtab.advice.purchases.apply import apply
from trimtab.advice.purchases.bill import Bill, currencies, read_bill
from trimtab.advice.purchases.documented import MONTH_HOURS, best_commitment
from trimtab.advice.purchases.facts import ReservedRate, sizes_of
from trimtab.advice.purchases.ladder import expiries, ladder_of
from trimtab.advice.purchases.lines import Reading, readings
from trimtab.advice.purchases.model import AWS, NANO, Holdings, Plan, Reservation, Use
from trimtab.advice.purchases.options import owner_of, plan_options, reserved_options
from trimtab.advice.purchases.outlook import (
    Outlook,
    moved_to_spot,
    outlook,
    question_of,
    start_of,
    until_of,
)
from trimtab.advice.purchases.planner import Options, plan
from trimtab.advice.purchases.rates import Rates, Share
from trimtab.advice.purchases.tell import bought_of, held_of, results, stack_of
from trimtab.base.errors import NotFound
from trimtab.base.records import replace
from trimtab.costs.explorer import eligible
from trimtab.costs.explorer.providers import shown
from trimtab.costs.model import CostQuery, Dimension, Filter, Metric, Where
from trimtab.costs.read import CostReader
from trimtab.timeseries.forecast.forecaster import Forecaster
from trimtab.timeseries.forecast.model import Forecast, Question, TooLittleHistory

_PROOF_DAYS = 30
_ALL_MS = 4_102_444_800_000
"""2100-01-01: everything that a bill has lies before."""
_LEAST_DAYS = 15
"""Days that must lie before those of the proof."""
SPOT_SHARE = 0.4
"""What spot is taken to cost of on-demand where the bill shows none: the middle of AWS's Spot Advisor for GPU types."""

RECORDED_IN = "USD"
"""The currency of plans that are recorded, as the savingsplans API tells them: they cover no use of another."""

Terms = Mapping[str, tuple[int | None, int | None]]


class Known(Struct, frozen=True):
    """What people said: own shares, offered machines, when commitments of the bill run, and others that are held."""

    shares: tuple[Share, ...] = ()
    machines: tuple[Reservation, ...] = ()
    terms: Terms | None = None
    held: Holdings = field(default_factory=Holdings)
    reserved: tuple[ReservedRate, ...] = ()

    def has_rates(self, provider: str) -> bool:
        """Whether anybody said what commitments of a provider cost."""
        of_plans = any(one.kind.provider == provider for one in self.shares)
        return of_plans or any(one.provider == provider for one in self.reserved)


class Planned(Struct, frozen=True):
    """A plan as it is told, and what it buys."""

    answer: Answer
    bought: Holdings


class Advisor:
    """Makes plans over one bill."""

    def __init__(self, reader: CostReader, forecaster: Forecaster) -> None:
        self.reader = reader
        self._forecaster = forecaster

    async def bill(self, scope: Scope, days: int, known: Known, currency: str = "") -> Bill:
        """What the bill says of AWS, with what people said of it. Raises NotFound, InvalidInput."""
        return await self._bill(scope, days, known, currency, ())

    async def bills(self, scope: Scope, days: int, known: Known) -> list[Bill]:
        """What the bill says of AWS, one a currency, the largest first: no commitment covers use of another currency.

        Raises NotFound.
        """
        found = await currencies(self.reader, scope, days)
        return [await self._bill(scope, days, known, one, ()) for one in found]

    async def whole_bill(self, scope: Scope, days: int, known: Known, currency: str = "", asked: str = AWS) -> Bill:
        """The bill with the use of every provider whose commitments are held or have rates, or who is `asked` for.

        Its notes name those whose commitments cannot be planned. Raises as `bill`.
        """
        present, holding = await self._providers(scope), await self._providers(scope, eligible.COMMITTED)
        named = {one.provider.name: one for one in readings(sizes_of(known.reserved)) if one.provider.name != AWS}
        others = [
            one
            for name, one in named.items()
            if name in present and (name in holding or name == asked or known.has_rates(name))
        ]
        bill = await self._bill(scope, days, known, currency, others)
        seen = {one.kind.provider for one in bill.shares}
        unknown = [
            missing(name)
            for name, one in named.items()
            if name in present - seen and not known.has_rates(name) and await self._could(scope, one, currency)
        ]
        return replace(bill, notes=(*bill.notes, *unknown))

    async def _providers(self, scope: Scope, where: Filter | None = None) -> set[str]:
        """Those that have lines on the bill."""
        query = CostQuery(0, _ALL_MS, (Metric.LINES,), group_by=(Dimension.PROVIDER,), where=where)
        return {shown(row.keys[0]) for row in await self.reader.costs(scope, query)}

    async def _could(self, scope: Scope, reading: Reading, currency: str) -> bool:
        """Whether a provider has use on demand that a commitment could cover."""
        only = Where(Dimension.CURRENCY, (currency,)) if currency else None
        free = Where(Dimension.PURCHASE_TYPE, (eligible.ON_DEMAND,))
        where = eligible.within(only, reading.provider.coverable, free)
        rows = await self.reader.costs(scope, CostQuery(0, _ALL_MS, (Metric.LIST,), where=where))
        return any(row.amounts[0] > 0 for row in rows)

    async def _bill(self, scope: Scope, days: int, known: Known, currency: str, others: Sequence[Reading]) -> Bill:
        found = await read_bill(self.reader, scope, days, known.shares, currency, others)
        rates = Rates((*known.shares, *found.shares))
        recorded = known.held if found.use.currency == RECORDED_IN else Holdings()
        held = found.held.plus(rates.rated(recorded, found.use.lines))
        return replace(found, held=_dated(held, known.terms or {}))

    async def plan(self, bill: Bill, use: Use, wanted: Wanted, known: Known, made_ms: int) -> Planned:
        """A plan for `use`: that of the bill, or what is left of it."""
        bill, use = bill.of(wanted.provider), use.of(wanted.provider)
        if not use.lines:
            raise NotFound(f"the bill has no use of {wanted.provider} that a commitment could cover in these days")
        if use.lines != bill.use.lines:
            bill = replace(bill, held=Rates((*known.shares, *bill.shares)).rated(bill.held, use.lines))
        cut = use.hours - _PROOF_DAYS * 24
        asked = [question_of(use)]
        if cut >= _LEAST_DAYS * 24:
            asked.append(question_of(use.span(0, cut)))
        forecasts = await self._forecasts(asked)
        return await asyncio.to_thread(_made, bill, use, wanted, known, forecasts, made_ms)

    async def _forecasts(self, asked: Sequence[Question | None]) -> list[Forecast | None]:
        found = iter(await self._forecaster.predict_all([one for one in asked if one is not None]))
        answers = [next(found) if one is not None else None for one in asked]
        return [None if isinstance(one, TooLittleHistory) else one for one in answers]


def _made(
    bill: Bill, use: Use, wanted: Wanted, known: Known, forecasts: Sequence[Forecast | None], made_ms: int
) -> Planned:
    rates = Rates((*known.shares, *bill.shares))
    rest, spot_saving, spot_note = _spotted(use, bill, wanted)
    view, bought, how = _bought(rest, bill.held, wanted, known, rates, forecasts[0])
    after = bill.held.plus(bought)
    left = apply(use, bill.held, sharing=wanted.sharing).on_demand
    told = bought_of(view, bill.held, bought, rates, made_ms, sharing=wanted.sharing)
    held = held_of(use, view, bill.held, after, sharing=wanted.sharing)
    answer = Answer(
        made_ms,
        use.currency,
        bill.start_ms,
        bill.end_ms,
        view.error,
        results(view, bill.held, after, sharing=wanted.sharing),
        told,
        held,
        stack_of(use, bill.spot, bill.held, bought, sharing=wanted.sharing),
        documented(use, left, wanted, rates, owner_of(use, bill.held)) if wanted.provider == AWS else (),
        _proof(bill, rest, wanted, known, rates, forecasts),
        how,
        spot_saving,
        tuple(note for note in (*bill.notes, view.note, spot_note, *_ending(held, rest, wanted)) if note),
        expiries(held, told),
        wanted.provider,
    )
    return Planned(answer, bought)


def _bought(
    use: Use, held: Holdings, wanted: Wanted, known: Known, rates: Rates, forecast: Forecast | None
) -> tuple[Outlook, Holdings, str]:
    """What is expected after the end of `use`, what to buy for it and when, and how that was found."""
    months = max(wanted.months, 12 * max(wanted.years, default=1))
    ladder = ladder_of(wanted, held, start_of(use), until_of(use, months))
    view = outlook(use, months, wanted.decline, forecast, ladder.starts_ms)
    owner = wanted.owner or owner_of(use, held)
    expected = view.uses["expected"]
    left = apply(expected, held, sharing=wanted.sharing).on_demand
    plans = plan_options(expected, left, wanted, rates, owner)
    machines = tuple(
        replace(one, owner=one.owner or owner) for one in known.machines if one.provider == wanted.provider
    )
    machines += reserved_options(expected, left, wanted, known.reserved, owner)
    found = plan(view, held, Options(plans, machines, wanted.caution, wanted.capital, wanted.sharing, ladder))
    return view, found.bought, found.how


def missing(provider: str) -> str:
    """That nothing can be bought of a provider, and what to do."""
    return (
        f"no rates of {provider} are given, so none of its commitments is planned; "
        "`trimtab advice purchases import-rates FILE` imports them"
    )


def documented(use: Use, left: np.ndarray, wanted: Wanted, rates: Rates, owner: str) -> tuple[Rule, ...]:
    """AWS's rule over the past, for each plan that may be bought."""
    found = []
    for one in plan_options(use, left, wanted, rates, owner):
        best = best_commitment(use.lines, left, one, sharing=wanted.sharing)
        scope = f"{one.family} in {one.region}" if one.family else ""
        saving = float(best.savings) * MONTH_HOURS
        found.append(Rule(one.kind, scope, float(best.hourly), saving, float(best.utilisation)))
    return tuple(found)


def _proof(
    bill: Bill, use: Use, wanted: Wanted, known: Known, rates: Rates, forecasts: Sequence[Forecast | None]
) -> Proof | None:
    """The plan of a month ago on what then came: decided on what was known, judged on what was not."""
    if len(forecasts) < 2:
        return None
    cut = use.hours - _PROOF_DAYS * 24
    past, then = use.span(0, cut), use.span(cut, use.hours)
    at_once = replace(wanted, tranches=1, most_expiring=1.0)
    view, bought, _ = _bought(past, bill.held, at_once, known, rates, forecasts[1])
    promised = results(view.first(then.hours), bill.held, bill.held.plus(bought), sharing=wanted.sharing)
    before, after = (
        float(apply(then, one, sharing=wanted.sharing).cost.sum()) / NANO for one in (bill.held, bill.held.plus(bought))
    )
    spot = float(bill.spot.at_on_demand().sum()) / NANO if bill.spot.lines else 0.0
    share = (use.hours - cut) / use.hours
    whole = float(then.at_on_demand().sum()) / NANO + spot * share
    paid = bill.spot_cost * share
    month = MONTH_HOURS / then.hours
    return Proof(
        _PROOF_DAYS,
        promised["expected"].saving,
        promised["low"].saving,
        (before - after) * month,
        (whole - before - paid) / whole if whole else 0.0,
        (whole - after - paid) / whole if whole else 0.0,
    )


def _spotted(use: Use, bill: Bill, wanted: Wanted) -> tuple[Use, float, str]:
    """The use without what moves to spot, what that saves a month, and a word on it."""
    if not wanted.spot:
        return use, 0.0, ""
    known = bill.spot_share
    price = SPOT_SHARE if known is None else known
    left = apply(use, bill.held, sharing=wanted.sharing).on_demand.sum(axis=1) / NANO
    whole = use.at_on_demand().sum(axis=1) / NANO
    shares = [
        wanted.spot * float(rest / every) if line.family and every and line.service == "AmazonEC2" else 0.0
        for line, rest, every in zip(use.lines, left, whole, strict=True)
    ]
    moved = float((whole * np.array(shares)).sum())
    saving = moved * (1 - price) / max(use.hours, 1) * MONTH_HOURS
    word = "an assumption: the bill has no spot" if known is None else "as the bill's own spot costs"
    return moved_to_spot(use, shares), saving, f"spot at {price:.2f} of on demand, {word}"


def _ending(held: Sequence[Held], use: Use, wanted: Wanted) -> tuple[str, ...]:
    """A word on what ends within the months planned for, and on what nobody said the end of."""
    now_ms, until_ms = start_of(use), until_of(use, wanted.months)
    ending = sum(one.end_ms is not None and now_ms <= one.end_ms < until_ms for one in held)
    unknown = sum(one.end_ms is None for one in held)
    word = "ends" if ending == 1 else "end"
    ends = f"{ending} of what is held {word} within {wanted.months} months: what replaces it is planned from that day"
    lasting = f"of {unknown} of what is held the end is not known: it is taken to last; `trimtab advice purchases term`"
    return (ends if ending else "", lasting if unknown else "")


def _dated(held: Holdings, terms: Terms) -> Holdings:
    """What is held with its start and end where they are known, so that what expires stops covering."""

    def of(one: Plan | Reservation) -> tuple[int, int]:
        start_ms, end_ms = terms.get(one.id, (None, None))
        return start_ms or one.start_ms, end_ms or one.end_ms

    dates = {one.id: of(one) for one in held.every}
    return Holdings(
        tuple(replace(one, start_ms=dates[one.id][0], end_ms=dates[one.id][1]) for one in held.plans),
        tuple(replace(one, start_ms=dates[one.id][0], end_ms=dates[one.id][1]) for one in held.reservations),
    )
