"""Make a plan from the bill: read, look ahead, optimise, simulate, prove, and keep the answer.

The bill and the forecast are asked for here; all arithmetic is in the pure files beside and runs in a thread.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from trimtab.access.scope import Scope
from trimtab.advice.purchases.answer import Answer, Proof, Rule, Wanted
from trimtab.advice.purchases.apply import apply
from trimtab.advice.purchases.bill import Bill, read_bill
from trimtab.advice.purchases.documented import MONTH_HOURS, best_commitment
from trimtab.advice.purchases.model import HOUR_MS, NANO, Holdings, Reservation, Use
from trimtab.advice.purchases.options import owner_of, plan_options
from trimtab.advice.purchases.outlook import Change, Outlook, moved_to_spot, outlook, question_of, rightsized
from trimtab.advice.purchases.planner import Options, plan
from trimtab.advice.purchases.rates import Rates, Share
from trimtab.advice.purchases.tell import bought_of, held_of, laddered, results, stack_of
from trimtab.costs.read import CostReader
from trimtab.timeseries.forecast.forecaster import Forecaster
from trimtab.timeseries.forecast.model import Forecast, Question, TooLittleHistory

_PROOF_DAYS = 30
_LEAST_DAYS = 15
"""Days that must lie before those of the proof."""
SPOT_SHARE = 0.4
"""What spot is taken to cost of on-demand where the bill shows none: the middle of AWS's Spot Advisor for GPU types."""

Terms = Mapping[str, tuple[int | None, int | None]]


@dataclass(frozen=True, slots=True)
class Known:
    """What people said: own shares, offered machines, from when to when commitments of the bill run, and others held.

    `changes`: what right-sizing would make of machines.
    """

    shares: tuple[Share, ...] = ()
    machines: tuple[Reservation, ...] = ()
    terms: Terms | None = None
    held: Holdings = field(default_factory=Holdings)
    changes: tuple[Change, ...] = ()


class Advisor:
    """Makes plans over one bill."""

    def __init__(self, reader: CostReader, forecaster: Forecaster) -> None:
        self._reader = reader
        self._forecaster = forecaster

    async def bill(self, scope: Scope, days: int, known: Known) -> Bill:
        """The bill with what people said of it. Raises NotFound, InvalidInput."""
        found = await read_bill(self._reader, scope, days, known.shares)
        rates = Rates((*known.shares, *found.shares))
        held = found.held.plus(_rated(known.held, found.use, rates))
        return replace(found, held=_dated(held, known.terms or {}))

    async def plan(self, scope: Scope, wanted: Wanted, known: Known, made_ms: int) -> Answer:
        """A plan. Raises NotFound (no bill), InvalidInput."""
        bill = await self.bill(scope, wanted.days, known)
        use = rightsized(bill.use, known.changes) if wanted.rightsizing and known.changes else bill.use
        if use is not bill.use:
            bill = replace(bill, held=_rated(bill.held, use, Rates((*known.shares, *bill.shares))))
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
) -> Answer:
    rates = Rates((*known.shares, *bill.shares))
    bill, renewed = _renewed(bill, int(use.at_ms[-1]), wanted.months)
    rest, spot_saving, spot_note = _spotted(use, bill, wanted)
    view = _outlook(rest, wanted, forecasts[0])
    bought = _bought(view, rest, bill.held, wanted, known, rates)
    after = bill.held.plus(bought[0])
    left = apply(use, bill.held, sharing=wanted.sharing).on_demand
    terms = known.terms or {}
    return Answer(
        made_ms,
        use.currency,
        bill.start_ms,
        bill.end_ms,
        view.error,
        results(view, bill.held, after, sharing=wanted.sharing),
        bought_of(view, bill.held, bought[0], rates, sharing=wanted.sharing),
        held_of(use, bill.held, terms, sharing=wanted.sharing),
        stack_of(use, bill.spot, bill.held, after, sharing=wanted.sharing),
        documented(use, left, wanted, rates, owner_of(use, bill.held)),
        _proof(bill, rest, wanted, known, rates, forecasts),
        bought[1],
        spot_saving,
        tuple(note for note in (*bill.notes, view.note, spot_note, renewed) if note),
    )


def _outlook(use: Use, wanted: Wanted, forecast: Forecast | None) -> Outlook:
    months = max(wanted.months, 12 * max(wanted.years, default=1))
    return outlook(use, months, wanted.decline, forecast)


def _bought(
    view: Outlook, use: Use, held: Holdings, wanted: Wanted, known: Known, rates: Rates
) -> tuple[Holdings, str]:
    owner = wanted.owner or owner_of(use, held)
    expected = view.uses["expected"]
    left = apply(expected, held, sharing=wanted.sharing).on_demand
    plans = plan_options(expected, left, wanted, rates, owner)
    machines = tuple(replace(one, owner=one.owner or owner) for one in known.machines)
    options = Options(plans, machines, wanted.caution, wanted.capital, wanted.sharing)
    found = plan(view, held, options)
    return laddered(found.bought, wanted, int(expected.at_ms[0])), found.how


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
    view = _outlook(past, wanted, forecasts[1])
    bought = _bought(view, past, bill.held, replace(wanted, tranches=1), known, rates)[0]
    promised = results(view, bill.held, bill.held.plus(bought), sharing=wanted.sharing)
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
    listed = float(bill.spot.at_on_demand().sum()) / NANO if bill.spot.lines else 0.0
    price = bill.spot_cost / listed if listed else SPOT_SHARE
    left = apply(use, bill.held, sharing=wanted.sharing).on_demand.sum(axis=1) / NANO
    whole = use.at_on_demand().sum(axis=1) / NANO
    shares = [
        wanted.spot * float(rest / every) if line.family and every and line.service == "AmazonEC2" else 0.0
        for line, rest, every in zip(use.lines, left, whole, strict=True)
    ]
    moved = float((whole * np.array(shares)).sum())
    saving = moved * (1 - price) / max(use.hours, 1) * MONTH_HOURS
    word = "as the bill's own spot costs" if listed else "an assumption: the bill has no spot"
    return moved_to_spot(use, shares), saving, f"spot at {price:.2f} of on demand, {word}"


def _renewed(bill: Bill, now_ms: int, months: int) -> tuple[Bill, str]:
    """The bill as if nothing that is held ended, and a word where something does within `months`.

    What replaces a commitment is bought when it ends: bought now, it would be paid for twice until then.
    """
    ends = [*(one.end_ms for one in bill.held.plans), *(one.end_ms for one in bill.held.reservations)]
    until = now_ms + round(months * MONTH_HOURS) * HOUR_MS
    ending = sum(0 < end_ms <= until for end_ms in ends)
    held = Holdings(
        tuple(replace(one, end_ms=0) for one in bill.held.plans),
        tuple(replace(one, end_ms=0) for one in bill.held.reservations),
    )
    note = f"{ending} of what is held ends within {months} months: taken as renewed; plan again when it does"
    return replace(bill, held=held), note if ending else ""


def _rated(held: Holdings, use: Use, rates: Rates) -> Holdings:
    """What is held, with its shares for other lines."""
    return Holdings(tuple(replace(one, shares=rates.shares(one, use.lines)) for one in held.plans), held.reservations)


def _dated(held: Holdings, terms: Terms) -> Holdings:
    """What is held with its end where that is known, so that what expires stops covering."""
    return Holdings(
        tuple(replace(one, end_ms=terms.get(one.id, (None, None))[1] or one.end_ms) for one in held.plans),
        tuple(replace(one, end_ms=terms.get(one.id, (None, None))[1] or one.end_ms) for one in held.reservations),
    )
