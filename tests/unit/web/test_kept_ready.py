"""Computed pages are there before somebody asks for them, and again before what is kept is too old."""

import asyncio
from pathlib import Path
from typing import Any, cast

import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from trimtab.access.principal import LOCAL_OPERATOR
from trimtab.access.scope import EVERYTHING
from trimtab.base import patience
from trimtab.base.clock import ManualClock
from trimtab.web.app import WebState, pages_of
from trimtab.web.assets import Assets
from trimtab.web.cache import SharedCache
from trimtab.web.kept_ready import EVERY_S, PAGES, KeptReady
from trimtab.web.site import Site


class Counting:
    """A page that takes some seconds, over a cache."""

    def __init__(self, clock: ManualClock, seconds: float = 1.0) -> None:
        self.clock, self.seconds, self.made = clock, seconds, 0
        self.cache, self.looked = SharedCache(clock), True
        self.patience: list[float | None] = []
        self.scopes: list[object] = []

    async def page(self, request: Request) -> Response:
        self.scopes.append(request.state.principal.scope)

        async def make() -> int:
            self.patience.append(patience.left_s(self.clock))
            self.clock.advance(self.seconds)
            self.made += 1
            return self.made

        return Response(str(await self.cache.get("page", 60.0, make, stale_s=600.0)))

    def ready(self) -> KeptReady:
        return KeptReady([Route("/runs", self.page)], self.cache, self.clock, lambda: self.looked)


def test_a_page_is_made_and_made_again_behind_its_answer_before_it_is_too_old() -> None:
    clock = ManualClock()
    counting = Counting(clock)
    ready = counting.ready()
    job = ready.job()

    async def turns() -> list[int]:
        made = []
        for _ in range(3):
            await job.work()
            made.append(counting.made)
            await job.work()  # it is too early
            clock.advance(EVERY_S)
        return made

    assert job.seconds < EVERY_S < 600.0
    assert [1, 2, 3] == asyncio.run(turns())
    assert [None, None, None] == counting.patience  # nobody waits: they show what is so now
    assert {EVERYTHING} == set(counting.scopes)


def test_where_a_turn_takes_long_the_next_ones_are_left_out() -> None:
    clock = ManualClock()
    counting = Counting(clock, 60.0)
    ready = counting.ready()
    asyncio.run(ready.turn())
    clock.advance(19 * 60.0)
    asyncio.run(ready.turn())
    assert 1 == counting.made
    clock.advance(2 * 60.0)
    asyncio.run(ready.turn())
    assert 2 == counting.made


def test_where_nobody_looks_nothing_is_made() -> None:
    counting = Counting(ManualClock())
    counting.looked = False
    asyncio.run(counting.ready().turn())
    assert 0 == counting.made


def test_pages_are_looked_at_once_a_browser_opened_one(fleet: WebState, static: Path) -> None:
    async def page(request: Request) -> Response:
        return Response()

    def asked(*headers: tuple[bytes, bytes]) -> bool:
        place = {"path": "/runs", "headers": headers, "query_string": b"", "server": ("x", 80)}
        state = {"principal": LOCAL_OPERATOR}
        asyncio.run(
            cast("Any", site.guarded(page)(Request({"type": "http", "method": "GET", "state": state, **place})))
        )
        return site.is_looked_at()

    site = Site(fleet, Assets(static))
    assert not asked()
    assert asked((b"sec-fetch-mode", b"navigate"), (b"sec-fetch-dest", b"document"))


def test_a_server_has_the_pages_that_are_kept_ready(fleet: WebState, static: Path) -> None:
    ready = pages_of(fleet, static).ready
    assert {"/runs", "/home/on-call"} <= {one.path for one in ready.routes if isinstance(one, Route)} & {*PAGES}
    ready.looked = lambda: True
    asyncio.run(ready.turn())


@pytest.mark.parametrize(("waits", "seconds"), [(True, None), (False, 0.5)])
def test_only_a_page_that_somebody_looks_at_is_in_a_hurry(
    fleet: WebState, static: Path, waits: bool, seconds: float | None
) -> None:
    left: list[float | None] = []

    async def page(request: Request) -> Response:
        left.append(patience.left_s(fleet.clock))
        return Response()

    state = {"principal": LOCAL_OPERATOR} | ({"waits": True} if waits else {})
    place = {"path": "/runs", "headers": [], "query_string": b""}
    handler = Site(fleet, Assets(static)).guarded(page)
    asyncio.run(cast("Any", handler(Request({"type": "http", "method": "GET", "state": state, **place}))))
    assert [seconds] == left
