"""Two populations of traces compared: where the difference of latency is, and which attributes tell them apart. Pure.

Features are what a trace has or has not: an attribute with a value, an operation, a failure of it. Each is tested;
only those count whose false discovery rate over all that were looked at is below `MOST_CHANCE`. What identifies
single traces (ids, times) is left out: it has as many values as there are traces.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

import numpy as np
from msgspec import Struct

from trimtab.bottlenecks.parts import Part, Parts, Population, aligned
from trimtab.bottlenecks.rootcause.deviation import rank_sum_z
from trimtab.bottlenecks.significance import false_discovery, information_bits, proportions_p, two_sided

MOST_CHANCE = 0.05
_FEWEST = 5
"""Traces that must have a feature in one of the populations."""
_MOST_VALUES = 50
"""Values of an attribute above which it is taken for a number or an identifier."""
_MOST_FEATURES = 5000
_LONGEST_VALUE = 200

Feature = tuple[str, str, str]


class Moved(Struct, frozen=True):
    """A part: its mean ms a trace in both populations, the difference, and its share of the whole difference."""

    part: Part
    ms: float
    other_ms: float
    change_ms: float
    share: float
    q: float


class Told(Struct, frozen=True):
    """A feature that tells the populations apart: `kind` attribute, operation or failure.

    `share` and `other_share` of traces that have it; `lift` is their ratio, `bits` what it tells, `q` the chance.
    """

    kind: str
    name: str
    value: str
    share: float
    other_share: float
    lift: float
    bits: float
    q: float


class Number(Struct, frozen=True):
    """An attribute with many numbers whose medians differ."""

    name: str
    median: float
    other_median: float
    z: float
    q: float


class Comparison(Struct, frozen=True):
    """The population against the other: durations, parts (largest change first), features (most telling first)."""

    traces: int
    other_traces: int
    mean_ms: float
    other_mean_ms: float
    failed: float
    other_failed: float
    parts: tuple[Moved, ...]
    features: tuple[Told, ...]
    numbers: tuple[Number, ...]
    looked_at: int


def compare(one: Population, other: Population, ignore: Sequence[str] = ()) -> Comparison:
    """Compare. Attributes named in `ignore` are those by which the populations were chosen."""
    a, b = one.parts, other.parts
    mine, of = features(one, ignore), len(a)
    others, of_other = features(other, ignore), len(b)
    told, looked_at = _told(mine.flags, of, others.flags, of_other)
    return Comparison(
        of,
        of_other,
        _mean(a),
        _mean(b),
        float(a.failed.mean()) if of else 0.0,
        float(b.failed.mean()) if of_other else 0.0,
        _moved(a, b),
        told,
        _numbers(mine.numbers, others.numbers),
        looked_at,
    )


class _Features(Struct, frozen=True):
    flags: Mapping[Feature, int]
    numbers: Mapping[str, list[float]]


def features(population: Population, ignore: Sequence[str] = ()) -> _Features:
    """How many traces have each feature, and the values of attributes that are numbers."""
    spans = population.spans
    values: dict[str, dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
    codes = spans.trace.tolist()
    for code, attributes in zip(codes, spans.attributes, strict=False):
        for name, value in attributes.items():
            if name not in ignore and len(value) <= _LONGEST_VALUE:
                values[name][value].add(code)
    flags: dict[Feature, int] = {}
    numbers: dict[str, list[float]] = {}
    for name, found in sorted(values.items()):
        if len(found) <= _MOST_VALUES:
            flags |= {("attribute", name, value): len(traces) for value, traces in found.items()}
        elif (floats := _floats(found)) is not None:
            numbers[name] = floats
    flags |= _operations(population)
    return _Features(flags, numbers)


def _floats(found: Mapping[str, set[int]]) -> list[float] | None:
    try:
        pairs = [(float(value), len(traces)) for value, traces in found.items()]
    except ValueError:
        return None
    return [value for value, count in pairs if np.isfinite(value) for _ in range(count)]


def _operations(population: Population) -> dict[Feature, int]:
    spans = population.spans
    found: dict[Feature, int] = {}
    for kind, rows in (("operation", slice(None)), ("failure", spans.failed)):
        columns = np.stack((spans.service[rows], spans.operation[rows], spans.trace[rows]))
        unique = np.unique(columns, axis=1) if columns.shape[1] else columns
        counted = Counter(zip(unique[0].tolist(), unique[1].tolist(), strict=True))
        for (service, operation), count in counted.items():
            found[(kind, spans.services[service], spans.operations[operation])] = count
    return found


def _told(
    mine: Mapping[Feature, int], of: int, others: Mapping[Feature, int], of_other: int
) -> tuple[tuple[Told, ...], int]:
    if not of or not of_other:
        return (), 0
    names = sorted(key for key in mine.keys() | others.keys() if max(mine.get(key, 0), others.get(key, 0)) >= _FEWEST)
    names = sorted(names, key=lambda key: -max(mine.get(key, 0), others.get(key, 0)))[:_MOST_FEATURES]
    counts = [(mine.get(key, 0), others.get(key, 0)) for key in names]
    q_values = false_discovery([proportions_p(hits, of, hits_other, of_other) for hits, hits_other in counts])
    told = [
        Told(
            *key,
            hits / of,
            hits_other / of_other,
            ((hits + 0.5) / (of + 1)) / ((hits_other + 0.5) / (of_other + 1)),
            information_bits(hits, of, hits_other, of_other),
            q,
        )
        for key, (hits, hits_other), q in zip(names, counts, q_values, strict=True)
        if q <= MOST_CHANCE
    ]
    return tuple(sorted(told, key=lambda one: (-one.bits, one.kind, one.name, one.value))), len(names)


def _moved(a: Parts, b: Parts) -> tuple[Moved, ...]:
    if not len(a) or not len(b):
        return ()
    names, ms, ms_other = aligned(a, b)
    mean = np.average(ms, axis=0, weights=a.weight)
    other = np.average(ms_other, axis=0, weights=b.weight)
    spread = np.sqrt(ms.var(0) / len(a) + ms_other.var(0) / len(b))
    z = np.divide(mean - other, spread, out=np.zeros(len(names)), where=spread > 0)
    q_values = false_discovery([two_sided(float(value)) for value in z])
    whole = float((mean - other).sum())
    moved = [
        Moved(
            part,
            float(mean[at]),
            float(other[at]),
            change := float(mean[at] - other[at]),
            change / whole if whole else 0.0,
            q,
        )
        for at, (part, q) in enumerate(zip(names, q_values, strict=True))
    ]
    return tuple(sorted(moved, key=lambda one: (-abs(one.change_ms), one.part)))


def _numbers(mine: Mapping[str, list[float]], others: Mapping[str, list[float]]) -> tuple[Number, ...]:
    names = [name for name in sorted(mine.keys() & others.keys()) if min(len(mine[name]), len(others[name])) >= _FEWEST]
    pairs = [(np.array(mine[name]), np.array(others[name])) for name in names]
    z = [rank_sum_z(other, own) for own, other in pairs]
    q_values = false_discovery([two_sided(value) for value in z]) if z else []
    found = [
        Number(name, float(np.median(own)), float(np.median(other)), value, q)
        for name, (own, other), value, q in zip(names, pairs, z, q_values, strict=True)
        if q <= MOST_CHANCE
    ]
    return tuple(sorted(found, key=lambda one: (-abs(one.z), one.name)))


def _mean(parts: Parts) -> float:
    return float(np.average(parts.total_ms, weights=parts.weight)) if len(parts) else 0.0
