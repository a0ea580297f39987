"""Insight rules of the logs room as metric math asks for them."""

from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.base.clock import Clock
from trimtab.logs.contributors.report import Span
from trimtab.logs.contributors.room import ContributorsRoom
from trimtab.logs.groups import LogGroups
from trimtab.logs.read import Drain, LogReader
from trimtab.metrics.expressions.ports import RulePoints
from trimtab.store.state.database import State
from trimtab.store.telemetry.client import Telemetry


class RuleMetrics(Struct, frozen=True):
    """`metrics.expressions.ports.InsightRules` over the room."""

    room: ContributorsRoom

    @classmethod
    def of(cls, telemetry: Telemetry, state: State, drain: Drain, clock: Clock) -> "RuleMetrics":
        """Over open stores; `drain` is the log in front of log events."""
        groups = LogGroups(state, clock)
        return cls(ContributorsRoom.of(telemetry, state, groups, LogReader(telemetry, groups, drain, clock), clock))

    async def points(
        self, scope: Scope, rule: str, metric: str, start_ms: int, end_ms: int, period_s: int
    ) -> RulePoints:
        """See the port."""
        found = await self.room.metrics(scope, rule, metric, Span(start_ms, end_ms, period_s))
        return RulePoints(found.times, found.values[metric])
