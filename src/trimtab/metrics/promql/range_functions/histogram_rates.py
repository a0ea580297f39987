"""How much native histograms grew over a window. Source: Prometheus, promql/functions.go (histogramRate)."""

from itertools import pairwise

import numpy as np

from trimtab.metrics.promql.histograms.arithmetic import (
    IncompatibleSchemas,
    add,
    reduced,
    subtract,
    was_reset,
)
from trimtab.metrics.promql.histograms.model import Hint, Histogram
from trimtab.metrics.promql.notes import ADD, SUBTRACT, Notes
from trimtab.metrics.promql.range_functions.resets import started_anew
from trimtab.metrics.promql.ranges import Cell


def resets_of(cell: Cell) -> list[bool]:
    """For each histogram but the first whether the counter was reset since the one before it."""
    starts, times = cell.starts, cell.times
    moved = started_anew(starts[:-1], times[:-1], starts[1:], times[1:]).tolist()
    return [anew or was_reset(new, old) for anew, (old, new) in zip(moved, pairwise(cell.values), strict=True)]


def increase_of(cell: Cell, notes: Notes, metric: str, position: int, *, counter: bool) -> Histogram | None:
    """The growth from the first to the last of two histograms at least; None where they do not fit each other."""
    values = cell.values
    if counter:
        for value in values:
            if value.hint is Hint.GAUGE:
                notes.not_counter(metric, position)
    elif values[0].hint is not Hint.GAUGE or values[-1].hint is not Hint.GAUGE:
        notes.not_gauge(metric, position)
    resets = resets_of(cell) if counter else [False] * (len(values) - 1)
    first = values[0]
    if resets[0]:
        # What was before a reset is not looked at, so its layout need not fit.
        first = Histogram(schema=values[1].schema, custom=values[1].custom)
    used = [first, *values[1:]] if counter else [first, values[-1]]
    if len({value.is_custom for value in used}) > 1:
        notes.mixed_schemas(metric, position)
        return None
    try:
        return _increase(used, resets, notes, position)
    except IncompatibleSchemas:
        notes.mixed_schemas(metric, position)
        return None


def _increase(used: list[Histogram], resets: list[bool], notes: Notes, position: int) -> Histogram:
    last = used[-1]
    if not last.is_custom:
        last = reduced(last, min(value.schema for value in used))
    step = subtract(last, used[0])
    if step.reconciled:
        notes.reconciled(SUBTRACT, position)
    result = step.histogram
    for was, before in zip(resets, used, strict=False):
        if was:
            step = add(result, before)
            if step.reconciled:
                notes.reconciled(ADD, position)
            result = step.histogram
    return result.hinted(Hint.GAUGE).compact()


def last_step(cell: Cell, notes: Notes, metric: str, position: int, *, counter: bool) -> Histogram | None:
    """The growth between the last two histograms of a window."""
    old, new = cell.values[-2:]
    if counter and Hint.GAUGE in (old.hint, new.hint):
        notes.not_counter(metric, position)
    if not counter and not old.hint is new.hint is Hint.GAUGE:
        notes.not_gauge(metric, position)
    result = new
    starts, times = cell.starts, cell.times
    anew = bool(np.any(started_anew(starts[-2:-1], times[-2:-1], starts[-1:], times[-1:])))
    if not counter or not (anew or was_reset(new, old)):
        try:
            step = subtract(new, old)
        except IncompatibleSchemas:
            notes.mixed_schemas(metric, position)
            return None
        if step.reconciled:
            notes.reconciled(SUBTRACT, position)
        result = step.histogram
    return result.hinted(Hint.GAUGE).compact()
