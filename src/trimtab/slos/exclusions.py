"""Times that do not count for an objective: read from their form, and laid over the counts."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from trimtab.base.errors import InvalidInput
from trimtab.jobs.schedule import parse
from trimtab.slos.model import Exclusion, moved, read_unit

_MOST = 10_000
"""Times of a schedule in an interval: every minute of a week."""


def read_exclusion(form: Mapping[str, Any], now_ms: int) -> Exclusion:
    """One exclusion window as BatchUpdateExclusionWindows has it; one without a start begins now.

    Raises InvalidInput.
    """
    window = form["Window"]
    schedule = form.get("RecurrenceRule", {}).get("Expression", "")
    if schedule:
        parse(schedule)
    return Exclusion(
        read_unit(window["DurationUnit"]), int(window["Duration"]), form.get("StartTime", now_ms), schedule,
        form.get("Reason", ""),
    )  # fmt: skip


def exclusion_form(one: Exclusion) -> dict[str, Any]:
    """The form of one; times are ms."""
    form: dict[str, Any] = {"Window": {"DurationUnit": one.unit.value, "Duration": one.duration}}
    if one.start_ms is not None:
        form["StartTime"] = one.start_ms
    if one.schedule:
        form["RecurrenceRule"] = {"Expression": one.schedule}
    return {**form, "Reason": one.reason} if one.reason else form


def same_window(kept: Exclusion, asked: Mapping[str, Any]) -> bool:
    """Whether a window that is to be removed is `kept`: each member that it names must be equal."""
    known = exclusion_form(kept)
    return all(known.get(name) == value for name, value in asked.items())


def spans_of(exclusions: Iterable[Exclusion], start_ms: int, end_ms: int) -> list[tuple[int, int]]:
    """The times `[from, to)` within a range that do not count, merged, ascending. Raises InvalidInput."""
    spans = sorted(
        (max(begin, start_ms), min(end, end_ms))
        for one in exclusions
        for begin, end in _times(one, start_ms, end_ms)
        if begin < end_ms and end > start_ms
    )
    merged: list[tuple[int, int]] = []
    for begin, end in spans:
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((begin, end))
    return merged


def counted(times: np.ndarray[Any, Any], spans: Iterable[tuple[int, int]]) -> np.ndarray[Any, Any]:
    """Which of the starts of periods count, as booleans."""
    kept = np.ones(len(times), np.bool_)
    for begin, end in spans:
        kept &= (times < begin) | (times >= end)
    return kept


def length_ms(spans: Iterable[tuple[int, int]]) -> int:
    """The length of them together."""
    return sum(end - begin for begin, end in spans)


def _times(one: Exclusion, start_ms: int, end_ms: int) -> Iterable[tuple[int, int]]:
    first = one.start_ms or 0
    if not one.schedule:
        return [(first, moved(first, one.unit, one.duration))]
    schedule = parse(one.schedule, anchor_ms=first)
    at: int | None = max(moved(start_ms, one.unit, -one.duration), first) - 1
    found: list[tuple[int, int]] = []
    for _ in range(_MOST):
        at = schedule.next_after(at) if at is not None else None
        if at is None or at >= end_ms:
            return found
        found.append((at, moved(at, one.unit, one.duration)))
    raise InvalidInput(f"cannot use the schedule {one.schedule!r}: it has more than {_MOST:,} times in the interval")
