"""From many requests to few engine queries: one for each table and period, whatever the number of requests."""

from collections.abc import Iterable, Sequence
from enum import StrEnum

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from trimtab.base.errors import InvalidInput
from trimtab.metrics.model import Kind, Series
from trimtab.metrics.statistics import Family, Statistic


class StatRequest(Struct, frozen=True):
    """`statistic` of the union of `series` (ids), in periods of `period_s` seconds that begin at `origin_ms`."""

    series: tuple[int, ...]
    statistic: Statistic
    period_s: int
    origin_ms: int = 0


class StatSeries(Struct, frozen=True):
    """The answer: bucket starts (ms, ascending) and a value for each. Buckets without a value are absent."""

    times: npt.NDArray[np.int64]
    values: npt.NDArray[np.float64]


class Source(StrEnum):
    """What is read for a kind of series; the value is the first part of the query's name."""

    EVENTS = "events"
    GAUGES = "gauges"
    INCREASES = "increases"
    HISTOGRAMS = "histograms"


class Shape(StrEnum):
    """How much is needed of it; the value is the second part of the query's name."""

    TOTALS = "totals"
    LAST = "last"
    SAMPLES = "samples"


class Fetch(Struct, frozen=True):
    """One engine query."""

    source: Source
    shape: Shape
    period_ms: int
    origin_ms: int = 0


Part = tuple[Fetch, frozenset[int]]
"""The series of a request that one fetch answers."""


class Atoms(Struct, frozen=True):
    """The coarsest partition of series in which every requested set is a union of atoms.

    The engine groups by atom, so a request over ten thousand series comes back as one result, and requests that share
    series share what was read. `members` names the atoms of each set; `atoms[i]` is the atom of series `ids[i]`.
    """

    ids: tuple[int, ...]
    atoms: tuple[int, ...]
    members: dict[frozenset[int], tuple[int, ...]]

    @classmethod
    def of(cls, sets: Iterable[frozenset[int]]) -> "Atoms":
        """Partition the union of `sets`."""
        distinct = tuple(dict.fromkeys(sets))
        signatures: dict[int, tuple[int, ...]] = {}
        for number, ids in enumerate(distinct):
            for series_id in ids:
                signatures[series_id] = (*signatures.get(series_id, ()), number)
        numbers: dict[tuple[int, ...], int] = {}
        atoms = tuple(numbers.setdefault(signature, len(numbers)) for signature in signatures.values())
        members: list[list[int]] = [[] for _ in distinct]
        for signature, atom in numbers.items():
            for number in signature:
                members[number].append(atom)
        return cls(tuple(signatures), atoms, dict(zip(distinct, map(tuple, members), strict=True)))


class Plan(Struct, frozen=True):
    """The fetches, and for every request the parts that answer it."""

    fetches: dict[Fetch, Atoms]
    parts: tuple[tuple[Part, ...], ...]


def make_plan(requests: Sequence[StatRequest], known: dict[int, Series]) -> Plan:
    """Plan `requests` over the `known` (readable) series; others are left out.

    Raises InvalidInput for a period that is not above zero.
    """
    sets: dict[Fetch, list[frozenset[int]]] = {}
    parts = []
    for request in requests:
        if request.period_s <= 0:
            raise InvalidInput(f"cannot read statistics: got a period of {request.period_s} s; expected above 0")
        mine = _parts(request, known)
        parts.append(mine)
        for fetch, ids in mine:
            sets.setdefault(fetch, []).append(ids)
    return Plan({fetch: Atoms.of(wanted) for fetch, wanted in sets.items()}, tuple(parts))


def _parts(request: StatRequest, known: dict[int, Series]) -> tuple[Part, ...]:
    by_fetch: dict[Fetch, list[int]] = {}
    for series_id in request.series:
        series = known.get(series_id)
        fetch = series and _fetch(series.identity.kind, request)
        if fetch:
            by_fetch.setdefault(fetch, []).append(series_id)
    return tuple((fetch, frozenset(ids)) for fetch, ids in by_fetch.items())


def _fetch(kind: Kind, request: StatRequest) -> Fetch | None:
    """What to read; None where the kind has no such statistic (the last value of a histogram)."""
    statistic, period_ms = request.statistic, request.period_s * 1000
    origin_ms = request.origin_ms % period_ms
    last = statistic.family is Family.LAST
    if kind is Kind.HISTOGRAM:
        # Extremes and percentiles both need the buckets, so one shape serves all.
        return None if last else Fetch(Source.HISTOGRAMS, Shape.SAMPLES, period_ms, origin_ms)
    shape = Shape.LAST if last else Shape.TOTALS if statistic.simple else Shape.SAMPLES
    if kind is Kind.EVENTS:
        return Fetch(Source.EVENTS, shape, period_ms, origin_ms)
    increases = not last and (kind is Kind.COUNTER or statistic.family is Family.RATE)
    return Fetch(Source.INCREASES if increases else Source.GAUGES, shape, period_ms, origin_ms)
