"""Log events that are made up: a service's JSON lines and another's errors, which are new."""

from collections.abc import Sequence
from typing import Any, cast

from msgspec.structs import fields

from trimtab.access.scope import Scope
from trimtab.base.clock import Clock
from trimtab.base.errors import NotFound
from trimtab.logs.explore import Patterns, Question
from trimtab.logs.filters.match import matcher
from trimtab.logs.model import Event, Group, Position
from trimtab.logs.patterns.anomalies import LogAnomaly, Unusual
from trimtab.logs.patterns.compare import Counted, compare
from trimtab.logs.patterns.mask import mask
from trimtab.logs.read import EventQuery, Page
from trimtab.logs.room import LogsRoom

ACCOUNT, REGION = "123456789012", "us-east-1"
SHOP = Group(1, ACCOUNT, REGION, "/shop/checkout", 0)
PAY = Group(2, ACCOUNT, REGION, "/shop/payments", 0)
_EVERY_MS = 10_000
_NEW_MS = 1_200_000  # how long ago the new error began


class PretendLogs:
    """Reader and explorer at once: an event of each group every ten seconds, for two hours."""

    def __init__(self, clock: Clock, *, full: bool) -> None:
        self._clock = clock
        self._full = full

    def _events(self, groups: Sequence[Group], start_ms: int, end_ms: int) -> list[Event]:
        now_ms = self._clock.now_ms()
        first_ms = (now_ms - 7_200_000) // _EVERY_MS * _EVERY_MS
        return [
            _event(group, at, at // _EVERY_MS, new=at > now_ms - _NEW_MS)
            for at in range(first_ms, now_ms, _EVERY_MS)
            for group in groups
            if start_ms <= at < end_ms
        ]

    async def groups(self, scope: Scope, limit: int = 0) -> list[Group]:
        return [SHOP, PAY] if self._full else []

    async def histogram(self, scope: Scope, asked: Question, parts: int) -> list[int]:
        counts = [0] * parts
        step = -(-(asked.end_ms - asked.start_ms) // parts)
        for event in self._asked(asked.groups, asked.start_ms, asked.end_ms, asked.where, dict(asked.params or {})):
            counts[(event.time_ms - asked.start_ms) // step] += 1
        return counts

    async def patterns(self, scope: Scope, asked: Question, parts: int) -> Patterns:
        span = asked.end_ms - asked.start_ms
        start_ms = asked.start_ms - span
        events = self._asked(asked.groups, start_ms, asked.end_ms, asked.where, dict(asked.params or {}))
        step = -(-span // parts)
        rows = [Counted(mask(one.message), (one.time_ms - start_ms) // step, 1, one.message) for one in events]
        return Patterns(compare(rows, parts), len(events), 1)

    async def page(self, scope: Scope, groups: Sequence[Group], query: EventQuery) -> Page:
        found = self._asked(groups, query.start_ms, query.end_ms, query.where, dict(query.params))
        if query.position is not None:
            at = query.position
            found = [one for one in found if (one.position < at if query.backward else one.position > at)]
        kept = found[-query.limit :] if query.backward else found[: query.limit]
        return Page(kept, len(found) > len(kept))

    async def one(self, scope: Scope, group: Group, at: Position) -> Event:
        for event in self._events([group], at.time_ms, at.time_ms + 1):
            if event.id == at.id:
                return event
        raise NotFound("cannot find the log event: it has expired, was deleted or never was")

    def _asked(
        self, groups: Sequence[Group], start_ms: int, end_ms: int, where: str, params: dict[str, Any]
    ) -> list[Event]:
        """Of conditions, what the tests ask: attributes, words or stream names, which the parameters have."""
        events = self._events(groups, start_ms, end_ms)
        facets = {name: value for name, value in params.items() if name.startswith("facet_")}
        params = {name: value for name, value in params.items() if name not in facets}
        for at in range(sum(name.startswith("facet_name") for name in facets)):
            name, value = facets[f"facet_name{at}"], facets[f"facet_value{at}"]
            events = [one for one in events if one.attributes.get(name) == value]
        if "beside" in params:
            return [one for one in events if one.stream == params["beside"]]
        if "LIKE" in where or "position" in where:
            words = [str(value).strip("%") for value in params.values()]
            matches = matcher(" ".join(f'"{word}"' for word in words))
            return [one for one in events if matches(one.message) is not None]
        return events


def pretend_logs(clock: Clock, *, full: bool) -> LogsRoom:
    """The room over made-up events; without `full` there is no group."""
    pretend = cast("Any", PretendLogs(clock, full=full))
    nothing = dict.fromkeys((field.name for field in fields(LogsRoom)), cast("Any", None))
    return LogsRoom(**{**nothing, "reader": pretend, "explorer": pretend, "clock": clock})


class PretendLogAnomalies:
    """One new error, of the payments."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def listed(self, scope: Scope, start_ms: int, end_ms: int) -> list[LogAnomaly]:
        first_ms = self._clock.now_ms() - _NEW_MS
        template = "ERROR cannot settle order <*>: ledger is behind"
        said = f"{PAY.name} logs a pattern that it never had before"
        return [
            LogAnomaly(
                "a", ACCOUNT, REGION, PAY.name, "p", template, "ERROR cannot settle order 1: ledger is behind", "error",
                Unusual.NEW, first_ms, first_ms + 60_000, True, 0.0, said,
            )
        ]  # fmt: skip


def _event(group: Group, at: int, number: int, *, new: bool) -> Event:
    if group is SHOP:
        said = f"GET /cart/{number} took {number % 90} ms"
        text = f'{{"level": "info", "message": "{said}", "status": 200, "host": "web-1"}}'
        return Event(group.id, group.name, "web-1", at, at, number, "", "", "", {}, text)
    text = f"ERROR cannot settle order {number}: ledger is behind" if new and number % 2 else f"charged order {number}"
    return Event(
        group.id, group.name, "pay-1", at, at, number, "", "", "", {"pod": "pay-1", "service.name": "pay"}, text
    )
