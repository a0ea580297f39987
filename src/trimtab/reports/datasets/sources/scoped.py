"""The scope as a condition over the engine's series, and the id in a canonical resource path."""

from typing import Any

from trimtab.access.scope import Scope

ID = "arrayStringConcat(arraySlice(splitByChar('/', {}), 5), '/')"
"""What stands behind `provider/account/region/kind/`."""


def series_condition(scope: Scope) -> tuple[str, dict[str, Any]]:
    """The series that a scope covers; its rules on rows are held against dimensions, as `metrics` does."""
    parts, params = ["1"], dict[str, Any]()
    if scope.accounts is not None:
        parts.append("account IN {accounts:Array(String)}")
        params["accounts"] = sorted(scope.accounts)
    if scope.regions is not None:
        parts.append("region IN {regions:Array(String)}")
        params["regions"] = sorted(scope.regions)
    for at, rule in enumerate(scope.rows):
        parts.append(f"dimensions[{{key{at}:String}}] IN {{values{at}:Array(String)}}")
        params |= {f"key{at}": rule.key, f"values{at}": sorted(rule.values)}
    return " AND ".join(parts), params
