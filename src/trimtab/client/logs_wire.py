"""What travels over `/rest/v1/logs/query`."""

from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from trimtab.client.wire import Millis

_TIMES = "now, -3h (before now), ISO 8601, epoch seconds or epoch milliseconds."
GroupName = Annotated[str, Meta(min_length=1, max_length=512)]


class LogQuery(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A query over log groups and a range; a query that begins with SOURCE names its own groups."""

    query: Annotated[str, Meta(min_length=1, max_length=10_000)]
    groups: Annotated[list[GroupName], Meta(max_length=50, description="Names of log groups.")] = field(
        default_factory=list
    )
    start: Annotated[str, Meta(min_length=1, max_length=64, description=_TIMES)] = "-1h"
    end: Annotated[str, Meta(min_length=1, max_length=64, description=_TIMES)] = "now"
    limit: Annotated[int, Meta(ge=1, le=100_000, description="Rows, where the query names no limit.")] = 10_000
    language: Annotated[Literal["CWLI", "SQL"], Meta(description="Logs Insights, or one SELECT.")] = "CWLI"
    explain: Annotated[bool, Meta(description="Answer the engine's statement; nothing is read.")] = False


class LogQueryStatistics(Struct, frozen=True):
    """What a query read: events of its range, those that its filters let pass, and bytes of messages."""

    matched: int
    scanned: int
    bytes: int
    groups: int


class LogAnswer(Struct, frozen=True):
    """Rows of texts, a cell for each of `columns`; null where a row has no such field.

    `sql` and `parameters` are there where they were asked for: the statement with its bound values.
    """

    start_ms: Millis
    end_ms: Millis
    columns: list[str]
    rows: list[list[str | None]]
    statistics: LogQueryStatistics
    sql: str | None = None
    parameters: dict[str, str] | None = None
