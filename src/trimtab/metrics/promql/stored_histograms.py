"""Stored histograms as PromQL sees them: native ones as values, explicit ones of OTLP as classic bucket series.

Prometheus' bucket i ends where OpenTelemetry's bucket i - 1 does, so stored offsets are one lower. Deltas are added up
over what is read: a counter that begins with the read, whose increases are the deltas.
"""

from collections.abc import Callable
from itertools import groupby

import numpy as np

from trimtab.metrics.promql import labels as sets
from trimtab.metrics.promql.assembly import Assembly
from trimtab.metrics.promql.histograms.arithmetic import add
from trimtab.metrics.promql.histograms.model import CUSTOM, Buckets, Histogram
from trimtab.metrics.promql.labels import BUCKET, Labels
from trimtab.metrics.promql.language.literals import general
from trimtab.metrics.promql.translation import Entry, Part
from trimtab.metrics.promql.values import Integers
from trimtab.store.telemetry.client import Columns

Passes = list[Callable[[str], bool]]


def add_histograms(assembly: Assembly, columns: Columns, entries: list[Entry], passes: Passes) -> None:
    """Add what `entries` show of the histograms in `columns` (ordered by series). `passes` are matchers on `le`."""
    parts: dict[int, dict[Part, Labels]] = {}
    for entry in entries:
        parts.setdefault(entry.series, {})[entry.part] = entry.labels
    series = columns["series"].tolist()
    for series_id, run in groupby(range(len(series)), key=series.__getitem__):
        rows = np.array(list(run), np.int64)
        own = parts[series_id]
        native = columns["exponential"][rows] != 0
        if not own.keys() & {Part.BUCKET, Part.SUM, Part.COUNT} and Part.NATIVE in own:
            # From Prometheus, or asked for by its own name: explicit bounds are custom buckets.
            _add_native(assembly, columns, rows, own[Part.NATIVE])
            continue
        if Part.NATIVE in own and native.any():
            _add_native(assembly, columns, rows[native], own[Part.NATIVE])
        if (~native).any():
            _add_classic(assembly, columns, rows[~native], own, passes)


def _add_native(assembly: Assembly, columns: Columns, rows: Integers, labels: Labels) -> None:
    values = np.empty(len(rows), np.object_)
    running: Histogram | None = None
    for place, row in enumerate(rows.tolist()):
        one = histogram_of(columns, row)
        if not columns["cumulative"][row]:
            one = running = one if running is None else add(running, one).histogram
        values[place] = one
    number = np.full(len(rows), assembly.row(labels), np.int64)
    assembly.add_histograms(number, columns["at"][rows].astype(np.int64), values)


def histogram_of(columns: Columns, row: int) -> Histogram:
    """A stored histogram."""
    count, total = float(columns["count"][row]), float(columns["sum"][row])
    if not columns["exponential"][row]:
        counts = Buckets.of(0, [float(each) for each in columns["counts"][row]]).compact()
        return Histogram(CUSTOM, count, total, positive=counts, custom=tuple(columns["bounds"][row].tolist()))
    return Histogram(
        int(columns["scale"][row]),
        count,
        total,
        float(columns["zero_count"][row]),
        float(columns["zero_threshold"][row]),
        _run(columns, row, "positive"),
        _run(columns, row, "negative"),
    )


def _run(columns: Columns, row: int, side: str) -> Buckets:
    return Buckets.of(int(columns[f"{side}_offset"][row]) + 1, [float(each) for each in columns[side][row]])


def _add_classic(assembly: Assembly, columns: Columns, rows: Integers, own: dict[Part, Labels], passes: Passes) -> None:
    times = columns["at"][rows].astype(np.int64)
    delta = columns["cumulative"][rows] == 0
    for part, name in ((Part.SUM, "sum"), (Part.COUNT, "count")):
        if part in own:
            values = columns[name][rows].astype(np.float64)
            assembly.add_row(assembly.row(own[part]), times, np.where(delta, np.cumsum(values), values))
    if Part.BUCKET not in own:
        return
    layouts = [tuple(bounds) for bounds in columns["bounds"][rows].tolist()]
    for bounds in dict.fromkeys(layouts):
        some = np.array([layout == bounds for layout in layouts])
        counts = np.stack([np.asarray(each, np.float64) for each in columns["counts"][rows[some]]])
        counts = np.cumsum(counts, axis=1)
        counts = np.where(delta[some][:, None], np.cumsum(counts, axis=0), counts)
        for column, bound in enumerate((*bounds, np.inf)):
            text = general(float(bound))
            if all(passing(text) for passing in passes):
                labels = sets.put(own[Part.BUCKET], BUCKET, text)
                assembly.add_row(assembly.row(labels), times[some], counts[:, column])
