"""The commitments panel of the Costs page: rates with their sums, and each reservation and Savings Plan."""

import asyncio
from collections.abc import Mapping, Sequence
from decimal import Decimal

from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.base.coins import money, signed
from trimtab.costs.explorer.commitments import (
    CommitmentUse,
    HourCoverage,
    ProviderUse,
    SavingsRate,
    SpendCoverage,
    total_use,
)
from trimtab.costs.explorer.eligible import RESERVED, SAVINGS_PLAN
from trimtab.costs.explorer.explorer import Explorer, Slice
from trimtab.costs.explorer.providers import AWS, kind_of, provider_of, shown
from trimtab.figures.areas import costs as figures
from trimtab.figures.model import Figure
from trimtab.web import format as words
from trimtab.web.costs.question import Question
from trimtab.web.tiles import Tile

_MOST = 50


class Rate(Struct, frozen=True):
    """A share (0 to 1, None where it cannot be said) with what it is made of in words."""

    figure: Figure
    share: float | None
    note: str


class Pledge(Struct, frozen=True):
    """One commitment: provider, its kind there, the end of its id, and amounts of the panel's currency in words."""

    provider: str
    kind: str
    id: str
    used: float | None
    cost: str
    unused: str
    savings: str
    loses: bool


class ProviderRates(Struct, frozen=True):
    """What one provider's commitments cover of its own eligible use, and how much of them was used."""

    provider: str
    coverage: float | None
    utilisation: float | None
    savings_rate: float | None
    on_demand: str
    unused: str


class Pledges(Struct, frozen=True):
    """One currency's panel: rates of AWS, those of every provider; `more` pledges are not listed."""

    currency: str
    rates: tuple[Rate, ...]
    providers: tuple[ProviderRates, ...]
    pledges: tuple[Pledge, ...]
    more: int


async def read_pledges(explorer: Explorer, scope: Scope, question: Question) -> list[Pledges]:
    """The panel of each currency that has anything to say."""
    span, where = question.span, question.where
    uses, hours, spend, rates, providers = await asyncio.gather(
        explorer.commitments(scope, span, where=where),
        explorer.hour_coverage(scope, span, where=where),
        explorer.spend_coverage(scope, span, where=where),
        explorer.savings_rate(scope, span, where=where),
        explorer.by_provider(scope, span, where),
    )
    currencies = sorted({place.currency for place in (*uses, *hours, *spend, *rates, *providers)})
    return [_panel(currency, uses, hours, spend, rates, providers) for currency in currencies]


def pledge_tiles(panels: Sequence[Pledges]) -> list[Tile]:
    """The first rate of each currency that AWS bills in, which leads to the others."""
    found = []
    for one in panels:
        if not one.rates:
            continue
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
    providers: Mapping[Slice, ProviderUse],
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
        *_use({place: use for place, use in mine.items() if provider_of(place.keys[2]) is AWS}, currency),
    ]
    pledges = tuple(_pledge(place, mine[place]) for place in ordered[:_MOST])
    here = {place.keys[0]: one for place, one in providers.items() if place.currency == currency}
    others = [name for name in here if name != AWS.name]
    return Pledges(
        currency,
        () if others and AWS.name not in here else tuple(found),
        tuple(_provider(name, here[name]) for name in sorted(here)) if others else (),
        pledges,
        max(len(ordered) - _MOST, 0),
    )


def _provider(name: str, one: ProviderUse) -> ProviderRates:
    return ProviderRates(
        name,
        _share(one.coverage.share),
        _share(one.utilization),
        _share(one.rate.rate),
        f"{one.coverage.on_demand:,.2f}",
        f"{one.use.unused:,.2f}",
    )


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
    kind, id_, provider = place.keys
    return Pledge(
        shown(provider),
        kind_of(provider, kind),
        id_.rpartition("/")[2] or id_,
        _share(use.utilization),
        f"{use.total:,.2f}",
        f"{use.unused:,.2f}",
        f"{use.net_savings:+,.2f}" if use.total else "–",
        bool(use.total) and use.net_savings < 0,
    )


def _share(share: Decimal | None) -> float | None:
    return None if share is None else round(float(share), 4) + 0.0  # never minus nothing
