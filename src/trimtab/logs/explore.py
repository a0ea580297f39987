"""What the Logs page asks: the groups that a viewer sees, how many events there are over time, and their patterns."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.logs.groups import LogGroups
from trimtab.logs.model import Group
from trimtab.logs.patterns import mask
from trimtab.logs.patterns.compare import Counted, Pattern, compare
from trimtab.logs.read import LogReader
from trimtab.store.sql import load_queries
from trimtab.store.telemetry.client import ReadLimits, Telemetry

_QUERIES = {**load_queries("trimtab.logs"), **load_queries("trimtab.logs.patterns")}
_LIMITS = ReadLimits(seconds=20, memory_mb=1024)
MOST_GROUPS = 500
"""Groups that are offered, and searched where none is chosen."""
MOST_LINES = 1_000_000
"""Lines that are masked; of more, one in so many is looked at and the counts are estimates."""
_MOST_SHAPES = 50_000
DIGITS = "[0-9a-fA-F]*[0-9][0-9a-fA-F]*"
"""A number, decimal or not: to the rules one is like another, so that `0` takes its place before lines are masked."""
_LONGEST = 400  # characters of a line that make its pattern


class Question(Struct, frozen=True):
    """Which events: of these groups in `[start_ms, end_ms)`, and a condition on columns with its parameters."""

    groups: Sequence[Group]
    start_ms: int
    end_ms: int
    where: str = ""
    params: Mapping[str, Any] | None = None


class Patterns(Struct, frozen=True):
    """What was found in `lines` lines; `one_in` is more than 1 where counts are estimates from one line in so many."""

    patterns: list[Pattern]
    lines: int
    one_in: int


class LogExplorer:
    """Reads over many events."""

    def __init__(self, telemetry: Telemetry, groups: LogGroups, reader: LogReader) -> None:
        self._telemetry = telemetry
        self._groups = groups
        self._reader = reader

    async def groups(self, scope: Scope, limit: int = MOST_GROUPS) -> list[Group]:
        """The groups that a viewer sees, by name."""
        return await self._reader.visible(scope, await self._groups.everywhere(limit))

    async def histogram(self, scope: Scope, asked: Question, parts: int) -> list[int]:
        """How many events there are in each of `parts` equal parts of the range. Raises QueryAborted."""
        where, params = await self._window(scope, asked)
        step = max(-(-(asked.end_ms - asked.start_ms) // parts), 1)
        params |= {"from": asked.start_ms, "step": step}
        found = await self._telemetry.fetch(_QUERIES["histogram"].replace("/*and*/", where), params, limits=_LIMITS)
        counts = [0] * parts
        for part, events in zip(found["part"].tolist(), found["events"].tolist(), strict=True):
            counts[min(max(part, 0), parts - 1)] += events
        return counts

    async def patterns(self, scope: Scope, asked: Question, parts: int) -> Patterns:
        """Patterns of the range against the one before it, which is as long. Raises QueryAborted."""
        span = asked.end_ms - asked.start_ms
        both = Question(asked.groups, asked.start_ms - span, asked.end_ms, asked.where, asked.params)
        lines = sum(await self.histogram(scope, both, 2))
        one_in = max(-(-lines // MOST_LINES), 1)
        where, params = await self._window(scope, both)
        params |= {
            "from": both.start_ms,
            "step": max(-(-span // parts), 1),
            "one_in": one_in,
            "most": _MOST_SHAPES,
            "digits": DIGITS,
            "longest": _LONGEST,
        }
        query = _QUERIES["shapes"].replace("/*and*/", where).replace("/*mask*/", mask.sql("shape"))
        found = await self._telemetry.fetch(query, params, limits=_LIMITS)
        names = ("masked", "part", "lines", "example", "level")
        rows = zip(*(found[name].tolist() for name in names), strict=True)
        counted = [
            Counted(masked, part, count * one_in, example, level) for masked, part, count, example, level in rows
        ]
        return Patterns(compare(counted, parts), lines, one_in)

    async def _window(self, scope: Scope, asked: Question) -> tuple[str, dict[str, Any]]:
        window = await self._reader.window(scope, asked.groups, asked.start_ms, asked.end_ms)
        where = f"{window.where} AND ({asked.where})" if asked.where else window.where
        return where, {**(asked.params or {}), **window.params}
