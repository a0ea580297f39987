"""Computed pages are kept ready where pages are looked at: what they show first is worked out some time after a start,
and again before it is too old to be given, so that nobody waits for it. What else somebody asks for is worked out when
it is asked for."""

from collections.abc import Callable, Sequence

from msgspec import Struct
from starlette.requests import Request
from starlette.routing import BaseRoute, Route

from trimtab.access.principal import LOCAL_OPERATOR
from trimtab.base.clock import Clock
from trimtab.jobs.periodic import Job
from trimtab.web.cache import SharedCache

PAGES = (
    "/home/on-call",
    "/runs",
    "/costs",
    "/costs/ahead",
    "/unit-costs",
    "/gpu-health",
    "/serverless",
    "/allocation",
    "/capacity-plan",
)
"""Those that take more than half a second of work, in the order in which they are made."""
_AFTER_S = 130.0
"""How long after a start: sums of calls, which some of them show, are made ready from 120 s on."""
_LOOK_S = 30.0
"""How long after somebody opened the first page the others are made."""
EVERY_S = 480.0
"""Less than the ten minutes for which pages give an answer that is no longer new."""
_REST = 20
"""So many times what a turn took is rested after it: where pages take long, no more than a twentieth is spent."""


class KeptReady(Struct):
    """Asks for pages as a viewer does who sees everything and has chosen nothing. `looked`: whether anybody does."""

    routes: Sequence[BaseRoute]
    cache: SharedCache
    clock: Clock
    looked: Callable[[], bool]
    _rests_until_s: float = 0.0

    def job(self) -> Job:
        """Makes them ready now and then."""
        return Job("keep computed pages ready", _LOOK_S, self.turn, after_s=_AFTER_S)

    async def turn(self) -> None:
        """Ask for every page, one after the other, and wait for what is worked out behind its answer, if it is time."""
        began_s = self.clock.monotonic()
        if began_s < self._rests_until_s or not self.looked():
            return
        there = {one.path: one for one in self.routes if isinstance(one, Route)}
        for path in PAGES:
            if path in there:
                await there[path].endpoint(_request(path))
                await self.cache.renewed()
        now_s = self.clock.monotonic()
        self._rests_until_s = max(began_s + EVERY_S, now_s + _REST * (now_s - began_s))


def _request(path: str) -> Request:
    state = {"principal": LOCAL_OPERATOR, "waits": True}
    place = {"scheme": "http", "server": ("localhost", 80), "path": path, "query_string": b"", "headers": []}
    return Request({"type": "http", "method": "GET", "state": state, **place})
