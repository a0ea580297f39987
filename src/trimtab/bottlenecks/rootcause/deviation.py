"""How far values of a window deviate from normal ones: medians, octaves, ranks. Pure."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from msgspec import Struct

Values = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]

_SURE = 2.0
"""Rank-sum z from which a shift is believed wholly; below it, in proportion: two calls may be slow by chance."""


class Shift(Struct, frozen=True):
    """The medians of both windows, the doublings between them, and how sure it is that there is a shift (0 … 1)."""

    normal: float
    now: float
    octaves: float
    sure: float

    @property
    def strength(self) -> float:
        """Octaves up, less where they may be chance."""
        return max(self.octaves, 0.0) * self.sure


def shift(normal: Values, now: Values, grain: float) -> Shift:
    """From `normal` to `now`, both with values; differences below `grain` (in their unit) are nothing."""
    before, after = float(np.median(normal)), float(np.median(now))
    octaves = float(np.log2((max(after, 0.0) + grain) / (max(before, 0.0) + grain)))
    return Shift(before, after, octaves, min(abs(rank_sum_z(normal, now)) / _SURE, 1.0))


def rank_sum_z(normal: Values, now: Values) -> float:
    """Mann and Whitney's U as a normal deviate: positive where `now` ranks above `normal`. Ties share their ranks."""
    a, b = len(normal), len(now)
    together = np.concatenate((normal, now))
    _, inverse, counts = np.unique(together, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2.0)[inverse]
    above = float(ranks[a:].sum()) - b * (b + 1) / 2.0
    total = a + b
    ties = float((counts.astype(np.float64) ** 3 - counts).sum())
    variance = a * b / 12.0 * (total + 1 - ties / (total * (total - 1.0)))
    return 0.0 if variance <= 0 else (above - a * b / 2.0) / float(np.sqrt(variance))


def grouped(codes: Codes, values: Values) -> dict[int, Values]:
    """The values of each code."""
    order = np.argsort(codes, kind="stable")
    kept, first = np.unique(codes[order], return_index=True)
    parts = np.split(values[order], first[1:]) if len(kept) else []
    return dict(zip(kept.tolist(), parts, strict=True))


def windows(values: Values, length: int) -> Iterator[Values]:
    """The parts of a series that are `length` long, one after the other, the last of it included."""
    for end in range(len(values), length - 1, -max(length, 1)):
        yield values[end - length : end]
