"""histogram_quantile, histogram_quantiles and histogram_fraction, of classic and native histograms."""

from collections import defaultdict
from collections.abc import Callable, Iterator

import numpy as np
from msgspec import Struct

from trimtab.base.records import replace
from trimtab.metrics.promql import labels as sets
from trimtab.metrics.promql.histograms import classic, quantiles
from trimtab.metrics.promql.histograms.model import Histogram
from trimtab.metrics.promql.labels import BUCKET, NAME, Labels
from trimtab.metrics.promql.language.literals import general
from trimtab.metrics.promql.notes import Fixed, Notes
from trimtab.metrics.promql.values import Flags, Floats, Integers, Vector

OfClassic = Callable[["Columns", Floats, Floats], Floats]
OfNative = Callable[[Histogram, int, str], float]


class Columns(Struct, frozen=True):
    """Which histogram (row) and step each column of counts is of."""

    row: Integers
    step: Integers


class _Found(Struct):
    """The classic histograms of a vector: their labels, and for each the rows of its buckets by upper bound."""

    labels: list[Labels]
    members: list[list[tuple[float, int]]]


def quantile(vector: Vector, q: Floats, times: Integers, notes: Notes, positions: tuple[int, int]) -> Vector:
    """The quantile `q` (by step). `positions` are where q and the vector stand."""
    for value in np.unique(q).tolist():
        if not 0 <= value <= 1:
            notes.quantile(value, positions[0])

    def of_classic(columns: Columns, bounds: Floats, counts: Floats) -> Floats:
        wanted = q[columns.step]
        if not np.isinf(bounds[-1]):
            return classic.beyond(wanted, np.full(len(wanted), np.nan))
        bounds, counts = classic.coalesced(bounds, counts)
        fixed = classic.corrected(bounds, counts)
        usable = (wanted >= 0) & (wanted <= 1)
        _tell(fixed, columns, usable, found.labels, times, notes, positions[1])
        return classic.quantile(wanted, bounds, fixed.counts)

    def of_native(histogram: Histogram, step: int, metric: str) -> float:
        return quantiles.quantile(float(q[step]), histogram, notes, metric, positions[1])

    found = _classic(vector, notes, positions[1])
    return _apply(vector, found, notes, positions[1], of_classic, of_native)


def several_quantiles(
    vector: Vector, label: str, qs: list[Floats], times: Integers, notes: Notes, positions: list[int]
) -> Vector:
    """Several quantiles, each with its value in `label`. `positions` are where the vector and each q stand."""
    made = []
    for q, position in zip(qs, positions[1:], strict=True):
        found = quantile(vector, q, times, notes, (position, positions[0]))
        made.append(
            replace(found, labels=[sets.put(labels, label, open_metrics(float(q[0]))) for labels in found.labels])
        )
    return stacked(made)


def stacked(vectors: list[Vector]) -> Vector:
    """Vectors of floats, one below the other."""
    return Vector(
        [labels for vector in vectors for labels in vector.labels],
        np.concatenate([vector.values for vector in vectors]),
        np.concatenate([vector.present for vector in vectors]),
        np.concatenate([vector.drop for vector in vectors]),
    )


def open_metrics(value: float) -> str:
    """A number as OpenMetrics wants it in labels: 1 is 1.0."""
    text = general(value)
    return text if any(character in text for character in ".eNI") else text + ".0"


def fraction(vector: Vector, lower: Floats, upper: Floats, notes: Notes, position: int) -> Vector:
    """The share of observations between two values (by step)."""

    def of_classic(columns: Columns, bounds: Floats, counts: Floats) -> Floats:
        if not np.isinf(bounds[-1]):
            return np.full(len(columns.step), np.nan)
        bounds, counts = classic.coalesced(bounds, counts)
        return classic.fraction(lower[columns.step], upper[columns.step], bounds, counts)

    def of_native(histogram: Histogram, step: int, metric: str) -> float:
        return quantiles.fraction(float(lower[step]), float(upper[step]), histogram, notes, metric, position)

    return _apply(vector, _classic(vector, notes, position), notes, position, of_classic, of_native)


def _classic(vector: Vector, notes: Notes, position: int) -> _Found:
    """The buckets by histogram; a warning tells of floats that are no bucket."""
    rows: dict[Labels, list[tuple[float, int]]] = defaultdict(list)
    for row in np.flatnonzero(vector.floats.any(axis=1)).tolist():
        labels = vector.labels[row]
        text = sets.get(labels, BUCKET)
        try:
            upper = float(text.replace("_", "x"))
        except ValueError:
            notes.bucket(sets.get(labels, NAME), text, position)
            continue
        rows[sets.drop(labels, (BUCKET,))].append((upper, row))
    return _Found(list(rows), [sorted(members) for members in rows.values()])


def _apply(
    vector: Vector, found: _Found, notes: Notes, position: int, of_classic: OfClassic, of_native: OfNative
) -> Vector:
    steps = vector.values.shape[1]
    values = np.full((len(found.labels), steps), np.nan)
    present = np.zeros(values.shape, np.bool_)
    for row, members in enumerate(found.members):
        present[row] = vector.floats[[number for _, number in members]].any(axis=0)
    native = vector.is_histogram
    clashing = _clashes(vector, found, native, present, notes, position)
    present &= ~clashing
    for bounds, columns, counts in _layouts(vector, found, present):
        values[columns.row, columns.step] = of_classic(columns, bounds, counts)
    drop = np.ones(len(found.labels), np.bool_)
    made = [Vector(found.labels, values, present, drop)]
    if vector.histograms is not None and native.any():
        made.append(_natives(vector, native, of_native, notes))
    return stacked(made).occupied()


def _clashes(vector: Vector, found: _Found, native: Flags, present: Flags, notes: Notes, position: int) -> Flags:
    """Steps at which a classic and a native histogram have the same labels: neither counts."""
    clashing = np.zeros(present.shape, np.bool_)
    if native.any():
        numbers = {labels: row for row, labels in enumerate(found.labels)}
        for row in np.flatnonzero(native.any(axis=1)).tolist():
            other = numbers.get(vector.labels[row])
            if other is None:
                continue
            both = native[row] & present[other]
            if both.any():
                notes.mixed_kinds(sets.get(vector.labels[row], NAME), position)
                clashing[other] |= both
                native[row] &= ~both
    return clashing


def _layouts(vector: Vector, found: _Found, present: Flags) -> Iterator[tuple[Floats, Columns, Floats]]:
    """Counts of histograms that have the same buckets, many at a time."""
    by_bounds: dict[tuple[float, ...], list[int]] = defaultdict(list)
    for row, members in enumerate(found.members):
        by_bounds[tuple(upper for upper, _ in members)].append(row)
    for bounds, rows in by_bounds.items():
        places = np.array([[number for _, number in found.members[row]] for row in rows], dtype=np.intp).T
        some = vector.floats[places]
        wanted = present[rows]
        patterns, inverse = np.unique(some.reshape(len(bounds), -1).T, axis=0, return_inverse=True)
        inverse = inverse.reshape(wanted.shape)
        for number, pattern in enumerate(patterns):
            which, step = np.nonzero(wanted & (inverse == number))
            if len(which):
                counts = vector.values[places[pattern][:, which], step]
                columns = Columns(np.array(rows, np.int64)[which], step.astype(np.int64))
                yield np.array(bounds)[pattern], columns, counts


def _natives(vector: Vector, native: Flags, of_native: OfNative, notes: Notes) -> Vector:
    values = np.full(vector.values.shape, np.nan)
    cells = vector.histograms
    if cells is not None:
        for row, step in notes.watched(np.argwhere(native).tolist()):
            values[row, step] = of_native(cells[row, step], step, sets.get(vector.labels[row], NAME))
    return Vector(vector.labels, values, native, np.ones(len(vector.labels), np.bool_))


def _tell(
    fixed: classic.Corrected,
    columns: Columns,
    usable: Flags,
    labels: list[Labels],
    times: Integers,
    notes: Notes,
    position: int,
) -> None:
    for place in np.flatnonzero(fixed.forced & usable).tolist():
        at = int(times[columns.step[place]])
        name = sets.get(labels[int(columns.row[place])], NAME)
        found = Fixed(at, at, float(fixed.low[place]), float(fixed.high[place]), float(fixed.most[place]))
        notes.monotonic(name, position, found)


SUMMARIES: dict[str, Callable[[Histogram], float]] = {
    "histogram_avg": lambda histogram: float(np.divide(histogram.sum, histogram.count)),
    "histogram_count": lambda histogram: histogram.count,
    "histogram_sum": lambda histogram: histogram.sum,
    "histogram_stddev": lambda histogram: float(np.sqrt(quantiles.variance(histogram))),
    "histogram_stdvar": quantiles.variance,
}


def summary(name: str, vector: Vector, notes: Notes) -> Vector:
    """A number of every native histogram; floats are left out."""
    native = vector.is_histogram
    with np.errstate(divide="ignore", invalid="ignore"):
        return _natives(vector, native, lambda histogram, step, metric: SUMMARIES[name](histogram), notes).occupied()
