"""Choose a rule by backtest: each job is given the rule that did best on jobs that had ended when it starts.

Nothing later is looked at. Where too little has passed the default rule runs; another takes its place only where it
did better by more than chance and habit explain.
"""

import numpy as np
from msgspec import Struct

from trimtab.capacity.spot.kernel import Ints
from trimtab.capacity.spot.model import Availability, Floats, Job, Outcomes, Rule
from trimtab.capacity.spot.replay import replay

_LEAST_PAST = 48
"""Past jobs, an hour apart each: with fewer the default runs. They overlap: these are two days, not 48 facts."""
_BETTER = 0.01
"""By how much of the default's cost another rule must have been better: a change for less follows noise."""


class Chosen(Struct, frozen=True):
    """The outcome of choosing: which rule each start got, what came of it, and what each rule by itself would have."""

    rules: tuple[Rule, ...]
    picks: Ints
    outcomes: Outcomes
    fixed: Floats

    @property
    def best_fixed(self) -> int:
        """The rule that, seen from the end, would have been best for all starts."""
        return int(np.argmin(self.fixed))


def rules(job: Job) -> tuple[Rule, ...]:
    """What there is to choose from, the default first; the last three are those of the literature."""
    there_and_back = 2 * job.delay_h
    found = [Rule("trimtab", 0.5, margin_h=there_and_back, settled=True, settle_h=1.0)]
    for uniform in (0.0, 0.1, 0.25, 0.4, 0.5, 0.6, 0.8):
        for settle_h in (0.0, 1.0):
            for settled in (True, False):
                words = f"wait to {uniform:g} of the line, {'longest up' if settled else 'most up'}, {settle_h:g} h"
                found.append(Rule(words, uniform, margin_h=there_and_back, settled=settled, settle_h=settle_h))
    return (*found, *literature(job))


def literature(job: Job) -> tuple[Rule, ...]:
    """On demand only; spot as long as it can wait, then on demand; Uniform Progress with failover between zones."""
    return (
        Rule("uniform progress", 1.0, margin_h=2 * job.delay_h * job.work_h / job.deadline_h),
        Rule("spot, then on demand", margin_h=np.inf),
        Rule("on demand", uniform=1e6),
    )


def by_backtest(available: Availability, job: Job, starts: Ints, candidates: tuple[Rule, ...]) -> Chosen:
    """Give each start the rule that the past speaks for, and say what came of it."""
    all_ = [replay(available, job, rule, starts) for rule in candidates]
    costs = np.stack([one.cost for one in all_])
    picks = pick(costs, np.asarray(starts * available.gap_h, dtype=np.float64), job.deadline_h)
    lanes = np.arange(len(starts))

    def of(name: str) -> Floats:
        chosen: Floats = np.stack([getattr(one, name) for one in all_])[picks, lanes]
        return chosen

    late = np.stack([one.late for one in all_])[picks, lanes]
    outcomes = Outcomes(of("spot_h"), of("on_demand_h"), of("restarts"), of("end_h"), of("cost"), late)
    return Chosen(candidates, picks, outcomes, costs.mean(axis=1) if len(starts) else np.zeros(len(candidates)))


def pick(costs: Floats, start_h: Floats, deadline_h: float) -> Ints:
    """The rule of each start from `costs[rule, start]`: only starts whose jobs ended by then are looked at."""
    known = np.searchsorted(start_h, start_h - deadline_h + 1e-9, side="right")  # how many had ended
    sums = np.concatenate([np.zeros((len(costs), 1)), np.cumsum(costs, axis=1)], axis=1)
    past = sums[:, known] / np.maximum(known, 1)
    best = np.argmin(past, axis=0)
    better = past[best, np.arange(len(known))] < past[0] * (1 - _BETTER)
    return np.where((known >= _LEAST_PAST) & better, best, 0).astype(np.int64)
