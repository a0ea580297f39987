"""The room's recommendations as the API's structs."""

import math
from decimal import Decimal

from trimtab.advice.rightsizing.applying import change
from trimtab.advice.rightsizing.model import Advised, Option, Walked
from trimtab.advice.rightsizing.planned import Worth, of_subject
from trimtab.advice.rightsizing.store import Kept
from trimtab.client import rightsizing_wire as wire


def recommendation_answer(kept: Kept, worth: Worth) -> wire.Recommendation:
    """A recommendation with how to apply it, and what it adds in the plan."""
    told = kept.recommendation
    subject, applied = told.subject, change(told)
    planned = of_subject(worth, subject)
    first = told.advised[0] if told.advised else None
    saving = told.idle_saving if told.idle else first.saving if first is not None else None
    currency = (told.current.currency if told.current is not None else "") or "USD"
    return wire.Recommendation(
        id=kept.id,
        kind=subject.kind.value,
        resource=subject.path,
        name=subject.name or subject.id,
        type=told.current.name if told.current is not None else subject.type,
        account=subject.account,
        region=subject.region,
        owner=subject.owner,
        count=subject.count,
        arn=subject.arn,
        finding=told.finding.value,
        reasons=list(told.reasons),
        reason=told.reason,
        idle=told.idle,
        idle_reason=told.idle_reason,
        saving=_money(saving),
        currency=currency,
        risk=told.risk,
        days=told.days,
        pick=told.pick,
        notes=list(told.notes),
        used={axis.value: share for axis, share in told.used.items()},
        observed={axis.value: share for axis, share in told.observed.items()},
        current=None if told.current is None else _option(told.current),
        advised=[_advised(one) for one in told.advised],
        replays=[_walked(one) for one in told.replays],
        command=applied.command,
        diff=applied.diff,
        restart=applied.restart,
        at_ms=kept.at_ms,
        planned=_money(planned.cash) if planned is not None else "",
        planned_currency=planned.currency if planned is not None else "",
        planned_note=planned.note if planned is not None else "",
    )


def _advised(one: Advised) -> wire.Advised:
    projected = {axis.value: share for axis, share in one.projected.items()}
    return wire.Advised(
        _option(one.option), one.rank, one.risk, projected, _money(one.saving), one.saving_share, one.over, one.headroom
    )


def _option(one: Option) -> wire.SizeOption:
    capacity = {axis.value: amount for axis, amount in one.capacity.items()}
    hour = "" if one.per_hour is None else f"{one.per_hour:.6f}".rstrip("0").rstrip(".")
    return wire.SizeOption(one.name, hour, one.currency, one.note, one.effort.value, capacity, list(one.unknown))


def _walked(one: Walked) -> wire.Walked:
    daily = [None if math.isnan(share) else share for share in one.over_by_day]
    return wire.Walked(one.strategy, _money(one.cost), one.over, one.headroom, one.changes, list(one.sizes), daily)


def _money(amount: Decimal | None) -> str:
    return "" if amount is None else f"{amount:f}"
