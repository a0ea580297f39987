"""A native histogram as a value: counts are floats, and buckets are numbered as Prometheus numbers them.

Bucket i of schema s is (base^(i-1), base^i] with base = 2^(2^-s); with custom buckets (schema -53) bucket i is
(custom[i-1], custom[i]]. Negative buckets mirror positive ones. Source: Prometheus documentation, "Native histograms".

One histogram is one object, whose buckets are arrays: a query meets thousands of them, not millions.
"""

from enum import StrEnum

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from trimtab.base.records import replace

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

CUSTOM = -53
"""The schema of custom buckets."""


class Hint(StrEnum):
    """What is known of a counter reset before this histogram."""

    UNKNOWN = ""
    RESET = "reset"
    NOT_RESET = "not_reset"
    GAUGE = "gauge"


class Buckets(Struct, frozen=True, eq=False):
    """Bucket numbers, ascending, each once, and their counts; some may be 0."""

    index: Integers
    count: Floats

    @classmethod
    def of(cls, first: int, counts: list[float]) -> "Buckets":
        """A run of buckets."""
        return cls(np.arange(first, first + len(counts), dtype=np.int64), np.array(counts, dtype=np.float64))

    def compact(self) -> "Buckets":
        """Without empty buckets."""
        some = self.count != 0
        return self if some.all() else Buckets(self.index[some], self.count[some])

    def scaled(self, factor: float) -> "Buckets":
        """All counts times a factor."""
        with np.errstate(invalid="ignore", over="ignore"):
            return Buckets(self.index, self.count * factor)

    def same(self, other: "Buckets") -> bool:
        """Equal in every bucket that is not empty."""
        mine, others = self.compact(), other.compact()
        return np.array_equal(mine.index, others.index) and np.array_equal(mine.count, others.count, equal_nan=True)


NO_BUCKETS = Buckets(np.empty(0, np.int64), np.empty(0))


class Histogram(Struct, frozen=True, eq=False):
    """One native histogram. `custom` are the upper bounds of custom buckets, the last of which ends at +Inf."""

    schema: int = 0
    count: float = 0.0
    sum: float = 0.0
    zero_count: float = 0.0
    zero_threshold: float = 0.0
    positive: Buckets = NO_BUCKETS
    negative: Buckets = NO_BUCKETS
    custom: tuple[float, ...] = ()
    hint: Hint = Hint.UNKNOWN

    @property
    def is_custom(self) -> bool:
        """Whether the buckets have bounds of their own."""
        return self.schema == CUSTOM

    def compact(self) -> "Histogram":
        """Without empty buckets."""
        return replace(self, positive=self.positive.compact(), negative=self.negative.compact())

    def without_buckets(self) -> "Histogram":
        """Count, sum and hint alone: what is left where nobody looks at buckets."""
        return Histogram(self.schema, self.count, self.sum, hint=self.hint)

    def hinted(self, hint: Hint) -> "Histogram":
        """The same with another hint."""
        return self if self.hint is hint else replace(self, hint=hint)

    def times(self, factor: float) -> "Histogram":
        """Every count and the sum times a factor; a negative one makes a gauge of it."""
        return replace(
            self,
            count=self.count * factor,
            sum=self.sum * factor,
            zero_count=self.zero_count * factor,
            positive=self.positive.scaled(factor),
            negative=self.negative.scaled(factor),
            hint=Hint.GAUGE if factor < 0 else self.hint,
        )

    def over(self, divisor: float) -> "Histogram":
        """Every count and the sum divided; by 0 no bucket remains."""
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            count, total, zero = (np.array((self.count, self.sum, self.zero_count)) / divisor).tolist()
            if divisor == 0:
                sides = NO_BUCKETS, NO_BUCKETS
            else:
                sides = (
                    Buckets(self.positive.index, self.positive.count / divisor),
                    Buckets(self.negative.index, self.negative.count / divisor),
                )
        hint = Hint.GAUGE if divisor < 0 else self.hint
        return replace(self, count=count, sum=total, zero_count=zero, positive=sides[0], negative=sides[1], hint=hint)

    def same(self, other: "Histogram") -> bool:
        """Equal in everything but the hint."""
        alike = np.array_equal(
            (self.count, self.sum, self.zero_count, self.zero_threshold),
            (other.count, other.sum, other.zero_count, other.zero_threshold),
            equal_nan=True,
        )
        return (
            alike
            and self.schema == other.schema
            and self.custom == other.custom
            and self.positive.same(other.positive)
            and self.negative.same(other.negative)
        )


def bound(index: Integers, schema: int) -> Floats:
    """The upper bounds of exponential buckets, as far as a float reaches."""
    with np.errstate(over="ignore"):
        bounds: Floats = np.exp2(index * 2.0**-schema)
    # The bucket after the last finite bound ends at the largest float, so that +Inf has one of its own.
    overflow = ~np.isfinite(bounds) & (index <= np.floor(1024 * 2.0**schema))
    bounds[overflow] = np.finfo(np.float64).max
    return bounds
