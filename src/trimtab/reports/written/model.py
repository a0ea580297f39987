"""A report that is written by a schedule, and each time that it was written."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Literal

from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.base.errors import AccessDenied

Format = Literal["html", "pdf", "csv"]
FORMATS: tuple[Format, ...] = ("html", "pdf", "csv")
WRITTEN = "report.written"
"""The kind of event in the outbox when a scheduled report was written; its subject is the id of the writing."""


class Status(StrEnum):
    """How a writing went."""

    WRITTEN = "written"
    FAILED = "failed"


class Scheduled(Struct, frozen=True):
    """A scheduled report of an account. Its readers see what `accounts` see (None: everything), as who made it did.

    `expression` is rate(…), cron(…) or at(…) in `zone`. `emails` and `topics` (ARNs of channels and topics) are told
    with the head of the report and a link; `folder` gets the files, in `formats`: s3://bucket/prefix, or a name below
    `exports` in the data directory; "" for none.
    """

    id: str
    account: str
    name: str
    template: str
    owner: str
    expression: str
    zone: str
    emails: Sequence[str]
    topics: Sequence[str]
    folder: str
    formats: Sequence[str]
    accounts: Sequence[str] | None
    created_ms: int
    created_by: str
    next_ms: int | None


def reach_of(scope: Scope) -> Sequence[str] | None:
    """What readers of a schedule may see, as who makes it does. Raises AccessDenied where that cannot be kept."""
    if scope.rows or scope.regions is not None:
        raise AccessDenied(
            "cannot schedule a report: who asks sees only some regions or rows, and readers see whole accounts"
        )
    return None if scope.accounts is None else sorted(scope.accounts)


class Writing(Struct, frozen=True):
    """One writing: `head` are the sentences that it began with; `files` what was written where.

    `accounts` is what was seen when it was written (None: everything): who sees less does not find it.
    """

    id: str
    report: str
    template: str
    title: str
    owner: str
    start_ms: int
    end_ms: int
    due_ms: int
    at_ms: int
    status: Status
    problem: str
    head: Sequence[str]
    files: Sequence[str]
    accounts: Sequence[str] | None = None
