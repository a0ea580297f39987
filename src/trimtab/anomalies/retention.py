"""Drops found anomalies that are past their retention, by whole months."""

from collections.abc import Callable

from msgspec import Struct

from trimtab.base.clock import Clock, to_datetime
from trimtab.store.sql import load_queries
from trimtab.store.telemetry.client import Telemetry
from trimtab.store.telemetry.schema_anomalies import ANOMALIES

_QUERIES = load_queries("trimtab.anomalies")
_DAY_MS = 86_400_000


class AnomalyRetention(Struct, frozen=True):
    """Keeps anomalies for `days`."""

    telemetry: Telemetry
    clock: Clock
    days: int
    may_write: Callable[[], bool]

    def drop(self) -> int:
        """Drop the months that ended before; how many went. Blocks. Raises Unavailable."""
        oldest = to_datetime(self.clock.now_ms() - self.days * _DAY_MS)
        first = oldest.year * 100 + oldest.month
        gone = [int(month) for month in self.telemetry.fetch_sync(_QUERIES["months"])["month"] if month < first]
        for month in gone:
            if self.may_write():
                self.telemetry.command(f"ALTER TABLE {ANOMALIES.name} DROP PARTITION {month}")
        return len(gone)
