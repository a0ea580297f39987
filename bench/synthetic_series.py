"""Made series by family, without and with planted events: a source of their own for what is chosen out of source.

Families are how metrics look: seasons, shifts that last, bursts, gaps, a local clock that goes back, counters that
reset, mostly zeros, saturated at a limit. Five-minute points. Everything follows from the seed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

STEP_MS = 300_000
DAY = 288
HOUR = 12
START_MS = 1_764_000_000_000


@dataclass(frozen=True, slots=True)
class Made:
    """A series: `times` in ms as its clock says, `events` are inclusive pairs of points that were planted."""

    family: str
    times: Integers
    values: Floats
    events: tuple[tuple[int, int], ...]


def made(family: str, seed: int, days: int, events: int = 0) -> Made:
    """A series of a family; `events` of it are planted after its first week, apart by a day at least."""
    random = np.random.default_rng([seed, sorted(FAMILIES).index(family)])
    times = START_MS + STEP_MS * np.arange(days * DAY, dtype=np.int64)
    values = FAMILIES[family](random, days * DAY)
    places = 7 * DAY + random.permutation(days - 8)[:events] * DAY + random.integers(0, DAY - 24, events)
    planted = []
    for at in np.sort(places):
        length = int(random.integers(6, 24))
        part = slice(int(at), int(at) + length)
        spread = (
            float(np.quantile(values, 0.95) - np.quantile(values, 0.05)) + 1e-3 * float(np.abs(values).max()) + 1e-6
        )
        values[part] += random.choice([-1.0, 1.0, 1.5]) * spread * (1.0 + random.random())
        planted.append((part.start, part.stop - 1))
    if family == "gaps":
        kept = random.random(len(times)) > 0.02
        kept[int(random.integers(8 * DAY, 9 * DAY)) :][: 3 * HOUR] = False
        moved = np.cumsum(kept) - 1
        planted = [(int(moved[a]), int(moved[b])) for a, b in planted]
        times, values = times[kept], values[kept]
    if family == "clock":
        times = np.where(np.arange(len(times)) >= 9 * DAY, times - 3_600_000, times)
    return Made(family, times, values, tuple(planted))


def _noise(random: np.random.Generator, points: int, memory: float = 0.7) -> Floats:
    """Noise that remembers the point before, of spread 1."""
    fresh = random.normal(0.0, np.sqrt(1.0 - memory**2), points)
    found = np.empty(points)
    last = 0.0
    for at in range(points):
        last = memory * last + fresh[at]
        found[at] = last
    return found


def _seasons(random: np.random.Generator, points: int) -> Floats:
    at = np.arange(points)
    day = np.sin(2 * np.pi * (at / DAY + random.random())) + 0.3 * np.sin(4 * np.pi * (at / DAY + random.random()))
    weekend = np.where((at // DAY + int(random.integers(7))) % 7 >= 5, random.uniform(0.4, 1.0), 1.0)
    return 50.0 + random.uniform(5, 20) * day * weekend + random.uniform(0.5, 4.0) * _noise(random, points)


def _shifts(random: np.random.Generator, points: int) -> Floats:
    level = np.zeros(points)
    for at in random.integers(0, points, max(points // (10 * DAY), 1)):
        level[at:] += random.uniform(-8, 8)
    return 40.0 + level + random.uniform(1, 3) * _noise(random, points)


def _bursts(random: np.random.Generator, points: int) -> Floats:
    found = 10.0 + _noise(random, points)
    for at in np.flatnonzero(random.random(points) < 1 / 60):
        found[at : at + int(random.integers(1, 5))] += random.exponential(15.0)
    return found


def _counters(random: np.random.Generator, points: int) -> Floats:
    """A count that grows, and begins at 0 after a restart every few days."""
    grown = np.cumsum(np.maximum(5.0 + 2.0 * _noise(random, points), 0.0))
    for at in np.flatnonzero(random.random(points) < 1 / (3 * DAY)):
        grown[at:] -= grown[at]
    return grown


def _zeros(random: np.random.Generator, points: int) -> Floats:
    return np.where(random.random(points) < 0.05, random.poisson(3.0, points), 0).astype(float)


def _saturated(random: np.random.Generator, points: int) -> Floats:
    return np.clip(90.0 + 15.0 * np.sin(2 * np.pi * np.arange(points) / DAY) + 6.0 * _noise(random, points), 0.0, 100.0)


FAMILIES: Mapping[str, Callable[[np.random.Generator, int], Floats]] = {
    "seasons": _seasons,
    "shifts": _shifts,
    "bursts": _bursts,
    "gaps": _seasons,
    "clock": _seasons,
    "counters": _counters,
    "zeros": _zeros,
    "saturated": _saturated,
}
