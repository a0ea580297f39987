"""A proposal told as an answer: figures before and after in every outcome, the use of each purchase, break-even."""

from collections.abc import Sequence
from decimal import Decimal

import numpy as np

from trimtab.advice.purchases.answer import Bought, Held, Result, Spread, Stack
from trimtab.advice.purchases.apply import Applied, Figures, apply, figures, in_force, term_hours
from trimtab.advice.purchases.documented import MONTH_HOURS
from trimtab.advice.purchases.model import (
    AWS,
    HOUR_MS,
    NANO,
    UPFRONT,
    Floats,
    Holdings,
    Ints,
    Plan,
    Reservation,
    Use,
)
from trimtab.advice.purchases.options import basis_of, upfront_of
from trimtab.advice.purchases.outlook import WEEK, Outlook
from trimtab.advice.purchases.rates import Rates
from trimtab.base.clock import iso
from trimtab.base.records import replace

ON_DEMAND = "On demand"


def results(outlook: Outlook, held: Holdings, after: Holdings, *, sharing: bool) -> dict[str, Result]:
    """Each outcome without and with the purchases, an average month of the outlook."""
    found = {}
    for name, use in outlook.uses.items():
        before, then = (figures(apply(use, one, sharing=sharing), outlook.hours_each) for one in (held, after))
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


def bought_of(
    outlook: Outlook, held: Holdings, bought: Holdings, rates: Rates, now_ms: int, *, sharing: bool
) -> tuple[Bought, ...]:
    """Each purchase with what it does in every outcome; what begins after `now_ms` is queued."""
    after = held.plus(bought)
    applied = {name: apply(use, after, sharing=sharing) for name, use in outlook.uses.items()}
    expected = outlook.uses["expected"]
    found = []
    for at, one in enumerate(after.plans):
        if at >= len(held.plans):
            value = {name: each.by_plan[at] for name, each in applied.items()}
            used = {name: _spread(each.used[at], each.commitments[at]) for name, each in applied.items()}
            even = {name: _even(outlook, one, value[name]) for name in value}
            worth = _mean(outlook, one, value["expected"]), float(one.commitment) * MONTH_HOURS
            found.append(_plan(one, worth, used, even, basis_of(one, rates, expected), queued=one.start_ms > now_ms))
    for at, machine in enumerate(after.reservations):
        if at >= len(held.reservations):
            value = {name: each.by_reservation[at] for name, each in applied.items()}
            used = {name: _spread(each.reserved_used[at], each.reserved_units[at]) for name, each in applied.items()}
            even = {name: _even(outlook, machine, value[name]) for name in value}
            worth = _mean(outlook, machine, value["expected"]), float(machine.hourly) * machine.count * MONTH_HOURS
            found.append(_machine(machine, worth, used, even))
    return tuple(found)


def _mean(outlook: Outlook, one: Plan | Reservation, value: Ints) -> float:
    """Dollars in a month that it is in force."""
    each = outlook.hours_each * in_force(outlook.uses["expected"].at_ms, one)
    return float((value * each).sum()) / NANO / max(float(each.sum()), 1.0) * MONTH_HOURS


def _spread(used: Ints, whole: Ints) -> Spread:
    held = whole > 0
    if not held.any():
        return Spread(0.0, 0.0, 0.0)
    share = used[held] / whole[held]
    low, median = np.quantile(share, (0.05, 0.5))
    return Spread(round(float(share.mean()), 6), round(float(low), 6), round(float(median), 6))


def _even(outlook: Outlook, one: Plan | Reservation, value: Ints) -> int | None:
    """When what it covered has paid for its whole term."""
    hourly = one.commitment if isinstance(one, Plan) else one.hourly * one.count
    term = (one.end_ms - one.start_ms) // HOUR_MS if one.end_ms else term_hours(one.years)
    cost = float(hourly) * term
    at_ms, each = outlook.uses["expected"].at_ms, outlook.hours_each
    reached = np.flatnonzero(np.cumsum(value * each) / NANO >= cost)
    if reached.size:
        return int(at_ms[reached[0]])
    inside = in_force(at_ms, one)
    rate = float((value * inside * each).sum() / max(float((inside * each).sum()), 1.0)) / NANO
    if rate * term < cost or not rate:
        return None
    return one.start_ms + round(cost / rate) * HOUR_MS


def _plan(
    one: Plan,
    worth: tuple[float, float],
    used: dict[str, Spread],
    even: dict[str, int | None],
    basis: tuple[str, str],
    *,
    queued: bool,
) -> Bought:
    scope = f"{one.family} in {one.region}" if one.family else "everything it covers"
    return Bought(
        one.kind.value, one.id, one.owner, scope, one.years, one.payment.value, one.commitment, one.commitment,
        upfront_of(one, UPFRONT[one.payment]), one.start_ms, one.end_ms, worth[0],
        worth[0] - worth[1], used, even, *basis, _command(one, queued=queued),
    )  # fmt: skip


def _command(one: Plan, *, queued: bool) -> str:
    """What buys it at AWS, at its time; "" where no command does."""
    if one.kind.provider != AWS:
        return ""
    types = {"EC2_INSTANCE_SP": "EC2Instance", "COMPUTE_SP": "Compute", "SAGEMAKER_SP": "SageMaker"}
    bound = f"--filters name=region,values={one.region} name=instanceFamily,values={one.family} " if one.family else ""
    when = f"--purchase-time {iso(one.start_ms)} " if queued else ""
    return (
        f"aws savingsplans create-savings-plan --commitment {one.commitment:f} {when}"
        "--savings-plan-offering-id $(aws savingsplans describe-savings-plans-offerings "
        f"--plan-types {types.get(one.kind, 'Database')} --durations {one.years * 31_536_000} {bound}"
        f"--payment-options '{_words(one.payment)}' --query 'searchResults[0].offeringId' --output text)"
    )


def _machine(
    one: Reservation, worth: tuple[float, float], used: dict[str, Spread], even: dict[str, int | None]
) -> Bought:
    return Bought(
        one.what, one.id, one.owner, f"{one.type} in {one.region}", one.years, one.payment.value, Decimal(one.count),
        one.hourly * one.count, upfront_of(one, UPFRONT[one.payment]), one.start_ms, one.end_ms, worth[0],
        worth[0] - worth[1], used, even, "own",
        "an offer put by hand" if one.provider == AWS else "rates that were given", "",
    )  # fmt: skip


def _words(payment: str) -> str:
    return {"NO_UPFRONT": "No Upfront", "PARTIAL_UPFRONT": "Partial Upfront"}.get(payment, "All Upfront")


def held_of(use: Use, view: Outlook, held: Holdings, after: Holdings, *, sharing: bool) -> tuple[Held, ...]:
    """What is held, with its use over the hours of `use`, and over those of the outlook beside what is bought."""
    past, ahead = apply(use, held, sharing=sharing), apply(view.uses["expected"], after, sharing=sharing)
    rows = []
    for at, one in enumerate(held.plans):
        used = _used(past.used[at], past.commitments[at]), _used(ahead.used[at], ahead.commitments[at])
        scope = f"{one.family} in {one.region}" if one.family else "everything it covers"
        rows.append(_held(one, one.kind.value, scope, one.commitment, one.commitment, used))
    for at, machine in enumerate(held.reservations):
        used = (
            _used(past.reserved_used[at], past.reserved_units[at]),
            _used(ahead.reserved_used[at], ahead.reserved_units[at]),
        )
        scope, cost = f"{machine.type} in {machine.region}", machine.hourly * machine.count
        rows.append(_held(machine, machine.what, scope, Decimal(machine.count), cost, used))
    return tuple(rows)


def _used(used: Ints, whole: Ints) -> float | None:
    return _spread(used, whole).mean if (whole > 0).any() else None


def _held(
    one: Plan | Reservation,
    kind: str,
    scope: str,
    amount: Decimal,
    hourly: Decimal,
    used: tuple[float | None, float | None],
) -> Held:
    past, ahead = used
    share = past if past is not None else ahead if ahead is not None else 0.0
    idle = (1 - share) * float(hourly) * MONTH_HOURS
    start, end = one.start_ms or None, one.end_ms or None
    return Held(one.id, kind, one.owner, scope, amount, hourly, start, end, share, idle, ahead, past is not None)


def stack_of(use: Use, spot: Use, held: Holdings, bought: Holdings, *, sharing: bool) -> Stack:
    """The last week of the bill, and the same week under what is in force when every purchase has begun."""
    first = max(0, use.hours - WEEK)
    week, spots = use.span(first, use.hours), spot.span(first, use.hours)
    idle = np.zeros(week.hours) if not spots.lines else spots.at_on_demand().sum(axis=0) / NANO
    labels = ("Reserved", "Savings Plans", "Spot", ON_DEMAND)
    on_ms = max((one.start_ms for one in bought.every), default=0)
    after = _as_of(held.plus(bought), on_ms) if on_ms else held
    rows = [_rows(apply(week, one, sharing=sharing), idle) for one in (held, after)]
    return Stack(tuple(int(at) for at in week.at_ms), labels, rows[0], rows[1], on_ms)


def _as_of(held: Holdings, on_ms: int) -> Holdings:
    """What is in force at a time, without its dates."""

    def on(one: Plan | Reservation) -> bool:
        return one.start_ms <= on_ms and (one.end_ms == 0 or on_ms < one.end_ms)

    return Holdings(
        tuple(replace(one, start_ms=0, end_ms=0) for one in held.plans if on(one)),
        tuple(replace(one, start_ms=0, end_ms=0) for one in held.reservations if on(one)),
    )


def _rows(found: Applied, spot: Floats) -> tuple[tuple[float, ...], ...]:
    parts: Sequence[Floats] = (
        found.by_reservation.sum(axis=0) / NANO,
        found.by_plan.sum(axis=0) / NANO,
        spot,
        found.on_demand.sum(axis=0) / NANO,
    )
    return tuple(tuple(round(float(value), 4) for value in part) for part in parts)
