"""When a counter that is met for the first time began, by whichever door: one rule for all.

A zero is stored where it began, so that what it counted before its first sample is not lost. Only where that is not
long before the sample: what a process counted in hours would else appear as if it happened in the minute in which the
process is met, as the CPU time of a host since its boot.
"""

RECENT_MS = 300_000
"""How long before: Prometheus' look-back, within which a scrape or an export is expected."""


def recent(began_ms: int, time_ms: int) -> bool:
    """Whether a zero at `began_ms` belongs in front of a sample at `time_ms`."""
    return 0 < began_ms < time_ms <= began_ms + RECENT_MS
