"""The commitments panel of the Costs page: rates with their sums, and each reservation and Savings Plan."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from trimtab.access.scope import Scope
from trimtab.costs.explorer.commitments import (
    CommitmentUse,
    HourCoverage,
    SavingsRate,
    SpendCoverage,
    total_use,
)
from trimtab.costs.explorer.eligible import RESERVED, SAVINGS_PLAN
from trimtab.costs.explorer.explorer import Explorer, Slice
from trimtab.costs.explorer.words import money, signed
from trimtab.figures.areas import costs as figures
from trimtab.figures.model import Figure
from trimtab.web import format as words
from trimtab.web.costs.question import Question
from trimtab.web.tiles import Tile

_MOST = 50


@dataclass(frozen=True, slots=True)
class Rate:
    """A share (0 to 1, None where it cannot be said) with what it is made of in words."""

    figure: Figure
    share: float | None
    note: str


@dataclass(frozen=True, slots=True)
class Pledge:
    """One reservation or plan: its kind, the end of its id, and amounts of the panel's currency in words."""

    kind: str
    id: str
    used: float | None
    cost: str
    unused: str
    savings: str
    loses: bool


@dataclass(frozen=True, slots=True)
class Pledges:
    """One currency's panel; `more` pledges are not listed."""

    currency: str
    rates: tuple[Rate, ...]
    pledges: tuple[Pledge, ...]
    more: int


async def read_pledges(explorer: Explorer, scope: Scope, question: Question) -> list[Pledges]:
    """The panel of each currency that has anything to say."""
    span, where = question.span, question.where
    uses, hours, spend, rates = await asyncio.gather(
        explorer.commitments(scope, span, where=where),
        explorer.hour_coverage(scope, span, where=where),
        explorer.spend_coverage(scope, span, where=where),
        explorer.savings_rate(scope, span, where=where),
    )
    currencies = sorted({place.currency for place in (*uses, *hours, *spend, *rates)})
    return [_panel(currency, uses, hours, spend, rates) for currency in currencies]


def pledge_tiles(panels: Sequence[Pledges]) -> list[Tile]:
    """The first rate of each currency, which leads to the others."""
    found = []
    for one in panels:
        first = one.rates[0]
        shown = (words.NONE, "") if first.share is None else (f"{first.share * 100:.1f}", "%")
        of = one.currency if len(panels) > 1 else ""
        found.append(Tile(first.figure, *shown, first.note, href="#commitments", of=of))
    return found


def _panel(
    currency: str,
    uses: Mapping[Slice, CommitmentUse],
    hours: Mapping[Slice, HourCoverage],
    spend: Mapping[Slice, SpendCoverage],
    rates: Mapping[Slice, SavingsRate],
) -> Pledges:
    mine = {place: use for place, use in uses.items() if place.currency == currency}
    rate = next((one for place, one in rates.items() if place.currency == currency), SavingsRate())
    covered = next((one for place, one in hours.items() if place.currency == currency), HourCoverage())
    planned = next((one for place, one in spend.items() if place.currency == currency), SpendCoverage())
    ordered = sorted(mine, key=lambda place: (-mine[place].total, place.keys))
    found = [
        Rate(
            figures.SAVINGS_RATE,
            _share(rate.rate),
            f"{signed(rate.savings, currency)} against on demand, {money(rate.unused, currency)} unused"
            if rate.on_demand
            else "no usage that commitments could cover",
        ),
        Rate(
            figures.HOURS_RESERVED,
            _share(covered.share),
            f"{covered.reserved:,.0f} of {covered.total:,.0f} h" if covered.total else "no instance hours",
        ),
        Rate(
            figures.PLAN_SPEND,
            _share(planned.share),
            f"{money(planned.covered, currency)} of {money(planned.total, currency)} at on-demand rates"
            if planned.total
            else "no spend that a plan could cover",
        ),
        *_use(mine, currency),
    ]
    pledges = tuple(_pledge(place, mine[place]) for place in ordered[:_MOST])
    return Pledges(currency, tuple(found), pledges, max(len(ordered) - _MOST, 0))


def _use(mine: Mapping[Slice, CommitmentUse], currency: str) -> list[Rate]:
    found = []
    for kind, figure in ((RESERVED, figures.RESERVATIONS_USED), (SAVINGS_PLAN, figures.PLANS_USED)):
        use = total_use(one for place, one in mine.items() if place.keys[0] == kind)
        if not use.total and not use.covered:
            continue
        note = f"{money(use.unused, currency)} of {money(use.total, currency)} unused"
        found.append(Rate(figure, _share(use.utilization), note if use.total else "its fee is not among these lines"))
    return found


def _pledge(place: Slice, use: CommitmentUse) -> Pledge:
    kind, id_ = place.keys
    return Pledge(
        "Reservation" if kind == RESERVED else kind,
        id_.rpartition("/")[2] or id_,
        _share(use.utilization),
        f"{use.total:,.2f}",
        f"{use.unused:,.2f}",
        f"{use.net_savings:+,.2f}" if use.total else "–",
        bool(use.total) and use.net_savings < 0,
    )


def _share(share: Decimal | None) -> float | None:
    return None if share is None else round(float(share), 4) + 0.0  # never minus nothing
