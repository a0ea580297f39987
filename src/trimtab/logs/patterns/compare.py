"""Patterns over time: how often each came, and what is new, gone or changed against the period before. Pure."""

import math
from collections.abc import Iterable, Sequence
from enum import StrEnum

from msgspec import Struct, field

from trimtab.logs.patterns.merge import templates
from trimtab.logs.patterns.severity import LEVELS, guess, level_of

CHANGED = 2.0
"""How many times as often, or as seldom, a pattern must come to have changed."""
_SURE = 3.0  # standard deviations of the difference of two counts: chance alone passes it once in 370


class Change(StrEnum):
    """What became of a pattern since the period before."""

    NEW = "new"
    GONE = "gone"
    MORE = "more"
    LESS = "less"
    SAME = ""


class Counted(Struct, frozen=True):
    """Lines of one masked form in one part of the two periods: parts 0 … n-1 are before, n … 2n-1 are now."""

    masked: str
    part: int
    lines: int
    example: str
    level: str = ""


class Pattern(Struct):
    """A template with its counts in the parts of this period, its lines before, and a line that has it."""

    template: str
    example: str
    severity: str
    counts: list[int]
    before: int = 0
    change: Change = Change.SAME
    forms: list[str] = field(default_factory=list)

    @property
    def lines(self) -> int:
        """Lines of this period."""
        return sum(self.counts)


def compare(counted: Iterable[Counted], parts: int, *, with_before: bool = True) -> list[Pattern]:
    """The patterns: new ones first, the serious before others, then by how many lines they have.

    `parts` are those of one period. Without a period before (`with_before` false) nothing is new.
    """
    rows = list(counted)
    merged = templates(row.masked for row in rows)
    found: dict[str, Pattern] = {}
    for row in rows:
        template = merged[row.masked]
        pattern = found.get(template)
        if pattern is None:
            severity = level_of(row.level) or guess(row.example)
            pattern = found[template] = Pattern(template, row.example, severity, [0] * parts)
        if row.part < parts:
            pattern.before += row.lines
        else:
            pattern.counts[min(row.part - parts, parts - 1)] += row.lines
    with_before = with_before and any(pattern.before for pattern in found.values())
    for pattern in found.values():
        pattern.change = change_of(pattern.before, pattern.lines) if with_before else Change.SAME
    return sorted(found.values(), key=_order)


def change_of(before: int, now: int) -> Change:
    """What became of a pattern that had these counts."""
    if not before or not now:
        return Change.NEW if now else Change.GONE
    sure = abs(now - before) > _SURE * math.sqrt(now + before)
    if sure and now >= before * CHANGED:
        return Change.MORE
    return Change.LESS if sure and now * CHANGED <= before else Change.SAME


def _order(pattern: Pattern) -> tuple[bool, int, int, str]:
    serious = LEVELS.index(pattern.severity) if pattern.severity in LEVELS else len(LEVELS)
    new = pattern.change is Change.NEW
    return (not new, serious if new else 0, -pattern.lines, pattern.template)


def pieces(template: str, variable: str) -> Sequence[str]:
    """The text of a template between its variable parts, the longest first: what a search for its lines looks for."""
    found = [piece.strip() for piece in template.split(variable)]
    return sorted((piece for piece in found if piece), key=len, reverse=True)
