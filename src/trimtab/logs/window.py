"""What of the engine's events a read may see: groups by surrogate id, a range, and what was deleted or has expired."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from trimtab.logs.model import Group

_DAY_MS = 86_400_000
_SEVERAL = (
    "account IN {w_accounts:Array(String)} AND region IN {w_regions:Array(String)}"
    " AND `group` IN {w_groups:Array(UInt64)}"
)
_ALONE = (
    "account = {w_accounts:Array(String)}[1] AND region = {w_regions:Array(String)}[1]"
    " AND `group` = {w_groups:Array(UInt64)}[1]"
)
"""Of one group: equalities, by which the engine knows that it is sorted by time and reads the newest page alone."""
_EXPIRES = (
    " AND time >= fromUnixTimestamp64Milli("
    "transform(`group`, {w_groups:Array(UInt64)}, {w_kept:Array(Int64)}, toInt64(0)), 'UTC')"
)


class Window(Struct, frozen=True):
    """A condition over the columns of `log_events` with its bound parameters, all named `w_…`.

    Whatever reads events puts `where` into its WHERE: it holds the scope, the range, deletions and retention.
    """

    where: str
    params: Mapping[str, Any]


def window_of(
    groups: Sequence[Group], start_ms: int, end_ms: int, deleted_streams: Sequence[int], now_ms: int
) -> Window:
    """The window of `groups` over `[start_ms, end_ms)`; none of them sees nothing."""
    kept = [now_ms - (group.retention_days or 0) * _DAY_MS if group.retention_days else 0 for group in groups]
    params: dict[str, Any] = {
        "w_accounts": sorted({group.account for group in groups}),
        "w_regions": sorted({group.region for group in groups}),
        "w_groups": [group.id for group in groups],
        "w_start": max(start_ms, min(kept, default=0)),
        "w_end": end_ms,
    }
    where = (
        (_ALONE if len(groups) == 1 else _SEVERAL) + " AND time >= fromUnixTimestamp64Milli({w_start:Int64}, 'UTC')"
        " AND time < fromUnixTimestamp64Milli({w_end:Int64}, 'UTC')"
    )
    if any(kept):
        params["w_kept"] = kept
        where += _EXPIRES
    if deleted_streams:
        params["w_deleted"] = list(deleted_streams)
        where += " AND stream_id NOT IN {w_deleted:Array(UInt64)}"
    return Window(where, params)
