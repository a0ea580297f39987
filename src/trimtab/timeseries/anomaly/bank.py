"""The always-on detector: one setting for every series. Give it points as they come; it says how unusual each is.

A bank holds the memories of many series as arrays with a row a series, so that a tick over all of them is one call of
compiled code, without the interpreter's lock. What it says depends only on the points of a series in their order, not
on how they were cut into calls or on what else is in the bank.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from trimtab.timeseries.anomaly.alerts import THRESHOLD, walk
from trimtab.timeseries.anomaly.jit import compiled
from trimtab.timeseries.anomaly.kernel import SMOOTH, VIEWS, run
from trimtab.timeseries.anomaly.primitives import BINS, Array

HISTORY = 4032
"""Points that a series is compared with: two weeks of five-minute points."""
REMEMBERED = 16_384.0
"""Numbers of a view after which the older ones count half."""

Times = npt.NDArray[np.int64]
Values = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]


_DERIVED = frozenset({"ordered", "is_ordered"})


class Scored(Struct, frozen=True):
    """Of each point given: how unusual it is (0 upwards; see `kernel`), and whether that deserves an alert.

    `said` (points × 2) is what the lasting and the sudden judge say; the score is the greater.
    """

    scores: Values
    alerts: npt.NDArray[np.bool_]
    said: Values

    def of(self, part: slice) -> "Scored":
        """Of some of the points."""
        return Scored(self.scores[part], self.alerts[part], self.said[part])


class Bank(Struct, eq=False):
    """The memories of `len(sizes)` series: 60 kB a row when full, of which the newest 4032 points are 32.

    Values are kept as distances from the first one, in single precision; times in whole seconds; `sizes` of them are
    known. `counts`, `bases` and `misses` are the kernel's. `worn` is how used the reader is to alerts of the series,
    and the points since the last one, by judge. `ordered` are the values again, ascending, where `is_ordered`: 16 kB
    that spare a sort at each tick. Memory of points that have not come is not touched, and so not taken.
    """

    origins: Values
    seconds: npt.NDArray[np.uint32]
    values: npt.NDArray[np.float32]
    sizes: npt.NDArray[np.int64]
    counts: npt.NDArray[np.float32]
    bases: Values
    misses: Values
    worn: Values
    ordered: npt.NDArray[np.float32]
    is_ordered: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, rows: int) -> "Bank":
        """A bank in which no series has been seen yet."""
        worn = np.zeros((rows, 2, 2))
        worn[:, :, 1] = np.inf
        return cls(
            np.zeros(rows),
            np.zeros((rows, HISTORY), np.uint32),
            np.zeros((rows, HISTORY), np.float32),
            np.zeros(rows, np.int64),
            np.zeros((rows, VIEWS, BINS + 1), np.float32),
            np.zeros((rows, VIEWS + 1)),
            np.zeros((rows, 2, SMOOTH)),
            worn,
            np.zeros((rows, HISTORY), np.float32),
            np.zeros(rows, np.bool_),
        )

    def score(self, rows: Rows, offsets: Rows, times: Times, values: Values, threshold: float = THRESHOLD) -> Scored:
        """Score points that follow those seen, and remember them: `offsets[i]:offsets[i + 1]` are those of `rows[i]`.

        `rows` are distinct, `values` finite: else it raises ValueError, and has remembered nothing. `times` are ms.
        Points count in the order in which they come: a time before one that was seen already (a late point, a local
        clock that goes back an hour) counts as that one.
        """
        self._check(rows, offsets, times, values)
        said, raised = np.zeros((len(values), 2)), np.zeros(len(values), np.bool_)
        if len(values):
            self._order(rows)
            _advance(
                rows, offsets, times // 1000, values, self.ordered, threshold, self.origins, self.seconds, self.values,
                self.sizes, self.counts, self.bases, self.misses, self.worn, said, raised,
            )  # fmt: skip
        return Scored(said.max(axis=1), raised, said)

    def forget(self, row: int) -> None:
        """Make room for another series in `row`."""
        fresh = Bank.of(1)
        for (_, mine), (_, new) in zip(self.arrays(), fresh.arrays(), strict=True):
            mine[row] = new[0]

    def points(self, row: int) -> tuple[Times, Values]:
        """The times (ms) and values that are remembered of the series in `row`, the oldest first."""
        size = int(self.sizes[row])
        times = self.seconds[row, :size].astype(np.int64) * 1000
        return times, self.values[row, :size].astype(np.float64) + self.origins[row]

    def last_ms(self, row: int) -> int:
        """The time of the newest point in `row`; 0 before the first."""
        size = int(self.sizes[row])
        return int(self.seconds[row, size - 1]) * 1000 if size else 0

    def arrays(self) -> Iterator[tuple[str, npt.NDArray[np.generic]]]:
        """Everything that is remembered, by name: what a copy on disk has to have."""
        for name in self.__struct_fields__:
            if name not in _DERIVED:
                yield name, getattr(self, name)

    def _order(self, rows: Rows) -> None:
        """Sort what rows hold that were not scored since they were made or read."""
        for row in rows[~self.is_ordered[rows]]:
            size = self.sizes[row]
            self.ordered[row, :size] = np.sort(self.values[row, :size])
            self.is_ordered[row] = True

    def _check(self, rows: Rows, offsets: Rows, times: Times, values: Values) -> None:
        if len(times) != len(values) or not np.isfinite(values).all():
            raise ValueError(
                f"cannot score {len(values)} values at {len(times)} times: expected one finite value a time"
            )
        if len(offsets) != len(rows) + 1 or offsets[-1] != len(times) or len(np.unique(rows)) != len(rows):
            raise ValueError(f"cannot score {len(rows)} series: their offsets do not cut the points into as many parts")


def anomalies(times: Times, values: Values) -> Scored:
    """The scores and alerts of one whole series: a bank of one row."""
    return Bank.of(1).score(np.zeros(1, np.int64), np.array([0, len(times)], np.int64), times, values)


@compiled
def _advance(
    rows: Array, offsets: Array, times: Array, values: Array, ordered: Array, threshold: float, origins: Array,
    seconds: Array, held: Array, sizes: Array, counts: Array, bases: Array, misses: Array, worn: Array, said: Array,
    raised: Array,
) -> None:  # fmt: skip
    """`Bank.score` in compiled code: a row after another. `ordered` are the held values of each row, ascending."""
    history = held.shape[1]
    for k in range(len(rows)):
        row, first, last = rows[k], offsets[k], offsets[k + 1]
        new, size = last - first, sizes[row]
        if new == 0:
            continue
        if bases[row, VIEWS] == 0.0:
            origins[row] = values[first]
        at, shown = np.empty(size + new, np.int64), np.empty(size + new, np.float32)
        for i in range(size):
            at[i] = np.int64(seconds[row, i]) * 1000
            shown[i] = held[row, i]
        newest = at[size - 1] if size > 0 else 0
        for i in range(new):
            newest = max(newest, times[first + i] * 1000)
            at[size + i] = newest
            shown[size + i] = np.float32(values[first + i] - origins[row])
        run(at, shown, size, history, ordered[row], counts[row], bases[row], REMEMBERED, misses[row], said[first:last])
        walk(said[first:last], worn[row], threshold, bases[row, VIEWS] - new, raised[first:last])
        kept = min(size + new, history)
        drop = size + new - kept
        for i in range(kept):
            seconds[row, i] = np.uint32(at[drop + i] // 1000)
            held[row, i] = shown[drop + i]
        sizes[row] = kept
