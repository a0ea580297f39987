"""Warnings and infos that come with an answer. Words as in Prometheus, util/annotations, which people search for."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

import numpy as np
from msgspec import Struct, field

from trimtab.metrics.promql.language.literals import general, quoted
from trimtab.metrics.promql.problems import line_and_column

ADD, SUBTRACT, AGGREGATE = "addition", "subtraction", "aggregation"
_SEE = "(see https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile)"


T = TypeVar("T")


def _always() -> None:
    """Nothing ends what nobody limits."""


class Fixed(Struct):
    """What had to be made monotonic in the buckets of a classic histogram."""

    first_ms: int
    last_ms: int
    low: float
    high: float
    most: float
    count: int = 1


class Notes(Struct):
    """What a query says beside its result, each once. `position` is the offset of the expression that is meant.

    `go_on` raises QueryAborted once nobody waits for the result: what may take long asks it again and again.
    """

    text: str
    go_on: Callable[[], None] = _always
    _warnings: dict[tuple[str, int], None] = field(default_factory=dict)
    _infos: dict[tuple[str, int], None] = field(default_factory=dict)
    _fixed: dict[tuple[str, int], Fixed] = field(default_factory=dict)

    @property
    def warnings(self) -> list[str]:
        """Every warning, with its place."""
        return [self._placed(f"PromQL warning: {message}", at) for message, at in self._warnings]

    @property
    def infos(self) -> list[str]:
        """Every info, with its place."""
        plain = [self._placed(f"PromQL info: {message}", at) for message, at in self._infos]
        return plain + [self._monotonic(name, at, fixed) for (name, at), fixed in self._fixed.items()]

    def watched(self, items: Iterable[T]) -> Iterator[T]:
        """The items, as long as the evaluation may go on. Raises QueryAborted."""
        for item in items:
            self.go_on()
            yield item

    def warn(self, message: str, position: int) -> None:
        """Add a warning."""
        self._warnings[(message, position)] = None

    def info(self, message: str, position: int) -> None:
        """Add an info."""
        self._infos[(message, position)] = None

    # -- what several parts say -------------------------------------------------------------------------------------

    def mixed(self, metric: str, position: int) -> None:
        """Floats and histograms in one range."""
        self.warn(f"encountered a mix of histograms and floats for metric name {quoted(metric)}", position)

    def mixed_aggregation(self, position: int) -> None:
        """Floats and histograms in one aggregation."""
        self.warn("encountered a mix of histograms and floats for aggregation", position)

    def mixed_schemas(self, metric: str, position: int) -> None:
        """Exponential and custom buckets together."""
        self.warn(
            "vector contains a mix of histograms with exponential and custom buckets schemas for metric name "
            f"{quoted(metric)}",
            position,
        )

    def mixed_kinds(self, metric: str, position: int) -> None:
        """A classic and a native histogram of the same name."""
        self.warn(f"vector contains a mix of classic and native histograms{_named(metric)}", position)

    def not_counter(self, metric: str, position: int) -> None:
        """A gauge histogram where a counter is expected."""
        self.warn(f"this native histogram metric is not a counter: {quoted(metric)}", position)

    def not_gauge(self, metric: str, position: int) -> None:
        """A counter histogram where a gauge is expected."""
        self.warn(f"this native histogram metric is not a gauge: {quoted(metric)}", position)

    def overlap(self, metric: str, position: int) -> None:
        """A counter's sample that counts from before the sample before it."""
        message = "sample has start time that overlaps with previous sample timestamp for metric "
        self.warn(message + quoted(metric), position)

    def collision(self, operation: str, position: int) -> None:
        """One histogram was reset, the other was not."""
        self.warn(f"conflicting counter resets during histogram {operation}", position)

    def reconciled(self, operation: str, position: int) -> None:
        """Custom buckets that differ were merged."""
        self.info(f"mismatched custom buckets were reconciled during {operation}", position)

    def quantile(self, value: float, position: int) -> None:
        """A quantile that is none."""
        self.warn(f"quantile value should be between 0 and 1, got {general(value)}", position)

    def ratio(self, value: float, capped: float, position: int) -> None:
        """A ratio that is none."""
        message = f"ratio value should be between -1 and 1, got {general(value)}, capping to {general(capped)}"
        self.warn(message, position)

    def bucket(self, metric: str, value: str, position: int) -> None:
        """A label `le` that is no number."""
        what = f'bucket label "le" is missing or has a malformed value of {quoted(value)}'
        self.warn(what + _named(metric), position)

    def ignored_in_aggregation(self, op: str, position: int) -> None:
        """Histograms that an aggregation leaves out."""
        self.info(f"ignored histogram in {op} aggregation", position)

    def ignored_in_range(self, metric: str, position: int) -> None:
        """Histograms that a function leaves out of a range that has floats too."""
        message = "ignored histograms in a range containing both floats and histograms for metric name "
        self.info(message + quoted(metric), position)

    def incompatible(self, left: str, op: str, right: str, position: int) -> None:
        """An operator that does not take these."""
        shown = f"{left} {op} {right}"
        self.info(f'incompatible sample types encountered for binary operator "{op}": {shown}', position)

    def maybe_no_counter(self, metric: str, position: int) -> None:
        """A rate of something that is not called a counter."""
        message = "metric might not be a counter, name does not end in _total/_sum/_count/_bucket: "
        self.info(message + quoted(metric), position)

    def nan_result(self, metric: str, position: int) -> None:
        """A quantile that lies among observations of NaN."""
        self.info(f"input to histogram_quantile has NaN observations, result is NaN{_named(metric)}", position)

    def nan_skew(self, metric: str, position: int) -> None:
        """A quantile beside observations of NaN."""
        message = "input to histogram_quantile has NaN observations, result is skewed higher"
        self.info(message + _named(metric), position)

    def nan_fraction(self, metric: str, position: int) -> None:
        """A fraction beside observations of NaN."""
        message = "input to histogram_fraction has NaN observations, which are excluded from all fractions"
        self.info(message + _named(metric), position)

    def monotonic(self, metric: str, position: int, found: Fixed) -> None:
        """A classic histogram whose buckets fell where they may only rise."""
        known = self._fixed.get((metric, position))
        if known is None:
            self._fixed[(metric, position)] = found
            return
        known.first_ms, known.last_ms = min(known.first_ms, found.first_ms), max(known.last_ms, found.last_ms)
        known.low, known.high = min(known.low, found.low), max(known.high, found.high)
        known.most = max(known.most, found.most)
        known.count += found.count

    def _monotonic(self, metric: str, position: int, fixed: Fixed) -> str:
        begin, end = (_iso(at) for at in (fixed.first_ms, fixed.last_ms))
        return self._placed(
            f"PromQL info: input to histogram_quantile needed to be fixed for monotonicity {_SEE}{_named(metric)}, "
            f"from buckets {general(fixed.low)} to {general(fixed.high)}, with a max diff of {_two(fixed.most)}, "
            f"over {fixed.count} samples from {begin} to {end}",
            position,
        )

    def _placed(self, message: str, position: int) -> str:
        return f"{message} ({line_and_column(self.text, position)})"


def _named(metric: str) -> str:
    return f" for metric name {quoted(metric)}" if metric else ""


def _two(value: float) -> str:
    return f"{value:.2g}"


def _iso(time_ms: int) -> str:
    return str(np.datetime64(time_ms // 1000, "s")) + "Z"
