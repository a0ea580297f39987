"""Raw samples of each (atom, bucket), sorted, for the statistics that need every one of them."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from trimtab.metrics.segments import Segments
from trimtab.store.telemetry.client import Columns

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


class Samples(Struct, frozen=True):
    """Rows of (bucket number, value, count), ordered by atom, bucket and value.

    A NaN value stands for a statistic set whose samples are not known: its bucket has no percentile-type statistic.
    """

    atom: Integers
    bucket: Integers
    value: Floats
    count: Floats

    @classmethod
    def of(cls, columns: Columns) -> "Samples":
        """From an engine result that is ordered by atom, bucket and value (NaN last)."""
        return cls(
            columns["atom"].astype(np.int64), columns["bucket"], columns["value"], columns["count"].astype(np.float64)
        )

    def of_atom(self, atom: int) -> "Samples":
        """The rows of one atom."""
        first, last = np.searchsorted(self.atom, (atom, atom + 1))
        rows = slice(int(first), int(last))
        return Samples(self.atom[rows], self.bucket[rows], self.value[rows], self.count[rows])


def merge_samples(parts: Sequence[Samples]) -> Samples:
    """The rows of all `parts`, ordered by bucket and value (the atoms no longer mean anything)."""
    if len(parts) == 1:
        return parts[0]
    bucket = np.concatenate([part.bucket for part in parts])
    value = np.concatenate([part.value for part in parts])
    order = np.lexsort((value, bucket))
    atom = np.concatenate([part.atom for part in parts])
    count = np.concatenate([part.count for part in parts])
    return Samples(atom[order], bucket[order], value[order], count[order])


def segment(samples: Samples) -> Segments:
    """Samples of one request as segments keyed by bucket number."""
    return Segments.of(samples.bucket, samples.value, samples.count)
