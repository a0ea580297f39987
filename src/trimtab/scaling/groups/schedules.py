"""When a group's scheduled action is due next: once, or by five fields of Unix cron in a zone."""

from collections.abc import Mapping
from typing import Any

from trimtab.base.errors import InvalidInput
from trimtab.scaling.policies.scheduled import unix_cron


def next_time(form: Mapping[str, Any], after_ms: int) -> int | None:
    """The next time after `after_ms`; None where there is none. Raises InvalidInput for a recurrence that is none."""
    start_ms = form.get("StartTime") or form.get("Time")
    recurrence = form.get("Recurrence")
    if not recurrence:
        return start_ms if start_ms is not None and start_ms > after_ms else None
    schedule = unix_cron(recurrence, form.get("TimeZone") or "UTC")
    found = schedule.next_after(max(after_ms, (start_ms or 0) - 1))
    end_ms = form.get("EndTime")
    return None if found is None or (end_ms is not None and found >= end_ms) else found


def check(form: Mapping[str, Any], now_ms: int) -> None:
    """Raises InvalidInput for an action that can never be."""
    if not any(name in form for name in ("MinSize", "MaxSize", "DesiredCapacity")):
        raise InvalidInput("At least one of MinSize, MaxSize or DesiredCapacity must be specified.")
    if "Time" in form and "StartTime" in form and form["Time"] != form["StartTime"]:
        raise InvalidInput("Time and StartTime must be the same where both are specified.")
    start_ms = form.get("StartTime") or form.get("Time")
    if start_ms is None and not form.get("Recurrence"):
        raise InvalidInput("Either Recurrence or StartTime must be specified.")
    if start_ms is not None and start_ms < now_ms:
        raise InvalidInput("Given start time is in the past")
    if form.get("EndTime") is not None and form["EndTime"] <= (start_ms or now_ms):
        raise InvalidInput("Given end time is before the start time")
    if next_time(form, now_ms) is None:
        raise InvalidInput("The scheduled action never occurs between its start and end times.")
