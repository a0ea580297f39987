"""Anomalies of log patterns, put together."""

from msgspec import Struct

from trimtab.base.clock import Clock
from trimtab.logs.patterns.anomaly_store import LogAnomalyStore
from trimtab.logs.patterns.detector_store import LogDetectorStore
from trimtab.store.state.database import State


class LogAnomalyRoom(Struct, frozen=True):
    """Known patterns with their anomalies, and the detectors that callers made."""

    store: LogAnomalyStore
    detectors: LogDetectorStore

    @classmethod
    def of(cls, state: State, clock: Clock) -> "LogAnomalyRoom":
        """The room over an open store."""
        return cls(LogAnomalyStore(state, clock), LogDetectorStore(state, clock))
