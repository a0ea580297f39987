"""Tail sampling: whether a trace is kept is settled when it has ended, by what came of it.

Traces that failed or were slow are kept, and a share of the others, chosen by their ids; of those that go, all spans
are deleted. Counts and rates of what is left are of what is left: no span is told to stand for others.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from trimtab.base.clock import Clock
from trimtab.store.sql import load_queries
from trimtab.store.state.database import State
from trimtab.store.telemetry.client import ReadLimits, Telemetry
from trimtab.traces.model import NS_A_MS
from trimtab.traces.preferences import Kept, TracePreferences

_QUERIES = load_queries("trimtab.traces")
_LIMITS = ReadLimits(seconds=120, memory_mb=1024, threads=1)
SHARES = 1_000_000
"""Parts in which a share is told."""
_BACK_MS = 3_600_000
"""How far back a round looks: what a crash or an outage of an hour left is settled after all."""
_OVERLAP_MS = 600_000  # rounds look at these minutes again, for spans that came late


@dataclass
class TailSampling:
    """In one process at a time."""

    telemetry: Telemetry
    state: State
    clock: Clock
    may_write: Callable[[], bool] = lambda: True
    _until_ms: dict[tuple[str, str], int] = field(default_factory=dict)

    async def settle(self) -> int:
        """Let go of traces that have ended and are not to be kept; of how many places. Raises Unavailable."""
        policies = await TracePreferences(self.state, self.clock).tail_policies()
        for kept in policies:
            if self.may_write():
                await self._settle(kept)
        return len(policies)

    async def _settle(self, kept: Kept) -> None:
        policy, place = kept.policy, (kept.account, kept.region)
        end_ms = self.clock.now_ms() - policy.delay_s * 1000
        start_ms = max(self._until_ms.get(place, 0) - _OVERLAP_MS, end_ms - _BACK_MS)
        params = {
            "account": kept.account,
            "region": kept.region,
            "from": start_ms,
            "to": end_ms,
            "slow_ns": policy.slow_ms * NS_A_MS,
            "share": round(policy.share * SHARES),
            "shares": SHARES,
        }
        if policy.share < 1:
            await asyncio.to_thread(self.telemetry.execute, _QUERIES["let_go"], params, limits=_LIMITS)
        self._until_ms[place] = end_ms
