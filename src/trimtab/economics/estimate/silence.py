"""Hours in which meters were silent though machines ran: telemetry that was down, not machines that stopped. Pure.

Telemetry is down in hours in which fewer than half of the machines report that did before, if as many come back within
the day that is looked at and the same hours of no day of the week before were like that (a fleet that shrinks every
night does). Hours in which nobody reports need not be over, nor a day before. A machine that reported before and after
has run in them.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from trimtab.costs.read_sql import HOUR_MS
from trimtab.economics.estimate.model import Floats

_FEW, _BACK = 0.5, 0.8
"""Shares of the machines before: below one is silence, from the other on it is over."""
_DAY, _WEEK_DAYS = 24, 7


class Silence(Struct, frozen=True):
    """Hours `[start, end)` of a day, in ms, in which `machines` of `of` did not report."""

    day_ms: int
    start_ms: int
    end_ms: int
    machines: int
    of: int

    @property
    def words(self) -> str:
        """What was missing, as people are told it."""
        first, last = ((one - self.day_ms) // HOUR_MS for one in (self.start_ms, self.end_ms))
        return (
            f"telemetry of {self.machines} of {self.of} machines was silent from {first:02d}:00 to {last:02d}:00 UTC: "
            "they count as running as before and after"
        )


def silences(hours: Mapping[str, Floats], start_ms: int, day_ms: int, until_ms: int) -> list[Silence]:
    """The silences of a day until a time; `hours` are shares of hours from `start_ms` on."""
    table, first = _table(hours), (day_ms - start_ms) // HOUR_MS
    last = min(table.shape[1], max(0, -(-(until_ms - start_ms) // HOUR_MS)))
    found = []
    for begin, end in _runs(_silent(table, first, min(last, first + _DAY)), first):
        before = table[:, max(0, begin - 1)] > 0 if begin else np.zeros(len(table), np.bool_)
        quiet = before & ~table[:, begin:end].any(axis=1)
        of = int(before.sum())
        if quiet.any():
            at = start_ms + begin * HOUR_MS
            found.append(Silence(day_ms, at, start_ms + end * HOUR_MS, int(quiet.sum()), of))
    return found


def filled(hours: Mapping[str, Floats], start_ms: int, day_ms: int) -> dict[str, Floats]:
    """The hours with the silences of a day in which others reported filled: by machine as it was before them, where it
    came back after. Hours in which nobody reports stay as they are.
    """
    names, table = list(hours), _table(hours)
    first = (day_ms - start_ms) // HOUR_MS
    for begin, end in _runs(_silent(table, first, min(table.shape[1], first + _DAY)), first):
        if not table[:, begin:end].any(axis=0).all() or not begin or end >= table.shape[1]:
            continue
        back = (table[:, begin - 1] > 0) & (table[:, end] > 0)
        table[back, begin:end] = np.maximum(table[back, begin:end], 1.0)
    return {name: table[at] for at, name in enumerate(names)}


def _table(hours: Mapping[str, Floats]) -> Floats:
    length = max((len(one) for one in hours.values()), default=0)
    rows = [np.pad(one, (0, length - len(one))) for one in hours.values()]
    return np.array(rows) if rows else np.zeros((0, 0))


def _silent(table: Floats, first: int, last: int) -> npt.NDArray[np.bool_]:
    """Which hours of `[first, last)` are silent."""
    count = (table > 0).sum(axis=0)
    silent = np.zeros(max(last - first, 0), np.bool_)
    hour = max(first, 1)
    while hour < last:
        before = int(count[hour - 1])
        if before and count[hour] < _FEW * before:
            later = np.flatnonzero(count[hour:last] >= _BACK * before)
            end = hour + int(later[0]) if len(later) else last
            habit = _habit(count, hour, end)
            nobody = not count[hour:end].any()
            if (habit is False and (nobody or len(later))) or (habit is None and nobody):
                silent[hour - first : end - first] = True
                hour = end
                continue
        hour += 1
    return silent


def _habit(count: npt.NDArray[np.int64], begin: int, end: int) -> bool | None:
    """Whether the same hours of a day of the week before were like that; None where no such day is known."""
    known: bool | None = None
    for days in range(1, _WEEK_DAYS + 1):
        then = begin - days * _DAY
        if then < 1 or not count[then - 1]:
            continue
        if count[then : end - days * _DAY].min() < _FEW * count[then - 1]:
            return True
        known = False
    return known


def _runs(silent: npt.NDArray[np.bool_], first: int) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate(([False], silent, [False])).astype(np.int8)))
    return [(first + int(begin), first + int(end)) for begin, end in edges.reshape(-1, 2)]
