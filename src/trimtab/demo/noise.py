"""Chance without a generator: the noise of a series at a time is a function of the two, so any slice of time, in any
order and at any resolution, comes out the same in every run.

Steps are counted in `STEP_MS`; 5-minute and 15-second data meet on them. Shapes: keys are a column (n, 1), times a
row (m,), results (n, m).
"""

import hashlib
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Times = npt.NDArray[np.int64]
Keys = npt.NDArray[np.uint64]
Marks = npt.NDArray[np.bool_]

STEP_MS = 15_000
"""The finest step of the demo."""
_DAY_MS = 86_400_000
_SECOND_DAY_OF_1970 = 3  # 1970-01-01 was a Thursday; Monday is 0
# Constants of SplitMix64 (Steele, Lea, Flood 2014), a hash that passes the usual tests of randomness.
_GAMMA, _MIX1, _MIX2 = (np.uint64(n) for n in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB))
_30, _27, _31, _32 = (np.uint64(n) for n in (30, 27, 31, 32))
_LOW = np.uint64(0xFFFFFFFF)
_HALF = 2.0**-32


def keys_of(seed: int, purpose: str, names: Iterable[str]) -> Keys:
    """A key a name, as a column; `purpose` keeps apart what the same things are asked for."""
    found = [
        int.from_bytes(hashlib.blake2b(f"{seed}/{purpose}/{name}".encode(), digest_size=8).digest(), "little")
        for name in names
    ]
    return np.array(found, np.uint64).reshape(-1, 1)


def white(keys: Keys, times: Times) -> Floats:
    """Noise in (-1, 1), triangular around 0 (deviation 0.41), independent at every step."""
    bits = _hashed(keys, (times // STEP_MS).astype(np.uint64))
    return ((bits >> _32).astype(np.float64) + (bits & _LOW).astype(np.float64)) * _HALF - 1.0


def drift(keys: Keys, times: Times, period_s: int) -> Floats:
    """Noise in (-1, 1) that moves from one value to the next in `period_s` seconds, without corners."""
    period = period_s * 1000
    cells = times // period
    first = int(cells[0])
    lattice = np.arange(first, int(cells[-1]) + 2)
    values = (_hashed(keys, lattice.astype(np.uint64)) >> _32).astype(np.float64) * (2 * _HALF) - 1.0
    share = (times - cells * period) / period
    share = share * share * (3 - 2 * share)
    at = cells - first
    return values[:, at] * (1 - share) + values[:, at + 1] * share


def chance(keys: Keys, number: int = 0) -> Floats:
    """One number in [0, 1) a key, as a column; `number` draws another."""
    return (_hashed(keys, np.array([number], np.uint64)) >> _32).astype(np.float64) * _HALF


def season(times: Times, peak_hour: float, night: float, weekend: float) -> Floats:
    """Demand of people over a day and a week: 1 at `peak_hour` (UTC) of a working day, `night` twelve hours from it,
    and all of it times `weekend` on Saturdays and Sundays.
    """
    hours = times % _DAY_MS / 3_600_000
    wave = (1 + np.cos((hours - peak_hour) * (np.pi / 12))) / 2
    # Days blend over four hours around midnight, where nobody would see a step in real traffic.
    day = times / _DAY_MS + _SECOND_DAY_OF_1970
    slope = np.clip(np.minimum(day % 7 - 5, 7 - day % 7) * 6 + 0.5, 0, 1)
    return (night + (1 - night) * wave**1.3) * (1 - (1 - weekend) * slope)


def _hashed(keys: Keys, steps: Keys) -> Keys:
    bits = keys + (steps + np.uint64(1)) * _GAMMA
    bits ^= bits >> _30
    bits *= _MIX1
    bits ^= bits >> _27
    bits *= _MIX2
    bits ^= bits >> _31
    return bits
