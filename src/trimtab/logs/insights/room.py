"""Logs Insights, put together."""

from msgspec import Struct

from trimtab.base.clock import Clock
from trimtab.logs.groups import LogGroups
from trimtab.logs.insights.run import LogInsights
from trimtab.logs.insights.running import RunningQueries
from trimtab.logs.insights.saved import SavedQueries
from trimtab.logs.lookups.tables import LookupTables
from trimtab.logs.read import LogReader
from trimtab.store.state.database import State
from trimtab.store.telemetry.client import Telemetry


class InsightsRoom(Struct, frozen=True):
    """Queries that are answered at once, those that run, and those that were saved."""

    insights: LogInsights
    running: RunningQueries
    saved: SavedQueries

    @classmethod
    def of(
        cls, telemetry: Telemetry, state: State, reader: LogReader, groups: LogGroups, clock: Clock
    ) -> "InsightsRoom":
        """The room over open stores."""
        insights = LogInsights(telemetry, reader, groups, clock, LookupTables(telemetry, state, clock))
        return cls(insights, RunningQueries(insights, clock), SavedQueries(state, clock))
