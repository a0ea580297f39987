"""What guard rails leave of a decision. Pure; the order is that in which they are told."""

from collections.abc import Mapping
from decimal import ROUND_FLOOR, Decimal

from msgspec import Struct, field

from trimtab.base.clock import iso
from trimtab.scaling.engine.checks import schedule_of
from trimtab.scaling.engine.deciding import Decision
from trimtab.scaling.engine.model import Freeze, Guards, ScalableTarget

MAX = "AlreadyAtMaxCapacity"
"""AWS's code of the reason for which nothing was scaled."""


class Allowed(Struct, frozen=True):
    """What may be asked for, what cut it (code: words), and whether a person must approve first."""

    desired: int
    limited: Mapping[str, str] = field(default_factory=dict)
    approval: bool = False


def frozen(guards: Guards, now_ms: int) -> tuple[Freeze, int] | None:
    """The window that is open now, and when it closes."""
    for one in guards.freezes:
        length = one.for_s * 1000
        opened = schedule_of(one.schedule, one.zone, 0).next_after(now_ms - length)
        if opened is not None and opened <= now_ms:
            return one, opened + length
    return None


def limit(target: ScalableTarget, now: int, decision: Decision, now_ms: int, spent: Decimal) -> Allowed:
    """What the guard rails leave of a decision; `now` replicas are asked for already, `spent` is the month's cost."""
    guards, wanted, limited = target.guards, decision.wanted, dict[str, str]()
    if decision.wish > target.most and now >= target.most:
        limited[MAX] = f"{decision.wish} are wanted; the maximum is {target.most}"
    if wanted > now and target.suspended.scaling_out:
        wanted, limited["suspended"] = now, "scaling out is suspended"
    if wanted < now and target.suspended.scaling_in:
        wanted, limited["suspended"] = now, "scaling in is suspended"
    window = frozen(guards, now_ms) if wanted != now else None
    if window is not None:
        limited["frozen"] = f"frozen until {iso(window[1])}" + (f": {window[0].why}" if window[0].why else "")
        return Allowed(now, limited)
    if guards.max_step is not None and abs(wanted - now) > guards.max_step:
        limited["max_step"] = f"{wanted} are wanted; at most {guards.max_step} are changed at once"
        wanted = now + guards.max_step if wanted > now else now - guards.max_step
    capped = _capped(guards, now, wanted, spent)
    if capped is not None:
        wanted, limited["budget"] = capped
    changes = wanted != now
    must = guards.approval or (guards.approve_above is not None and wanted > guards.approve_above and wanted > now)
    return Allowed(wanted, limited, changes and must)


def _capped(guards: Guards, now: int, wanted: int, spent: Decimal) -> tuple[int, str] | None:
    """What the caps leave of a scale-out, and why; None where they leave it."""
    price = guards.price_per_hour
    if not price or wanted <= now:
        return None
    most, why = wanted, ""
    if guards.hourly_cap is not None:
        able = int((guards.hourly_cap / price).to_integral_value(ROUND_FLOOR))
        if able < most:
            most, why = able, f"{guards.hourly_cap} {guards.currency} an hour pay for {able} at {price} each"
    if guards.monthly_cap is not None:
        left = max(Decimal(0), guards.monthly_cap - spent)
        able = int((left / price).to_integral_value(ROUND_FLOOR))
        if able < most:
            most = able
            why = f"{left.quantize(Decimal('0.01'))} {guards.currency} of {guards.monthly_cap} are left this month"
    return (max(now, most), why) if most < wanted else None
