"""A histogram of durations with bounded relative error: 256 buckets an octave of microseconds, as HDR histograms have.

A value is off by at most 0.2 %, whatever its size; below 512 µs it is exact. Histograms of slices and machines add up.
"""

from collections.abc import Iterable, Mapping

_BITS = 8
_SUB = 1 << _BITS
_EXACT = _SUB * 2


def bucket(us: int) -> int:
    """The number of the bucket that holds a duration in microseconds."""
    if us < _EXACT:
        return max(us, 0)
    shift = us.bit_length() - _BITS - 1
    return (shift << _BITS) + (us >> shift)


def bounds(number: int) -> tuple[int, int]:
    """The half-open range of microseconds that a bucket holds."""
    if number < _EXACT:
        return number, number + 1
    shift = (number >> _BITS) - 1
    low = ((number & (_SUB - 1)) + _SUB) << shift
    return low, low + (1 << shift)


class Histogram:
    """Counts of durations."""

    __slots__ = ("_sorted", "counts", "total")

    def __init__(self, counts: Mapping[int, int] | None = None) -> None:
        self.counts: dict[int, int] = dict(counts or {})
        self.total = sum(self.counts.values())
        self._sorted: list[int] | None = None

    def record(self, us: int) -> None:
        """Add one duration in microseconds."""
        number = bucket(us)
        counts = self.counts
        counts[number] = counts.get(number, 0) + 1
        self.total += 1
        self._sorted = None

    def add(self, other: "Histogram") -> None:
        """Add all that another holds."""
        for number, count in other.counts.items():
            self.counts[number] = self.counts.get(number, 0) + count
        self.total += other.total
        self._sorted = None

    @classmethod
    def merged(cls, parts: Iterable["Histogram"]) -> "Histogram":
        """All parts as one."""
        whole = cls()
        for part in parts:
            whole.add(part)
        return whole

    def quantile(self, share: float) -> float | None:
        """The duration in µs that `share` (0 to 1) of the values do not pass; None of nothing."""
        if not self.total:
            return None
        rank = min(max(share, 0.0), 1.0) * self.total
        passed = 0
        for number in self._order():
            count = self.counts[number]
            if passed + count >= rank:
                low, high = bounds(number)
                return low if high - low == 1 else low + (high - low) * (rank - passed) / count
            passed += count
        return float(bounds(self._order()[-1])[0])

    def within(self, us: float) -> float:
        """How many values lie at or below a duration in µs; the bucket that holds it counts in part."""
        found = 0.0
        for number, count in self.counts.items():
            low, high = bounds(number)
            if high - 1 <= us:
                found += count
            elif low <= us:
                found += count * (us - low) / (high - low)
        return found

    def mean(self) -> float | None:
        """The mean in µs; None of nothing."""
        if not self.total:
            return None
        return sum((low + high - 1) / 2 * self.counts[one] for one in self.counts for low, high in (bounds(one),)) / (
            self.total
        )

    def maximum(self) -> float | None:
        """The longest in µs, to the bucket; None of nothing."""
        return float(bounds(self._order()[-1])[1] - 1) if self.total else None

    def pairs(self) -> list[tuple[int, int]]:
        """(bucket, count) by bucket: the form in which results are stored."""
        return [(number, self.counts[number]) for number in self._order()]

    def _order(self) -> list[int]:
        if self._sorted is None:
            self._sorted = sorted(self.counts)
        return self._sorted
