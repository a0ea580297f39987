"""A plan in words: what to run, why it and nothing cheaper, and what stands in the way where nothing fits."""

from collections.abc import Sequence
from decimal import Decimal

from trimtab.batch.plan.model import ON_DEMAND, SPOT, Machine, Option, Work


def told(work: Work, machines: Sequence[Machine], chosen: Option | None, found: Sequence[Option]) -> str:
    """The plan in a few sentences."""
    if chosen is None:
        return _nothing_fits(work, found)
    machine = next(one for one in machines if one.type == chosen.type)
    said = [f"Run {named(chosen)}: {length(chosen.hours)} for {money(chosen.cost, chosen.currency)}"]
    if chosen.purchase == SPOT:
        said[0] += (
            f" on average over {chosen.starts} replayed starts, none late, at worst "
            f"{money(chosen.worst_cost, chosen.currency)} (95th percentile), under the rule {chosen.rule!r}"
        )
    said[0] += _limits(work) + "."
    said.append(f"One {chosen.type} does {machine.records_per_s:,.0f} records/s ({machine.rate_basis}).")
    beside = _beside(chosen, found)
    return " ".join(said + ([beside] if beside else []))


def _limits(work: Work) -> str:
    limits = [f"deadline {length(work.deadline_h)}"] if work.deadline_h is not None else []
    limits += [f"budget {work.budget:f}"] if work.budget is not None else []
    return f" ({', '.join(limits)})" if limits else ""


def _beside(chosen: Option, found: Sequence[Option]) -> str:
    """What the other purchase option, or a cheaper type that is too slow, would have been."""
    other = ON_DEMAND if chosen.purchase == SPOT else SPOT
    rest = [one for one in found if one.purchase == other and one.fits]
    if rest:
        best = min(rest, key=lambda one: one.cost)
        more = (best.cost / chosen.cost - 1) * 100 if chosen.cost else Decimal(0)
        return f"The best {other} choice, {named(best)}, costs {money(best.cost, best.currency)} ({more:.0f} % more)."
    cheaper = [one for one in found if one.cost < chosen.cost and not one.fits]
    if cheaper:
        best = min(cheaper, key=lambda one: one.cost)
        why = "misses the deadline" if not best.fits_deadline else "passes the budget at worst"
        return f"Cheaper, {named(best)} at {money(best.cost, best.currency)}, {why} ({length(best.hours)})."
    return ""


def _nothing_fits(work: Work, found: Sequence[Option]) -> str:
    in_time = [one for one in found if one.fits_deadline]
    paid = [one for one in found if one.fits_budget]
    said = [f"Nothing that is known meets{_limits(work).replace(' (', ' ').rstrip(')')}."]
    if in_time:
        best = min(in_time, key=lambda one: one.cost)
        said.append(f"In time and cheapest: {named(best)} for {money(best.cost, best.currency)}.")
    else:
        best = min(found, key=lambda one: one.hours)
        said.append(f"The fastest, {named(best)}, takes {length(best.hours)}; allow more machines or more time.")
    if work.budget is not None and paid:
        best = min(paid, key=lambda one: one.hours)
        said.append(f"Within the budget and fastest: {named(best)} in {length(best.hours)}.")
    return " ".join(said)


def named(one: Option) -> str:
    """`4 × g5.xlarge on spot`."""
    return f"{one.count} × {one.type} {one.purchase if one.purchase == ON_DEMAND else 'on spot'}"


def length(hours: float) -> str:
    """Hours as people say them."""
    if hours == float("inf"):
        return "for ever"
    minutes = hours * 60
    return f"{minutes:.0f} min" if minutes < 120 else f"{hours:.1f} h"


def money(amount: Decimal, currency: str) -> str:
    """An amount with its currency, to the cent; smaller ones to four digits."""
    return f"{amount:.2f} {currency}" if amount >= 1 else f"{amount:.4f} {currency}"
