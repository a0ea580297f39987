"""Where a job that runs should be now: its progress against its deadline, by the rule of the replay."""

from trimtab.base.errors import InvalidInput
from trimtab.batch.report import Report
from trimtab.capacity.spot.choose import rules
from trimtab.capacity.spot.decide import Placement, Standing, decide
from trimtab.capacity.spot.model import Job

_MS_H = 3_600_000


def placed(
    report: Report, now_ms: int, on: str, up_h: float, rule: str, step_and_start_h: tuple[float, float]
) -> Placement:
    """The decision for the next step. Raises InvalidInput for a job without a deadline, or whose speed is unknown.

    The work left is what is left of the input at the speed so far.
    """
    if report.deadline_ms is None:
        raise InvalidInput("cannot place the job: it has no deadline (`trimtab batch run --deadline`)")
    fresh = report.bytes_done - report.bytes_kept
    if report.seconds <= 0 or fresh <= 0:
        raise InvalidInput("cannot place the job yet: its speed is not known until a piece is finished")
    step_h, start_h = step_and_start_h
    per_h = fresh / report.seconds * 3600
    work_h = report.bytes_total / per_h
    deadline_h = (report.deadline_ms - report.started_ms) / _MS_H
    if deadline_h <= 0 or deadline_h <= work_h:
        raise InvalidInput(f"cannot place the job: {deadline_h:.2f} h are too few for {work_h:.2f} h of work")
    job = Job(work_h, deadline_h, start_h)
    found = next(one for one in rules(job) if one.name == rule)
    elapsed_h = max(0.0, (now_ms - report.started_ms) / _MS_H)
    standing = Standing(elapsed_h, (report.bytes_total - report.bytes_done) / per_h, on, 0.0, up_h)
    return decide(job, found, standing, step_h)
