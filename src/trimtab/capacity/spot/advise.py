"""What to do with a training job, told from recorded availability: the rule, its cost, and how often to checkpoint."""

import numpy as np
from msgspec import Struct

from trimtab.base.errors import InvalidInput
from trimtab.capacity.spot.checkpoint import Checkpointing, checkpointing
from trimtab.capacity.spot.choose import Chosen, by_backtest, pick, rules
from trimtab.capacity.spot.model import Availability, Job, Rule
from trimtab.capacity.spot.replay import least_cost, replay, starts_of

_MOST_STEPS, _MOST_STARTS = 20_000_000, 5_000
"""Ticks of all jobs and zones, and jobs, that are replayed a rule: of more starts every so many-th one is taken."""


class SpotAdvice(Struct, frozen=True):
    """`chosen` over all starts of the past, `bound` the clairvoyant cost (share of on demand), `rule` for now."""

    jobs: int
    chosen: Chosen
    bound: float
    rule: Rule
    checkpoints: Checkpointing


def advise(available: Availability, job: Job, checkpoint_h: float) -> SpotAdvice:
    """The advice. Raises InvalidInput where the past is shorter than the job's deadline, or the deadline too near."""
    if job.deadline_h < job.work_h + 2 * job.delay_h + available.gap_h:
        raise InvalidInput(
            f"cannot plan the job: {job.deadline_h:g} h leave no room for {job.work_h:g} h of work and two starts",
            field="deadline_h",
        )
    starts = starts_of(available, job)
    if not len(starts):
        raise InvalidInput(
            f"cannot replay the job: {available.hours:.1f} h of availability; expected at least {job.deadline_h:g} h"
        )
    steps = len(starts) * len(available.zones) * int(job.deadline_h / available.gap_h + 1)
    starts = starts[:: max(1, -(-steps // _MOST_STEPS), -(-len(starts) // _MOST_STARTS))]
    candidates = rules(job)
    chosen = by_backtest(available, job, starts, candidates)
    costs = np.stack([replay(available, job, rule, starts).cost for rule in candidates])
    now = pick(np.concatenate([costs, costs[:, -1:]], axis=1), _and_now(starts, available, job), job.deadline_h)[-1]
    bound = float(least_cost(available, job, starts).mean()) / job.work_h
    return SpotAdvice(len(starts), chosen, bound, candidates[int(now)], checkpointing(available, checkpoint_h))


def _and_now(starts: np.ndarray, available: Availability, job: Job) -> np.ndarray:
    """The hours of all starts, and that of a job that starts when the past ends."""
    return np.append(starts * available.gap_h, max(available.hours, starts[-1] * available.gap_h + job.deadline_h))
