"""A function's memory, tuned on measured runs: how long it takes and what it costs at each size.

Lambda gives CPU in proportion to memory, one core's worth at 1,769 MB. What a size was measured at is what counts; of
sizes between and around them a line is told: duration = fixed + work ÷ CPU share, fitted to the measured means (it is
an estimate, and says so, with the error that it has on the measured ones). Money is exact per measured mean.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal

import numpy as np
from msgspec import Struct

from trimtab.base.errors import InvalidInput
from trimtab.inventory.catalog.functions import MB_MS_A_GB_S, FunctionPrice
from trimtab.scaling.provisioned.concurrency import Array

FULL_CORE_MB = 1769
"""Memory at which a function has the equivalent of one vCPU (Lambda's guide)."""
LEAST_MB, MOST_MB = 128, 10_240
FEWEST_RUNS = 5
"""Runs of a size below which its mean is not used."""
_SIZES = (128, 192, 256, 384, 512, 768, 1024, 1536, 1769, 2048, 3072, 4096, 6144, 8192, 10_240)
_MILLION = 1_000_000


class Measured(Struct, frozen=True):
    """Runs at one size: how many, their mean and 95th percentile in ms."""

    memory_mb: int
    runs: int
    mean_ms: float
    p95_ms: float


class Size(Struct, frozen=True):
    """A size: duration in ms and dollars a million runs. `runs` 0: it was not measured, the line tells it."""

    memory_mb: int
    runs: int
    mean_ms: float
    p95_ms: float | None
    per_million: Decimal


class Tuned(Struct, frozen=True):
    """Sizes by memory; the cheapest, the fastest, and the best by both; how far the line is off where it is known."""

    sizes: tuple[Size, ...]
    cheapest: Size
    fastest: Size
    balanced: Size
    line_error: float | None
    words: str


def measured_of(memory_mb: Sequence[int], durations_ms: Sequence[float]) -> list[Measured]:
    """Runs by size. Raises InvalidInput."""
    if len(memory_mb) != len(durations_ms) or not len(memory_mb):
        raise InvalidInput("cannot tune memory: expected as many durations as sizes, and some", field="durations_ms")
    sizes, times = np.asarray(memory_mb, dtype=np.int64), np.asarray(durations_ms, dtype=np.float64)
    if (sizes < LEAST_MB).any() or (sizes > MOST_MB).any() or (times < 0).any() or not np.isfinite(times).all():
        raise InvalidInput(
            f"cannot tune memory: expected sizes of {LEAST_MB} to {MOST_MB} MB and durations of 0 ms or more",
            field="memory_mb",
        )
    return [
        Measured(int(size), int((sizes == size).sum()), float(times[sizes == size].mean()),
                 float(np.quantile(times[sizes == size], 0.95)))
        for size in np.unique(sizes)
    ]  # fmt: skip


def tune(
    measured: Sequence[Measured], price: FunctionPrice, most_ms: float | None = None, weight: float = 0.5
) -> Tuned:
    """The curve, and which size to take; those slower than `most_ms` are not advised.

    `weight` is what cost counts beside speed for the balanced one, 0 to 1. Raises InvalidInput for too few runs, and
    where no measured size is fast enough.
    """
    known = sorted((one for one in measured if one.runs >= FEWEST_RUNS), key=lambda one: one.memory_mb)
    if not known:
        raise InvalidInput(f"cannot tune memory: no size has {FEWEST_RUNS} runs or more", field="memory_mb")
    if not 0 <= weight <= 1:
        raise InvalidInput(f"cannot weigh cost by {weight}: expected 0 to 1", field="weight")
    own = [Size(one.memory_mb, one.runs, one.mean_ms, one.p95_ms, _cost(one.memory_mb, one.mean_ms, price))
           for one in known]  # fmt: skip
    able = [one for one in own if most_ms is None or (one.p95_ms or one.mean_ms) <= most_ms]
    if not able:
        raise InvalidInput(f"no measured size keeps 95 % of its runs within {most_ms:g} ms: measure a larger one",
                           field="most_ms")  # fmt: skip
    line, error = _line(known)
    told = [
        Size(size, 0, line[size], None, _cost(size, line[size], price))
        for size in line
        if known[0].memory_mb < size < known[-1].memory_mb and size not in {one.memory_mb for one in known}
    ]
    cheapest = min(able, key=lambda one: (one.per_million, one.mean_ms))
    fastest = min(able, key=lambda one: (one.mean_ms, one.per_million))
    balanced = min(able, key=lambda one: _score(one, cheapest, fastest, weight))
    sizes = tuple(sorted([*own, *told], key=lambda one: one.memory_mb))
    return Tuned(sizes, cheapest, fastest, balanced, error, _words(own, cheapest, fastest, balanced))


def _cost(memory_mb: int, mean_ms: float, price: FunctionPrice) -> Decimal:
    """Dollars of a million runs: billed by the millisecond, and a request each."""
    per_run = Decimal(memory_mb) * Decimal(str(round(mean_ms, 6))) / MB_MS_A_GB_S * price.per_gb_second
    return per_run * _MILLION + price.per_million_requests


def _line(known: Sequence[Measured]) -> tuple[Mapping[int, float], float | None]:
    """Durations by size of the line fixed + work ÷ CPU share, and its largest relative error where it was measured."""
    if len(known) < 2:
        return {}, None
    shares = np.array([one.memory_mb / FULL_CORE_MB for one in known])
    columns = np.column_stack([np.ones(len(known)), 1 / shares])
    means = np.array([one.mean_ms for one in known])
    if not (means > 0).all():
        return {}, None
    found = _least(columns / means[:, None])  # relative errors count
    error = float(np.abs(columns @ found / means - 1).max())
    return {size: float(found[0] + found[1] * FULL_CORE_MB / size) for size in _SIZES}, error


def _least(columns: Array) -> Array:
    """The parts of two columns of positive numbers, neither negative, whose sum is nearest to 1 (least squares)."""
    wanted = np.ones(len(columns))
    both = np.asarray(np.linalg.lstsq(columns, wanted)[0], np.float64)
    if (both >= 0).all():
        return both
    alone: Array = np.diag(columns.sum(axis=0) / (columns**2).sum(axis=0))  # on the border one of them is 0
    nearest = int(np.argmin([((columns @ one - wanted) ** 2).sum() for one in alone]))
    return alone[nearest : nearest + 1].ravel()


def _score(one: Size, cheapest: Size, fastest: Size, weight: float) -> float:
    cost = float(one.per_million / cheapest.per_million)
    return weight * cost + (1 - weight) * one.mean_ms / max(fastest.mean_ms, 1e-9)


def _words(own: Sequence[Size], cheapest: Size, fastest: Size, balanced: Size) -> str:
    if len(own) == 1:
        return f"only {own[0].memory_mb} MB was measured: run it at other sizes to compare"
    dearest = max(own, key=lambda one: one.per_million)
    saves = 1 - cheapest.per_million / dearest.per_million
    return (f"{balanced.memory_mb} MB: {balanced.mean_ms:.4g} ms for ${balanced.per_million:.4f} a million runs; "
            f"the cheapest is {cheapest.memory_mb} MB, {saves:.0%} below {dearest.memory_mb} MB, the fastest "
            f"{fastest.memory_mb} MB")  # fmt: skip
