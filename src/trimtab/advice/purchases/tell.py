"""A proposal told as an answer: figures before and after in every outcome, the use of each purchase, break-even."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import ROUND_DOWN, Decimal

import numpy as np

from trimtab.advice.purchases.answer import Bought, Held, Result, Spread, Stack, Wanted
from trimtab.advice.purchases.apply import Applied, Figures, apply, figures, term_hours
from trimtab.advice.purchases.documented import MONTH_HOURS
from trimtab.advice.purchases.model import HOUR_MS, NANO, UPFRONT, Floats, Holdings, Ints, Plan, Reservation, Use
from trimtab.advice.purchases.options import basis_of, upfront_of
from trimtab.advice.purchases.outlook import WEEK, Outlook
from trimtab.advice.purchases.rates import Rates

_DAY_MS = 24 * HOUR_MS
_MILL = Decimal("0.001")
ON_DEMAND = "On demand"


def laddered(bought: Holdings, wanted: Wanted, start_ms: int) -> Holdings:
    """The purchases in parts that are bought, and therefore end, `tranche_days` apart."""
    plans, machines = [], []
    parts = max(1, wanted.tranches)
    for part in range(parts):
        at = start_ms + part * wanted.tranche_days * _DAY_MS
        word = f" part {part + 1} of {parts}" if parts > 1 else ""
        for one in bought.plans:
            each = (one.commitment / parts).quantize(_MILL, rounding=ROUND_DOWN)
            amount = each if part else one.commitment - each * (parts - 1)
            end = at + term_hours(one.years) * HOUR_MS
            if amount > 0:
                plans.append(replace(one, id=one.id + word, commitment=amount, start_ms=at, end_ms=end))
        for held in bought.reservations:
            count = held.count // parts + (part < held.count % parts)
            end = held.end_ms or at + term_hours(held.years) * HOUR_MS
            if count > 0:
                machines.append(replace(held, id=held.id + word, count=count, start_ms=at, end_ms=end))
    return Holdings(tuple(plans), tuple(machines))


def results(outlook: Outlook, held: Holdings, after: Holdings, *, sharing: bool) -> dict[str, Result]:
    """Each outcome without and with the purchases; hours count alike, as typical weeks of equal months do."""
    found = {}
    for name, use in outlook.uses.items():
        before, then = (figures(apply(use, one, sharing=sharing)) for one in (held, after))
        saving = (before.cost - then.cost) / before.hours * MONTH_HOURS if before.hours else 0.0
        found[name] = Result(_monthly(before), _monthly(then), saving)
    return found


def _monthly(one: Figures) -> Figures:
    scale = MONTH_HOURS / one.hours if one.hours else 0.0
    return replace(
        one,
        on_demand_equivalent=one.on_demand_equivalent * scale,
        cost=one.cost * scale,
        committed=one.committed * scale,
        unused=one.unused * scale,
    )


def bought_of(outlook: Outlook, held: Holdings, bought: Holdings, rates: Rates, *, sharing: bool) -> tuple[Bought, ...]:
    """Each purchase with what it does in every outcome."""
    after = held.plus(bought)
    applied = {name: apply(use, after, sharing=sharing) for name, use in outlook.uses.items()}
    expected = outlook.uses["expected"]
    found = []
    for at, one in enumerate(after.plans):
        if at >= len(held.plans):
            value = {name: each.by_plan[at] for name, each in applied.items()}
            used = {name: _spread(each.used[at], each.commitments[at]) for name, each in applied.items()}
            even = {name: _even(expected.at_ms, one, value[name], outlook.hours_each) for name in value}
            worth = _mean(value["expected"]), _mean(applied["expected"].commitments[at])
            found.append(_plan(one, worth, used, even, basis_of(one, rates, expected)))
    for at, machine in enumerate(after.reservations):
        if at >= len(held.reservations):
            value = {name: each.by_reservation[at] for name, each in applied.items()}
            used = {name: _spread(each.reserved_used[at], each.reserved_units[at]) for name, each in applied.items()}
            even = {name: _even(expected.at_ms, machine, value[name], outlook.hours_each) for name in value}
            worth = _mean(value["expected"]), _mean(applied["expected"].fees[at])
            found.append(_machine(machine, worth, used, even))
    return tuple(found)


def _mean(value: Ints) -> float:
    return float(value.mean()) / NANO * MONTH_HOURS


def _spread(used: Ints, whole: Ints) -> Spread:
    held = whole > 0
    if not held.any():
        return Spread(0.0, 0.0, 0.0)
    share = used[held] / whole[held]
    low, median = np.quantile(share, (0.05, 0.5))
    return Spread(round(float(share.mean()), 6), round(float(low), 6), round(float(median), 6))


def _even(at_ms: Ints, one: Plan | Reservation, value: Ints, hours_each: Floats) -> int | None:
    """When what it covered has paid for its whole term."""
    hourly = one.commitment if isinstance(one, Plan) else one.hourly * one.count
    term = (one.end_ms - one.start_ms) // HOUR_MS if one.end_ms else term_hours(one.years)
    cost = float(hourly) * term
    covered = np.cumsum(value * hours_each) / NANO
    reached = np.flatnonzero(covered >= cost)
    if reached.size:
        return _within(at_ms, int(reached[0]))
    inside = at_ms >= one.start_ms
    rate = float((value * inside * hours_each).sum() / max(float((inside * hours_each).sum()), 1.0)) / NANO
    if rate * term < cost or not rate:
        return None
    return one.start_ms + round(cost / rate) * HOUR_MS


def _within(at_ms: Ints, at: int) -> int:
    """The real time that the hour of a typical week stands for: its place in the week spread over the month."""
    month, place = divmod(at, WEEK)
    return int(at_ms[month * WEEK]) + round(place / WEEK * MONTH_HOURS) * HOUR_MS


def _plan(
    one: Plan, worth: tuple[float, float], used: dict[str, Spread], even: dict[str, int | None], basis: tuple[str, str]
) -> Bought:
    scope = f"{one.family} in {one.region}" if one.family else "everything it covers"
    types = {"EC2_INSTANCE_SP": "EC2Instance", "COMPUTE_SP": "Compute", "SAGEMAKER_SP": "SageMaker"}
    command = (
        "aws savingsplans create-savings-plan --commitment "
        f"{one.commitment:f} --savings-plan-offering-id $(aws savingsplans describe-savings-plans-offerings "
        f"--plan-types {types.get(one.kind, 'Database')} --durations {one.years * 31_536_000} "
        f"--payment-options '{_words(one.payment)}' --query 'searchResults[0].offeringId' --output text)"
    )
    return Bought(
        one.kind.value, one.id, one.owner, scope, one.years, one.payment.value, one.commitment, one.commitment,
        upfront_of(one, UPFRONT[one.payment]), one.start_ms, one.end_ms, worth[0],
        worth[0] - worth[1], used, even, *basis, command,
    )  # fmt: skip


def _machine(
    one: Reservation, worth: tuple[float, float], used: dict[str, Spread], even: dict[str, int | None]
) -> Bought:
    return Bought(
        one.what, one.id, one.owner, f"{one.type} in {one.region}", one.years, one.payment.value, Decimal(one.count),
        one.hourly * one.count, upfront_of(one, UPFRONT[one.payment]), one.start_ms, one.end_ms, worth[0],
        worth[0] - worth[1], used, even, "own", "an offer put by hand", "",
    )  # fmt: skip


def _words(payment: str) -> str:
    return {"NO_UPFRONT": "No Upfront", "PARTIAL_UPFRONT": "Partial Upfront"}.get(payment, "All Upfront")


def held_of(
    use: Use, held: Holdings, terms: Mapping[str, tuple[int | None, int | None]], *, sharing: bool
) -> tuple[Held, ...]:
    """What is held, with its use over the hours of `use`."""
    found = apply(use, held, sharing=sharing)
    rows = []
    for at, one in enumerate(held.plans):
        used = _spread(found.used[at], found.commitments[at]).mean
        scope = f"{one.family} in {one.region}" if one.family else "everything it covers"
        start, end = terms.get(one.id, (one.start_ms or None, one.end_ms or None))
        idle = (1 - used) * float(one.commitment) * MONTH_HOURS
        rows.append(
            Held(one.id, one.kind.value, one.owner, scope, one.commitment, one.commitment, start, end, used, idle)
        )
    for at, machine in enumerate(held.reservations):
        used = _spread(found.reserved_used[at], found.reserved_units[at]).mean
        start, end = terms.get(machine.id, (machine.start_ms or None, machine.end_ms or None))
        cost = machine.hourly * machine.count
        rows.append(
            Held(machine.id, machine.what, machine.owner, f"{machine.type} in {machine.region}", Decimal(machine.count),
                 cost, start, end, used, (1 - used) * float(cost) * MONTH_HOURS)
        )  # fmt: skip
    return tuple(rows)


def stack_of(use: Use, spot: Use, held: Holdings, after: Holdings, *, sharing: bool) -> Stack:
    """The last week of the bill, and the same week under the plan."""
    first = max(0, use.hours - WEEK)
    week, spots = use.span(first, use.hours), spot.span(first, use.hours)
    idle = np.zeros(week.hours) if not spots.lines else spots.at_on_demand().sum(axis=0) / NANO
    labels = ("Reserved", "Savings Plans", "Spot", ON_DEMAND)
    rows = []
    for one in (held, Holdings(tuple(replace(p, start_ms=0) for p in after.plans),
                               tuple(replace(r, start_ms=0) for r in after.reservations))):  # fmt: skip
        found = apply(week, one, sharing=sharing)
        rows.append(_rows(found, idle))
    return Stack(tuple(int(at) for at in week.at_ms), labels, rows[0], rows[1])


def _rows(found: Applied, spot: Floats) -> tuple[tuple[float, ...], ...]:
    parts: Sequence[Floats] = (
        found.by_reservation.sum(axis=0) / NANO,
        found.by_plan.sum(axis=0) / NANO,
        spot,
        found.on_demand.sum(axis=0) / NANO,
    )
    return tuple(tuple(round(float(value), 4) for value in part) for part in parts)
