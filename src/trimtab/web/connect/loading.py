"""What is still being loaded: pages say so, instead of showing less than there is without a word."""

import asyncio

from trimtab.inventory.sources import Source
from trimtab.web import format as words
from trimtab.web.connect.model import State
from trimtab.web.state import WebState

_YOUNG_MS = 3_600_000
_LOADING_ROWS = 20_000.0
"""Rows a second of a source that began within the hour: a history is being sent. A fleet of 20,000 series that are
scraped every 15 s sends 1,300."""
_SHOWN = 3
_NEARLY = 0.99
"""What is sent whole is still being stored: nothing that is loading is all there."""


async def loading(state: WebState) -> tuple[str, ...]:
    """Sentences about what is not whole yet: of the whole server, and for those who see it."""
    now_ms = state.clock.now_ms()
    found = [_of_source(one, now_ms) for one in state.sources.list() if _is_loading(one, now_ms)]
    if state.connector is not None:
        announced = await asyncio.to_thread(state.connector.announced)
        if announced is not None:
            found = [f"{min(announced.share, _NEARLY):.0%} of {announced.name} is there"]
        read = [one for one in state.connector.standings() if one.state is State.READING and one.progress.share < 1]
        found += [f"{one.name}: {one.progress.share:.0%} of its history is read" for one in read]
    if state.costs is not None:
        unfinished = await asyncio.to_thread(state.costs.ledger.unfinished)
        found += [f"the bill {one.source} is being imported" for one in unfinished]
    return tuple(found[:_SHOWN])


def _is_loading(one: Source, now_ms: int) -> bool:
    young = one.first_seen_ms > now_ms - _YOUNG_MS
    return young and one.last_seen_ms > now_ms - 30_000 and one.rows_per_s >= _LOADING_ROWS


def _of_source(one: Source, now_ms: int) -> str:
    since = words.age(one.first_seen_ms, now_ms)
    return f"{one.name or one.door} began {since} and sends {words.value(one.rows_per_s)} rows/s"
