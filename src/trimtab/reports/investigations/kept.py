"""Investigations that are kept: a time and its scope under a name, with notes and pinned entries."""

from collections.abc import Sequence

from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.reports.investigations.model import Entry, Subject

MOST_INVESTIGATIONS = 2_000
"""Of an account."""
MOST_NOTES = 500
"""Of an investigation."""
NAME_LENGTH, NOTE_LENGTH = 200, 8_000
"""Letters."""


class Note(Struct, frozen=True):
    """What somebody wrote, at `written_ms`; `entry` is the entry of the time line that it pins, as it was then."""

    id: str
    written_ms: int
    author: str
    text: str
    entry: Entry | None = None


class Investigation(Struct, frozen=True, kw_only=True):
    """`maker` is what its maker saw: who sees less does not find it, as notes and pins may tell of all of that."""

    id: str
    account: str
    name: str
    at_ms: int
    around_ms: int
    subject: Subject
    maker: Scope
    created_ms: int
    created_by: str
    notes: Sequence[Note] = ()

    @property
    def path(self) -> str:
        """Its page: the address by which it is shared."""
        return f"/investigations/{self.id}"


def is_seen_by(scope: Scope, maker: Scope) -> bool:
    """Whether a caller sees all accounts and regions that the maker saw, and the same rows."""
    return (
        _covers(scope.accounts, maker.accounts)
        and _covers(scope.regions, maker.regions)
        and scope.sees_what_was_made_by(maker)
    )


def _covers(mine: frozenset[str] | None, theirs: frozenset[str] | None) -> bool:
    return mine is None or (theirs is not None and mine >= theirs)
