"""The room of anomalies as its users are given it."""

from msgspec import Struct

from trimtab.anomalies.mutes import MuteStore
from trimtab.anomalies.progress import ProgressStore
from trimtab.anomalies.read import AnomalyReader
from trimtab.anomalies.together import Comparison
from trimtab.base.clock import Clock
from trimtab.metrics.read import MetricReader
from trimtab.metrics.registry import SeriesRegistry
from trimtab.store.state.database import State
from trimtab.store.telemetry.client import Telemetry


class AnomalyRoom(Struct, frozen=True):
    """Found anomalies, what changed with them, muted series, and how far the detector is."""

    registry: SeriesRegistry
    found: AnomalyReader
    comparison: Comparison
    mutes: MuteStore
    progress: ProgressStore
    clock: Clock

    @classmethod
    def of(
        cls, telemetry: Telemetry, state: State, registry: SeriesRegistry, reader: MetricReader, clock: Clock
    ) -> "AnomalyRoom":
        """The room over open stores."""
        mutes = MuteStore(state, clock)
        found = AnomalyReader(telemetry, registry, mutes)
        return cls(registry, found, Comparison(registry, reader, found), mutes, ProgressStore(state), clock)
