"""Periods: half-open buckets aligned to the epoch (UTC) or to an origin of the reader, labelled with their start."""

from msgspec import Struct

_LEAST_LOOKBACK_MS = 300_000  # Prometheus' staleness limit; scrape and export intervals are shorter.


class Window(Struct, frozen=True):
    """What one engine query reads: `[start_ms, end_ms)` in buckets of `period_ms` (all milliseconds).

    Bucket n is `[n * period_ms + origin_ms, …)`.
    """

    start_ms: int
    end_ms: int
    period_ms: int
    origin_ms: int = 0

    @property
    def lookback_ms(self) -> int:
        """Where reading of cumulative series starts, so that the first point inside has a predecessor."""
        return self.start_ms - max(_LEAST_LOOKBACK_MS, 2 * self.period_ms)


def bucket_start(time_ms: int, period_s: int) -> int:
    """The start (ms) of the bucket that `time_ms` is in."""
    period_ms = period_s * 1000
    return time_ms // period_ms * period_ms


def bucket_end(time_ms: int, period_s: int) -> int:
    """The earliest bucket boundary (ms) at or after `time_ms`."""
    return -(-time_ms // (period_s * 1000)) * period_s * 1000
