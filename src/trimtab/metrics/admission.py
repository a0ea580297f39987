"""What a series may be, and how many an account may have: checked once, where a series is registered, for all doors.

Peers have the same limits and words: Mimir (`max-label-names-per-series` 30, values of 2,048 characters), Grafana Cloud
and VictoriaMetrics (40 labels). A series that was registered before a limit was lowered stays.
"""

from collections import Counter
from collections.abc import Callable

from msgspec import Struct

from trimtab.base.errors import LimitExceeded
from trimtab.metrics.model import Identity
from trimtab.settings import Settings

RECOUNT_MS = 60_000
"""How long a count of live series stands before an account at its limit is counted anew."""
_REASONS = ("labels", "label_name", "label_value", "account", "memory")


class SeriesRefused(LimitExceeded):
    """A new series passes a limit of its own: of labels, of a name or of a value."""


class TooManySeries(LimitExceeded):
    """An account has as many live series as it may; points of those that it has are taken on."""


class SeriesLimits(Struct, frozen=True):
    """Limits: of a series in labels (dimensions) and characters, of an account in live series."""

    labels: int = 40
    name_length: int = 1024
    value_length: int = 2048
    per_account: int = 1_000_000

    @classmethod
    def of(cls, settings: Settings) -> "SeriesLimits":
        """As configured."""
        return cls(
            labels=settings.max_labels_per_series,
            name_length=settings.max_label_name_length,
            value_length=settings.max_label_value_length,
            per_account=settings.max_series_per_account,
        )


class Admission:
    """Says of a new series whether it may be. `count_live` counts an account's series that had a point lately."""

    def __init__(self, limits: SeriesLimits, count_live: Callable[[str], int], now_ms: Callable[[], int]) -> None:
        self.limits = limits
        self.refused: Counter[str] = Counter(dict.fromkeys(_REASONS, 0))
        """Series refused since the start, by the limit."""
        self.pressed = False
        """Whether the process holds more memory than it may: then no new series is taken."""
        self._count_live = count_live
        self._now_ms = now_ms
        self._known: Counter[str] = Counter()
        self._live: dict[str, tuple[int, int]] = {}  # by account: when it was counted, how many there were

    def registered(self, account: str, number: int = 1) -> None:
        """So many more series of `account` are known."""
        self._known[account] += number
        if account in self._live:
            at, live = self._live[account]
            self._live[account] = at, live + number

    def room(self, account: str) -> int:
        """How many new series `account` may have now."""
        if self.pressed:
            return 0
        limit = self.limits.per_account
        if self._known[account] < limit:
            return limit - self._known[account]
        now = self._now_ms()
        counted = self._live.get(account)
        if counted is None or now - counted[0] >= RECOUNT_MS:
            counted = self._live[account] = now, self._count_live(account)
        return max(limit - counted[1], 0)

    def check(self, identity: Identity, others: int = 0) -> None:
        """Raises SeriesRefused, or TooManySeries where the account has no room for it and `others` beside it."""
        self.check_labels(identity.dimensions)
        if self.pressed:
            self.refused["memory"] += 1
            raise TooManySeries("no new series is taken: the server holds all of TRIMTAB_SERVER_MEMORY_MB")
        if self.room(identity.account) <= others:
            self.refused["account"] += 1
            raise TooManySeries(
                f"per-user series limit of {self.limits.per_account} exceeded; drop labels (`trimtab metrics "
                "cardinality` says which cost most), or set TRIMTAB_MAX_SERIES_PER_ACCOUNT higher"
            )

    def check_labels(self, labels: tuple[tuple[str, str], ...]) -> None:
        """Raises SeriesRefused for labels that pass a limit."""
        limits = self.limits
        if len(labels) > limits.labels:
            raise self.too_many_labels(str(len(labels)))
        longest_name, longest_value = limits.name_length, limits.value_length
        for name, value in labels:
            if len(name) > longest_name:
                self.refused["label_name"] += 1
                raise SeriesRefused(
                    f"received a series whose label name length exceeds the limit (limit: {limits.name_length}); "
                    "TRIMTAB_MAX_LABEL_NAME_LENGTH sets it"
                )
            if len(value) > longest_value:
                self.refused["label_value"] += 1
                raise SeriesRefused(
                    f"received a series whose label value length exceeds the limit (limit: {limits.value_length}), "
                    f"label: '{name}'; TRIMTAB_MAX_LABEL_VALUE_LENGTH sets it"
                )

    def too_many_labels(self, actual: str) -> SeriesRefused:
        """The refusal of a series with `actual` labels, which a door that counts as it reads raises early."""
        self.refused["labels"] += 1
        return SeriesRefused(
            f"received a series whose number of labels exceeds the limit (actual: {actual}, limit: "
            f"{self.limits.labels}); TRIMTAB_MAX_LABELS_PER_SERIES sets it"
        )
