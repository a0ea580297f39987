"""What a rule says now: the decision of the replay for one tick, for a job that runs and is asked where to be.

It is the rule of `kernel.play`, tick by tick; a test plays whole traces with both and compares.
"""

from msgspec import Struct

from trimtab.capacity.spot.model import Job, Rule

_TINY = 1e-9

SPOT, ON_DEMAND, WAIT = "spot", "on demand", "wait"


class Standing(Struct, frozen=True):
    """Where a job is: hours since its start, hours of work left, and on what it runs (SPOT, ON_DEMAND, WAIT).

    `boot_h` is what is left of the present machine's start; `up_h` for how long spot has been there (0: it is not).
    """

    elapsed_h: float
    left_h: float
    on: str = WAIT
    boot_h: float = 0.0
    up_h: float = 0.0


class Placement(Struct, frozen=True):
    """Where to be for the next `gap_h`, and why. `slack_h` could still be lost without missing the deadline."""

    on: str
    why: str
    slack_h: float


def decide(job: Job, rule: Rule, now: Standing, gap_h: float) -> Placement:
    """The decision. `rule.zone` and `settled`, which choose between zones, are the caller's: it asks for one."""
    first_slack = job.deadline_h - job.work_h
    slack = job.deadline_h - now.elapsed_h - now.left_h
    line = rule.reserve_h + rule.uniform * first_slack * (1.0 - now.elapsed_h / job.deadline_h)
    there = now.up_h > 0
    on = WAIT if now.on == SPOT and not there else now.on
    wanted, why = _wanted(job, rule, now, (on, slack, line))
    if wanted != ON_DEMAND:
        boots = now.boot_h if wanted == on else job.delay_h
        gain = max(0.0, gap_h - boots) if wanted == SPOT else 0.0
        if now.left_h > gain + _TINY and slack - gap_h + gain < job.delay_h - _TINY:
            wanted, why = ON_DEMAND, "an interruption now could make it late"
    return Placement(wanted, why, slack)


def _wanted(job: Job, rule: Rule, now: Standing, state: tuple[str, float, float]) -> tuple[str, str]:
    """What the rule wants, before its safety is looked at."""
    on, slack, line = state
    there = now.up_h > 0
    if on == SPOT:
        return SPOT, "spot is there"
    if on == ON_DEMAND:
        if there and slack >= line + rule.margin_h and now.up_h >= rule.settle_h:
            return SPOT, f"spot is back, and {slack:.2f} h of slack are enough to return to it"
        return ON_DEMAND, f"{slack:.2f} h of slack are too few to return to spot" if there else "spot is not there"
    if there and line < (job.deadline_h - job.work_h) * 2:
        return SPOT, "spot is there"
    if slack <= line:
        return ON_DEMAND, f"spot is not there, and the progress wanted by now leaves no time to wait ({slack:.2f} h)"
    return WAIT, f"spot is not there, and {slack:.2f} h of slack leave time to wait"
