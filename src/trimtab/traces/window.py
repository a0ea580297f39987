"""What of the engine's spans a read may see: a scope and a range of starts."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from trimtab.access.scope import Scope

_MIN_MS, _MAX_MS = 0, 9_000_000_000_000  # what DateTime64(3) surely holds: to the year 2255


class Window(Struct, frozen=True):
    """A condition over the columns of `spans` with its bound parameters, all named `w_…`.

    Whatever reads spans puts `where` into its WHERE: it holds the scope and the range.
    """

    where: str
    params: Mapping[str, Any]


def window_of(scope: Scope, start_ms: int, end_ms: int) -> Window:
    """Spans that a scope covers and that started in `[start_ms, end_ms)`.

    A scope's rules on rows are held against the attributes of the resource.
    """
    params: dict[str, Any] = {
        "w_start": min(max(start_ms, _MIN_MS), _MAX_MS),
        "w_end": min(max(end_ms, _MIN_MS), _MAX_MS),
    }
    covered = _covered(scope, params)
    where = (
        f"{covered} AND time >= fromUnixTimestamp64Milli({{w_start:Int64}}, 'UTC')"
        " AND time < fromUnixTimestamp64Milli({w_end:Int64}, 'UTC')"
    )
    return Window(where, params)


def places_of(scope: Scope) -> Window:
    """The accounts and regions of a scope, as a condition over any table that has both."""
    params: dict[str, Any] = {}
    return Window(_places(scope, params), params)


def _covered(scope: Scope, params: dict[str, Any]) -> str:
    conditions = [_places(scope, params)]
    for number, rule in enumerate(scope.rows):
        conditions.append(f"resource_attributes[{{w_key{number}:String}}] IN {{w_values{number}:Array(String)}}")
        params[f"w_key{number}"] = rule.key
        params[f"w_values{number}"] = sorted(rule.values)
    return " AND ".join(conditions)


def _places(scope: Scope, params: dict[str, Any]) -> str:
    conditions = []
    if scope.accounts is not None:
        conditions.append("account IN {w_accounts:Array(String)}")
        params["w_accounts"] = sorted(scope.accounts)
    if scope.regions is not None:
        conditions.append("region IN {w_regions:Array(String)}")
        params["w_regions"] = sorted(scope.regions)
    return " AND ".join(conditions) or "1"
