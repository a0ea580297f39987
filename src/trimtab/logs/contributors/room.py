"""Contributor Insights, put together."""

import numpy as np
from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.base.clock import Clock
from trimtab.base.errors import InvalidInput
from trimtab.logs.contributors.report import METRICS, Points, Reporter, Span
from trimtab.logs.contributors.store import RuleStore
from trimtab.logs.groups import LogGroups
from trimtab.logs.read import LogReader
from trimtab.store.state.database import State
from trimtab.store.telemetry.client import Telemetry

_NOTHING = Points(np.empty(0, np.int64), {name: np.empty(0) for name in METRICS})


class ContributorsRoom(Struct, frozen=True):
    """The rules and their reports."""

    store: RuleStore
    reporter: Reporter

    @classmethod
    def of(
        cls, telemetry: Telemetry, state: State, groups: LogGroups, reader: LogReader, clock: Clock
    ) -> "ContributorsRoom":
        """The room over open stores."""
        return cls(RuleStore(state, clock), Reporter(telemetry, groups, reader))

    async def metrics(self, scope: Scope, name: str, metric: str, span: Span) -> Points:
        """The points of a rule by name, wherever in the scope it is; nothing for one that is not there.

        Raises InvalidInput for a `metric` that rules do not have, QueryAborted, Unavailable.
        """
        if metric not in METRICS:
            raise InvalidInput(f"got the metric {metric!r} of an insight rule; expected one of {', '.join(METRICS)}")
        for stored in await self.store.named(name):
            here = scope.accounts is None or stored.account in scope.accounts
            if here and (scope.regions is None or stored.region in scope.regions):
                return await self.reporter.metrics(scope, stored, span)
        return _NOTHING
