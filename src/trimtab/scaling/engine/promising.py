"""The promise of a portfolio in service: made from the demand's own past, checked at every look, kept by the safe rule.

It is judged anew every hour until it is made. From then on what is asked and what violates is counted from what really
stood, and stored with the target: a restart neither forgets it nor begins it anew. A policy that allows another share
begins another promise.
"""

from collections.abc import Sequence

import numpy as np
from msgspec import Struct

from trimtab.base.clock import iso
from trimtab.capacity.simulate.fleet import Fleet
from trimtab.scaling.engine.documents import planned
from trimtab.scaling.engine.forecasting import Floor
from trimtab.scaling.engine.model import Kind, Policy, ScalableTarget, Standing
from trimtab.scaling.engine.readings import Demand
from trimtab.scaling.policies.promise import HIGH_DAYS, USUAL, at_risk, evidence_of, judge, safe

HOUR_MS = 3_600_000
_MISSED = 3
"""Ticks that are counted at once: of more that nobody looked at, what stood then is not known."""


class Promised(Struct):
    """The promise of a policy as it is remembered. `since_ms` None: it is not made, for `reason`; `asked` and `broken`
    are sums of the demand's values since then, up to `counted_ms`; `words` say it."""

    policy: str
    allowed: float
    since_ms: int | None = None
    judged_ms: int = 0
    counted_ms: int = 0
    asked: float = 0.0
    broken: float = 0.0
    reason: str = ""
    words: str = ""

    @property
    def violating(self) -> float | None:
        """The share that violated since it was made; None before."""
        return None if self.since_ms is None else self.broken / self.asked if self.asked else 0.0


def check(
    known: Promised | None, target: ScalableTarget, policy: Policy, fleet: Fleet, demand: Demand | None,
    standing: Standing, now_ms: int,
) -> tuple[Promised, Floor | None]:  # fmt: skip
    """The promise of a portfolio as it is now, and the floor of the safe rule while it is at risk."""
    allowed = planned(policy).allowed
    promise = known if known is not None and known.allowed == allowed else Promised(policy.name, allowed)
    if demand is None or demand.missing or not len(demand.values):
        promise.words = promise.words or f"{allowed:.2%} is not promised: its demand is not known"
        return promise, None
    if promise.since_ms is None:
        if promise.judged_ms == 0 or now_ms // HOUR_MS != promise.judged_ms // HOUR_MS:
            verdict = judge(evidence_of(demand.values, fleet), fleet, allowed)
            promise.judged_ms, promise.reason, promise.words = now_ms, verdict.reason.value, verdict.words
            if verdict.promised:
                promise.since_ms, promise.counted_ms = now_ms, demand.end_ms
        return promise, None
    _count(promise, target, demand, standing)
    if not at_risk(promise.broken, promise.asked, allowed):
        promise.words = f"{allowed:.2%} is promised since {iso(promise.since_ms)}: {promise.violating:.3%} violated"
        return promise, None
    week = demand.values[-HIGH_DAYS * 86_400 // target.service.tick_s :]
    replicas = safe(float(np.max(week)), fleet)
    state = "broken" if promise.broken > allowed * promise.asked else "at risk"
    promise.words = (
        f"the promise of {allowed:.2%} since {iso(promise.since_ms)} is {state}: {promise.violating:.3%} violated; the "
        f"safe rule, {USUAL.headroom:g} times the highest of a week, holds {replicas} at least"
    )
    return promise, Floor(replicas, promise.words, scales=True, name="safe rule")


def _count(promise: Promised, target: ScalableTarget, demand: Demand, standing: Standing) -> None:
    """Add the ticks that came since the last look; each violates that asked for more than what stands takes."""
    ticks = (demand.end_ms - promise.counted_ms) // (target.service.tick_s * 1000)
    if ticks <= 0:
        return
    able = standing.ready * target.service.capacity * (1.0 + 1e-9)
    for load in demand.values[-min(ticks, _MISSED) :]:
        promise.asked += float(load)
        promise.broken += float(load) if load > able else 0.0
    promise.counted_ms = demand.end_ms


def check_all(
    known: dict[str, Promised], target: ScalableTarget, policies: Sequence[Policy], fleet: Fleet,
    demand: Demand | None, standing: Standing, now_ms: int,
) -> tuple[dict[str, Promised], dict[str, Floor]]:  # fmt: skip
    """The promises of the portfolios that are asked, and their floors, by the policies' ids."""
    promises, floors = {}, {}
    for policy in policies:
        if policy.kind is Kind.PORTFOLIO and policy.enabled:
            promises[policy.id], floor = check(known.get(policy.id), target, policy, fleet, demand, standing, now_ms)
            if floor is not None:
                floors[policy.id] = floor
    return promises, floors
