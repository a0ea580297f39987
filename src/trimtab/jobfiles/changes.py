"""Unified diffs (`git diff`): which files change, and what a file was before, of what it is after, or the other way.

A file is changed hunk by hunk; every line that a hunk keeps or takes away must stand where it says.
"""

import re
from collections.abc import Iterator, Sequence

from msgspec import Struct

from trimtab.base.errors import InvalidInput

_HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
_NOWHERE = "/dev/null"


class Hunk(Struct, frozen=True):
    """Lines from `before_line` (of 1) that become others: each with its mark, " ", "-" or "+"."""

    before_line: int
    after_line: int
    lines: tuple[str, ...]


class Change(Struct, frozen=True):
    """What becomes of a file; "" as a name: it is not there before, or not there after."""

    before: str
    after: str
    hunks: tuple[Hunk, ...]

    @property
    def file(self) -> str:
        """The file's name, of now where it is still there."""
        return self.after or self.before


def looks_like_diff(text: str) -> bool:
    """Whether a text is a unified diff."""
    return re.search(r"^(?:diff --git |--- \S.*\n\+\+\+ \S)", text, re.MULTILINE) is not None


def changes_of(text: str) -> list[Change]:
    """The files of a diff. Raises InvalidInput for a hunk that ends too early."""
    return list(_changes(text.splitlines()))


def _changes(lines: Sequence[str]) -> Iterator[Change]:
    place, before, hunks = 0, "", list[Hunk]()
    after: str | None = None
    while place < len(lines):
        line = lines[place]
        head = _HUNK.match(line)
        if line.startswith("--- ") and place + 1 < len(lines) and lines[place + 1].startswith("+++ "):
            if after is not None:
                yield Change(before, after, tuple(hunks))
            before, after, hunks = _name(line), _name(lines[place + 1]), []
            place += 2
        elif head and after is not None:
            hunk, place = _hunk(head, lines, place + 1)
            hunks.append(hunk)
        else:
            place += 1
    if after is not None:
        yield Change(before, after, tuple(hunks))


def _hunk(head: "re.Match[str]", lines: Sequence[str], place: int) -> tuple[Hunk, int]:
    left_before, left_after = (int(head[at]) if head[at] is not None else 1 for at in (2, 4))
    kept: list[str] = []
    while left_before > 0 or left_after > 0:
        if place >= len(lines):
            raise InvalidInput(f"cannot read the diff: the hunk {head[0]} ends early; expected the whole of it")
        line = lines[place] or " "
        place += 1
        if line.startswith("\\"):  # no newline at the end of the file
            continue
        left_before -= line[0] in " -"
        left_after -= line[0] in " +"
        kept.append(line)
    return Hunk(int(head[1]), int(head[3]), tuple(kept)), place


def _name(line: str) -> str:
    name = line[4:].split("\t")[0].strip().strip('"')
    return "" if name == _NOWHERE else re.sub(r"^[ab]/", "", name)


def before_of(after: str, change: Change) -> str | None:
    """The text before a change, of the text after it; None where the text is not the one after it."""
    return _turned(after, change, "+", "-")


def after_of(before: str, change: Change) -> str | None:
    """The text after a change, of the text before it; None where the text is not the one before it."""
    return _turned(before, change, "-", "+")


def _turned(text: str, change: Change, gone: str, come: str) -> str | None:
    lines, made, place = text.splitlines(), list[str](), 0
    for hunk in change.hunks:
        here = [line[1:] for line in hunk.lines if line[0] in (" ", gone)]
        start = (hunk.after_line if gone == "+" else hunk.before_line) - (1 if here else 0)
        if start < place or lines[start : start + len(here)] != here:
            return None
        made += lines[place:start] + [line[1:] for line in hunk.lines if line[0] in (" ", come)]
        place = start + len(here)
    return "\n".join(made + lines[place:]) + "\n"
