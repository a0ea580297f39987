"""The rules and shares of closed months, as their statements froze them; read once, since they never change."""

from collections.abc import Sequence

from trimtab.economics.division import Division
from trimtab.economics.months import bounds, spanned
from trimtab.economics.rules.store import RulesVersion
from trimtab.economics.statements.book import StatementBook

Segment = tuple[int, int, RulesVersion | None]
"""A part of a time, in ms, and the rules that a closed month froze; None of open months."""


class FrozenMonths:
    """Remembers closed months."""

    def __init__(self, book: StatementBook) -> None:
        self._book = book
        self._rules: dict[int, RulesVersion] = {}
        self._divisions: dict[int, Division] = {}

    def forget(self) -> None:
        """Empty the memory: for who wipes everything."""
        self._rules.clear()
        self._divisions.clear()

    async def segments(self, start_ms: int, end_ms: int) -> list[Segment]:
        """A time in parts: each closed month by itself, and the open ones between them together."""
        closed = set(await self._book.months())
        found: list[Segment] = []
        for month in spanned(start_ms, end_ms):
            first, last = bounds(month)
            first, last = max(first, start_ms), min(last, end_ms)
            rules = await self._frozen(month) if month in closed else None
            if rules is None and found and found[-1][2] is None:
                found[-1] = (found[-1][0], last, None)
            else:
                found.append((first, last, rules))
        return found

    async def division(self, month: int, category: str) -> Division | None:
        """The shares by which a closed month's owners were charged; None for another category than theirs."""
        if month not in self._divisions:
            self._divisions[month] = await self._book.division(month)
        found = self._divisions[month]
        return found if found.category == category else None

    async def _frozen(self, month: int) -> RulesVersion:
        if month not in self._rules:
            self._rules[month] = await self._book.rules(month)
        return self._rules[month]


def is_closed(segments: Sequence[Segment]) -> bool:
    """Whether any part of a time is closed."""
    return any(rules is not None for *_, rules in segments)
