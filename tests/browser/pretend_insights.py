"""Logs Insights that reads every query as the real one does and answers made-up rows of the shape that it asks for."""

import base64
import uuid
from collections.abc import Sequence
from typing import Any, cast

from trimtab.access.scope import Scope
from trimtab.base.clock import Clock, to_datetime
from trimtab.logs.insights.parser import parse
from trimtab.logs.insights.room import InsightsRoom
from trimtab.logs.insights.run import Ask, Found, Scanned
from trimtab.logs.insights.saved import Definition
from trimtab.logs.insights.syntax import Stats

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
_SCANNED = Scanned(60, 360, 36_000, 2)


class PretendInsights:
    """Rows of events, or of groups where there is `stats`; none for what asks for nothing."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.asked: list[Ask] = []

    async def run(self, scope: Scope, ask: Ask, limits: object = None) -> Found:
        query = parse(ask.text)
        self.asked.append(ask)
        stats = next((one for one in query.commands if isinstance(one, Stats)), None)
        if "nothing" in ask.text:
            return Found(("@timestamp", "@message", "@ptr"), [], Scanned(0, 360, 36_000, 2))
        now_ms = self._clock.now_ms() // 60_000 * 60_000
        if stats is None:
            rows = [self._event(now_ms - 10_000 * number, number) for number in range(450)]
            return Found(("@timestamp", "@traceId", "host", "@message", "@ptr"), rows, _SCANNED)
        keys = [item.name for item in stats.by]
        names = (*keys, *(item.name for item in stats.aggregates))
        found: list[tuple[str | None, ...]] = []
        for number in range(30):
            at = _time(now_ms - 300_000 * (30 - number))
            found.append(
                (*(at if key.startswith("bin") else f"v{number % 3}" for key in keys), *_values(stats, number))
            )
        return Found(names, found, _SCANNED)

    def _event(self, at_ms: int, number: int) -> tuple[str | None, ...]:
        pointer = base64.b64encode(f"2:{at_ms}:{at_ms // 10_000}:/shop/payments".encode()).decode()
        return _time(at_ms), TRACE if number % 2 else None, "web-1", f"charged order {number} <b>", pointer


class PretendSaved:
    """Saved queries in memory."""

    def __init__(self) -> None:
        self._all: dict[str, Definition] = {}

    async def put(
        self, account: str, region: str, name: str, query: str, groups: Sequence[str], id_: str = "", language: str = ""
    ) -> str:
        id_ = id_ or str(uuid.uuid4())
        self._all[id_] = Definition(id_, name, query, tuple(groups))
        return id_

    async def listed(self, account: str, region: str, prefix: str = "", language: str = "") -> list[Definition]:
        return sorted(self._all.values(), key=lambda one: one.name)

    async def remove(self, account: str, region: str, id_: str) -> bool:
        return self._all.pop(id_, None) is not None


def pretend_insights(clock: Clock) -> InsightsRoom:
    """The room over made-up answers."""
    return InsightsRoom(cast("Any", PretendInsights(clock)), cast("Any", None), cast("Any", PretendSaved()))


def _values(stats: Stats, number: int) -> list[str | None]:
    return [str(7 + number * (place + 1) % 11) for place, _ in enumerate(stats.aggregates)]


def _time(ms: int) -> str:
    return f"{to_datetime(ms):%Y-%m-%d %H:%M:%S}.000"
