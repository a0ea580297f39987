"""Objectives, put together."""

from collections.abc import Sequence

from msgspec import Struct

from trimtab.base.clock import Clock
from trimtab.slos.budget import Outcomes
from trimtab.slos.model import SloKey
from trimtab.slos.reading import Expressions, RequestCounts, SloReader
from trimtab.slos.report import Reports
from trimtab.slos.store import SloStore
from trimtab.store.state.database import State


class Burnt(Struct, frozen=True):
    """What an alarm on an objective's budget needs: the objective, and the outcomes of each window at each time."""

    objective: float
    outcomes: Sequence[Sequence[Outcomes]]


class SloRoom(Struct, frozen=True):
    """The objectives, the reader of what counted, and the reports of their budgets."""

    store: SloStore
    reader: SloReader
    reports: Reports
    clock: Clock

    @classmethod
    def of(cls, state: State, clock: Clock, expressions: Expressions, requests: RequestCounts) -> "SloRoom":
        """The room over open stores."""
        reader = SloReader(expressions, requests)
        return cls(SloStore(state, clock), reader, Reports(reader), clock)

    async def burnt(self, key: SloKey, lengths_s: Sequence[int], times: Sequence[int]) -> Burnt:
        """Of each length of window what counted in it at each time (ms, ascending): one read for all.

        Raises NotFound, InvalidInput, QueryAborted, Unavailable.
        """
        kept = await self.store.get(key)
        events = await self.reader.events(kept, times[0] - max(lengths_s) * 1000, times[-1])
        outcomes = [[events.within(time - length * 1000, time) for time in times] for length in lengths_s]
        return Burnt(kept.slo.goal.objective, outcomes)
