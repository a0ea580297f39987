"""What the engine aggregates of each (atom, bucket), and the simple statistics that follow from it."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from trimtab.metrics.statistics import Family
from trimtab.store.telemetry.client import Columns

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


class Totals(Struct, frozen=True):
    """Rows of (bucket number, count, sum, minimum, maximum), ordered by atom; NaN extremes are not known."""

    atom: Integers
    bucket: Integers
    count: Floats
    total: Floats
    low: Floats
    high: Floats

    @classmethod
    def of(cls, columns: Columns) -> "Totals":
        """From an engine result that is ordered by atom."""
        return cls(
            columns["atom"].astype(np.int64),
            columns["bucket"],
            columns["count"].astype(np.float64),
            columns["total"],
            columns["low"],
            columns["high"],
        )

    def of_atom(self, atom: int) -> "Totals":
        """The rows of one atom."""
        first, last = np.searchsorted(self.atom, (atom, atom + 1))
        rows = slice(int(first), int(last))
        return Totals(
            self.atom[rows], self.bucket[rows], self.count[rows], self.total[rows], self.low[rows], self.high[rows]
        )


def merge_totals(parts: Sequence[Totals]) -> Totals:
    """One row for each bucket of all `parts`, ascending."""
    whole = parts[0] if len(parts) == 1 else _concatenate(parts)
    if np.all(whole.bucket[1:] > whole.bucket[:-1]):
        return whole
    order = np.argsort(whole.bucket, kind="stable")
    bucket = whole.bucket[order]
    starts = np.flatnonzero(np.append(True, bucket[1:] != bucket[:-1]))
    return Totals(
        whole.atom[order][starts],
        bucket[starts],
        np.add.reduceat(whole.count[order], starts),
        np.add.reduceat(whole.total[order], starts),
        np.fmin.reduceat(whole.low[order], starts),
        np.fmax.reduceat(whole.high[order], starts),
    )


def statistic_of(totals: Totals, family: Family, period_ms: int) -> Floats:
    """A simple statistic of every row; NaN where it is not known. Rate is the sum per second of the period."""
    match family:
        case Family.SAMPLE_COUNT:
            return totals.count
        case Family.SUM:
            return totals.total
        case Family.AVERAGE:
            return totals.total / totals.count
        case Family.MINIMUM:
            return totals.low
        case Family.MAXIMUM:
            return totals.high
        case Family.RATE:
            return totals.total * 1000 / period_ms
    raise ValueError(f"cannot compute {family} from totals: a bug, the plan chose the wrong shape")


class Lasts(Struct, frozen=True):
    """Rows of (bucket number, time of the last value, last value), ordered by atom."""

    atom: Integers
    bucket: Integers
    time: Integers
    value: Floats

    @classmethod
    def of(cls, columns: Columns) -> "Lasts":
        """From an engine result that is ordered by atom."""
        return cls(columns["atom"].astype(np.int64), columns["bucket"], columns["at"], columns["value"])

    def of_atom(self, atom: int) -> "Lasts":
        """The rows of one atom."""
        first, last = np.searchsorted(self.atom, (atom, atom + 1))
        rows = slice(int(first), int(last))
        return Lasts(self.atom[rows], self.bucket[rows], self.time[rows], self.value[rows])


def merge_lasts(parts: Sequence[Lasts]) -> tuple[Integers, Floats]:
    """The buckets of all `parts`, ascending, and the newest value of each."""
    bucket = np.concatenate([part.bucket for part in parts])
    time = np.concatenate([part.time for part in parts])
    value = np.concatenate([part.value for part in parts])
    order = np.lexsort((time, bucket))
    bucket = bucket[order]
    newest = np.append(bucket[1:] != bucket[:-1], True)[: len(bucket)]
    return bucket[newest], value[order][newest]


def _concatenate(parts: Sequence[Totals]) -> Totals:
    return Totals(
        np.concatenate([part.atom for part in parts]),
        np.concatenate([part.bucket for part in parts]),
        np.concatenate([part.count for part in parts]),
        np.concatenate([part.total for part in parts]),
        np.concatenate([part.low for part in parts]),
        np.concatenate([part.high for part in parts]),
    )
