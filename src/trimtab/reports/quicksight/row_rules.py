"""QuickSight's row-level permissions as rules of a dataset: which rows users and groups see.

The data set of permissions has a row for each user or group: `UserName` or `GroupName` (or their ARNs) beside columns
of the data set that it restricts, with the values that may be seen, separated by commas; an empty one allows them all.
Who is in no row sees nothing, as in QuickSight.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from trimtab.base.errors import InvalidInput
from trimtab.reports.analyses.grouping import field_text, quoted

_USERS, _GROUPS = ("UserName", "UserARN"), ("GroupName", "GroupARN")
WHO = (*_USERS, *_GROUPS)
"""Columns that say whom a row is for."""


def rules_of(permissions: Sequence[Mapping[str, str]]) -> list[dict[str, Any]]:
    """The rules of a data set's rows. Raises InvalidInput for rows that name nobody."""
    return [_rule(at, row) for at, row in enumerate(permissions)]


def _rule(at: int, row: Mapping[str, str]) -> dict[str, Any]:
    users, groups = ([row[one].rpartition("/")[2] for one in names if row.get(one)] for names in (_USERS, _GROUPS))
    if not users and not groups:
        raise InvalidInput(
            f"cannot use permissions: row {at + 1} names nobody; expected one of {', '.join(WHO)}",
            field="RowLevelPermissionDataSet",
        )
    parts = [
        f"{field_text(name)} in [{', '.join(quoted(one.strip()) for one in value.split(','))}]"
        for name, value in row.items()
        if name not in WHO and value
    ]
    rule: dict[str, Any] = {"where": " and ".join(parts) or "1 = 1"}
    return rule | ({"readers": users} if users else {}) | ({"teams": groups} if groups else {})
