"""Replay jobs over what was available: what each rule would have cost at each start, and the least that was possible.

A rule sees a tick when it comes, never before: changing what comes later changes no earlier decision.
"""

import numpy as np

from trimtab.capacity.spot import kernel
from trimtab.capacity.spot.model import Availability, Floats, Job, Outcomes, Rule

_HALF_LIFE_H = 12.0
"""How fast the past of a zone is forgotten, where the zone that was up most of late is chosen."""


def starts_of(available: Availability, job: Job) -> kernel.Ints:
    """The ticks of every whole hour after which the job's time fits."""
    hours = int(np.floor(available.hours - job.deadline_h + 1e-9)) + 1
    found = np.ceil(np.arange(max(hours, 0)) / available.gap_h - 1e-9).astype(np.int64)
    steps = int(np.floor(job.deadline_h / available.gap_h + 1e-9))
    return np.asarray(found[found + steps <= available.ticks], dtype=np.int64)


def replay(available: Availability, job: Job, rule: Rule, starts: kernel.Ints) -> Outcomes:
    """What comes of jobs that start at `starts` under `rule`."""
    age = kernel.ages(available.up)
    score = age.astype(np.float64)
    if not rule.settled:
        score = kernel.recent(available.up, 0.5 ** (available.gap_h / _HALF_LIFE_H))
    numbers = np.array([rule.uniform, rule.reserve_h, min(rule.margin_h, 1e9), rule.zone, rule.settle_h])
    rows = kernel.play(available.up, score, age, starts, available.gap_h, _numbers(job), numbers)
    spot, on_demand, restarts, end = rows.T
    late = ~(end <= job.deadline_h + 1e-6)
    return Outcomes(spot, on_demand, restarts, end, spot * job.spot_price + on_demand, late)


def least_cost(available: Availability, job: Job, starts: kernel.Ints) -> Floats:
    """The clairvoyant bound of each start, in hours of on demand: no schedule that is in time costs less."""
    found: Floats = kernel.bound(available.up, starts, available.gap_h, _numbers(job), job.spot_price)
    return found


def _numbers(job: Job) -> Floats:
    return np.array([job.work_h, job.deadline_h, job.delay_h])
