"""The scope as a condition over the engine's series, and the id in a canonical resource path."""

from typing import Any

from trimtab.access.scope import MACHINE_IDS, Scope

ID = "arrayStringConcat(arraySlice(splitByChar('/', {}), 5), '/')"
"""What stands behind `provider/account/region/kind/`."""


def series_condition(scope: Scope) -> tuple[str, dict[str, Any]]:
    """The series that a scope covers; its rules on rows hold as `RowRule.passes` says, as in `metrics`."""
    parts, params = ["1"], dict[str, Any]()
    if scope.accounts is not None:
        parts.append("account IN {accounts:Array(String)}")
        params["accounts"] = sorted(scope.accounts)
    if scope.regions is not None:
        parts.append("region IN {regions:Array(String)}")
        params["regions"] = sorted(scope.regions)
    for at, rule in enumerate(scope.rows):
        own, tagged = f"dimensions[{{key{at}:String}}]", f"mapContains(dimensions, {{key{at}:String}})"
        named = " OR ".join(f"dimensions['{name}'] IN {{machines{at}:Array(String)}}" for name in MACHINE_IDS)
        parts.append(f"if({tagged}, {own} IN {{values{at}:Array(String)}}, {named})")
        params |= {f"key{at}": rule.key, f"values{at}": sorted(rule.values), f"machines{at}": sorted(rule.machines)}
    return " AND ".join(parts), params
