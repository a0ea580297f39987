"""The rollup tiers, coarsest last, how long each is kept, and which are written at all."""

from collections.abc import Sequence

from msgspec import Struct

from trimtab.settings import Settings

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


class Tier(Struct, frozen=True):
    """One resolution: its bucket length (ms) and its tables (rollup rows, thinned histograms).

    `detailed` says that each of its rows has what few reads need (details.py).
    """

    period_ms: int
    table: str
    histograms: str
    detailed: bool = False


ONE_MINUTE = Tier(60_000, "metric_rollup_1m", "metric_histograms_1m")
FIVE_MINUTES = Tier(300_000, "metric_rollup_5m", "metric_histograms_5m")
ONE_HOUR = Tier(HOUR_MS, "metric_rollup_1h", "metric_histograms_1h", detailed=True)
TIERS = (ONE_MINUTE, FIVE_MINUTES, ONE_HOUR)

RAW_TABLES = ("metric_values", "metric_sets", "metric_samples", "metric_histograms")


def coarsest(period_ms: int, origin_ms: int = 0, tiers: Sequence[Tier] = TIERS) -> Tier | None:
    """The coarsest of `tiers` whose buckets make up every bucket of `period_ms` that begins at `origin_ms`; None where
    only raw points do.
    """
    fitting = (tier for tier in reversed(tiers) if not period_ms % tier.period_ms and not origin_ms % tier.period_ms)
    return next(fitting, None)


class Retention(Struct, frozen=True):
    """Days for which raw points and each tier are kept (days of UTC, whole)."""

    raw_days: int = 15
    tier_days: tuple[int, int, int] = (15, 63, 455)

    @classmethod
    def of(cls, settings: Settings) -> "Retention":
        """As configured."""
        own = settings
        return cls(own.retention_raw_days, (own.retention_1m_days, own.retention_5m_days, own.retention_1h_days))

    @property
    def written(self) -> tuple[Tier, ...]:
        """The tiers that are written: rows of a minute are, where they outlive the raw points that tell the same."""
        return TIERS if self.tier_days[0] > self.raw_days else (FIVE_MINUTES, ONE_HOUR)

    def raw_from(self, now_ms: int) -> int:
        """The start (ms) of the oldest day whose raw points are kept."""
        return _oldest(now_ms, self.raw_days)

    def tier_from(self, tier: Tier, now_ms: int) -> int:
        """The start (ms) of the oldest day whose rows of `tier` are kept."""
        return _oldest(now_ms, self.tier_days[TIERS.index(tier)])


def _oldest(now_ms: int, days: int) -> int:
    return (now_ms // DAY_MS - days) * DAY_MS
