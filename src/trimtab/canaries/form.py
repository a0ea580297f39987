"""The form of a canary: CreateCanary's members, with the blueprint as JSON in place of the code."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from trimtab.base.errors import InvalidInput
from trimtab.canaries.blueprint import read_steps
from trimtab.canaries.model import Checker, Step
from trimtab.jobs.schedule import Rate, Schedule, parse

Form = Mapping[str, Any]
Admit = Callable[[str, str], Awaitable[None]]
"""Whether a canary may connect to a URL, and what asks. Raises InvalidInput, Forbidden."""
ONCE = ("rate(0 minute)", "rate(0 minutes)", "rate(0 hour)")
"""Schedules of a canary that runs once each time that it is started (API reference, CanaryScheduleInput)."""
LONGEST_NAME = 255
"""Characters of a name (service model, CanaryName)."""
MOST_S = 840
"""The longest run (API reference, CanaryRunConfigInput)."""
_HOUR_MS = 3_600_000


def check_form(form: Form) -> None:
    """Check what a form says. Raises InvalidInput."""
    steps_of(form)
    schedule_of(form, 0)


def check_name(name: str) -> None:
    """Check a canary's name. Raises InvalidInput."""
    if not 0 < len(name) <= LONGEST_NAME:
        raise InvalidInput(f"cannot use the canary's name: expected 1 to {LONGEST_NAME} characters, got {len(name)}")


def steps_of(form: Form) -> Sequence[Step]:
    """What a canary does. Raises InvalidInput."""
    return read_steps(form["Blueprint"])


async def admit_places(blueprint: Any, name: str, admit: Admit) -> None:
    """Check that a canary may connect to every place that its blueprint asks. Raises InvalidInput, Forbidden."""
    for step in read_steps(blueprint):
        if step.checker is not Checker.MODEL:
            url = f"http://{step.where}" if step.checker is Checker.TCP else step.where
            await admit(url, f"canary {name}")


def schedule_of(form: Form, started_ms: int) -> Schedule | None:
    """When a canary runs that was started at a time; None where it runs once. Raises InvalidInput."""
    expression = form["Schedule"]["Expression"]
    if expression in ONCE:
        return None
    schedule = parse(expression, anchor_ms=started_ms)
    if isinstance(schedule, Rate) and not 60_000 <= schedule.period_ms <= _HOUR_MS:
        raise InvalidInput(f"cannot use the schedule {expression}: expected a rate of a minute to an hour")
    return schedule


def next_of(form: Form, started_ms: int, until_ms: int | None, now_ms: int) -> int | None:
    """When the run after one at `now_ms` is due; None where there is none any more."""
    schedule = schedule_of(form, started_ms)
    due_ms = None if schedule is None else schedule.next_after(now_ms)
    return None if due_ms is None or (until_ms is not None and due_ms >= until_ms) else due_ms


def limit_of(form: Form) -> int:
    """How long a run may take (s): as the form says, else until the next one is due, 14 minutes at most."""
    schedule = schedule_of(form, 0)
    every_s = schedule.period_ms // 1000 if isinstance(schedule, Rate) else MOST_S
    return int(form.get("RunConfig", {}).get("TimeoutInSeconds", min(every_s, MOST_S)))


def retries_of(form: Form) -> int:
    """How often a run that failed is tried again."""
    return int(form["Schedule"].get("RetryConfig", {}).get("MaxRetries", 0))
