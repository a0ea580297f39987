"""Conditions of rules as people write them, and whether a line meets one.

{account: ["111122223333"], region: {starts-with: us-}}        both must hold; values of one are alternatives
{"tag:team": [search, ads]}      {absent: "tag:team"}      {"category:environment": prod}
{any: [{service: AmazonS3}, {not: {"tag:team": search}}]}
"""

from collections.abc import Callable, Mapping
from typing import Any

from trimtab.base.errors import InvalidInput
from trimtab.costs.conditions import facets_of
from trimtab.costs.model import And, CostCategory, Dimension, Facet, Filter, Match, Not, Or, Tag, Where

_NAMES = {one.value.lower().replace("_", "-"): one for one in Dimension} | {
    "account": Dimension.LINKED_ACCOUNT,
    "account-name": Dimension.LINKED_ACCOUNT_NAME,
    "payer": Dimension.PAYER_ACCOUNT,
    "charge-type": Dimension.RECORD_TYPE,
    "resource": Dimension.RESOURCE_ID,
    "instance": Dimension.INSTANCE_TYPE,
}
_TAG, _CATEGORY = "tag:", "category:"
_MATCHES = {one.value.lower().replace("_", "-"): one for one in Match if one is not Match.ABSENT}
_MOST_DEEP = 12
_MOST_VALUES = 2000


def read_facet(text: Any, where: str) -> Facet:
    """`account`, `tag:team` or `category:env`. Raises InvalidInput that says where."""
    if isinstance(text, str):
        if text.startswith(_TAG) and len(text) > len(_TAG):
            return Tag(text.removeprefix(_TAG))
        if text.startswith(_CATEGORY) and len(text) > len(_CATEGORY):
            return CostCategory(text.removeprefix(_CATEGORY))
        found = _NAMES.get(text.lower().replace("_", "-"))
        if found is not None:
            return found
    raise InvalidInput(
        f"cannot read {where}: got {text!r}; expected tag:KEY, category:NAME or one of {', '.join(sorted(_NAMES))}",
        field=where,
    )


def write_facet(facet: Facet) -> str:
    """The name that `read_facet` reads."""
    match facet:
        case Tag(key):
            return _TAG + key
        case CostCategory(name):
            return _CATEGORY + name
        case Dimension():
            return facet.value.lower().replace("_", "-")


def read_condition(value: Any, where: str, depth: int = 0) -> Filter:
    """A condition. Raises InvalidInput that says where it is wrong."""
    if not isinstance(value, Mapping) or not value:
        raise InvalidInput(f"cannot read {where}: got {value!r}; expected a mapping such as {{account: [...]}}")
    if depth > _MOST_DEEP:
        raise InvalidInput(f"cannot read {where}: conditions are nested more than {_MOST_DEEP} deep", field=where)
    parts = [_part(key, inner, f"{where}.{key}", depth) for key, inner in value.items()]
    return parts[0] if len(parts) == 1 else And(tuple(parts))


def write_condition(condition: Filter) -> dict[str, Any]:
    """The mapping that `read_condition` reads."""
    match condition:
        case And(parts):
            return {"all": [write_condition(part) for part in parts]}
        case Or(parts):
            return {"any": [write_condition(part) for part in parts]}
        case Not(part):
            return {"not": write_condition(part)}
        case Where(facet=facet, match=Match.ABSENT):
            return {"absent": write_facet(facet)}
        case Where(facet, values, match, ignore_case):
            if match is Match.EQUALS and not ignore_case:
                return {write_facet(facet): list(values)}
            inner: dict[str, Any] = {match.value.lower().replace("_", "-"): list(values)}
            return {write_facet(facet): inner | ({"ignore-case": True} if ignore_case else {})}


def meets(condition: Filter | None, value_of: Callable[[Facet], str]) -> bool:
    """Whether the line whose facets `value_of` gives meets it: the same as the engine's own conditions."""
    match condition:
        case None:
            return True
        case And(parts):
            return all(meets(part, value_of) for part in parts)
        case Or(parts):
            return any(meets(part, value_of) for part in parts)
        case Not(part):
            return not meets(part, value_of)
        case Where():
            return _compares(condition, value_of(condition.facet))


def needs(condition: Filter | None) -> set[Facet]:
    """What a condition looks at."""
    return facets_of(condition)


def _part(key: Any, inner: Any, where: str, depth: int) -> Filter:
    if key in ("all", "any"):
        if not isinstance(inner, list) or not inner:
            raise InvalidInput(f"cannot read {where}: got {inner!r}; expected a list of conditions", field=where)
        parts = tuple(read_condition(one, f"{where}[{at}]", depth + 1) for at, one in enumerate(inner))
        return And(parts) if key == "all" else Or(parts)
    if key == "not":
        return Not(read_condition(inner, where, depth + 1))
    if key == "absent":
        return Where(read_facet(inner, where), match=Match.ABSENT)
    facet = read_facet(key, where)
    if not isinstance(inner, Mapping):
        return Where(facet, _values(inner, where))
    ignore = inner.get("ignore-case", False)
    tests = [name for name in inner if name != "ignore-case"]
    if not isinstance(ignore, bool) or not tests or any(name not in _MATCHES for name in tests):
        raise InvalidInput(
            f"cannot read {where}: got {sorted(map(str, inner))}; expected {', '.join(_MATCHES)}, and ignore-case",
            field=where,
        )
    found = [Where(facet, _values(inner[name], f"{where}.{name}"), _MATCHES[name], ignore) for name in tests]
    return found[0] if len(found) == 1 else And(tuple(found))


def _values(value: Any, where: str) -> tuple[str, ...]:
    values = value if isinstance(value, list) else [value]
    if not values or len(values) > _MOST_VALUES or any(isinstance(one, dict | list) or one is None for one in values):
        raise InvalidInput(f"cannot read {where}: got {value!r}; expected a value or a list of values", field=where)
    return tuple(one if isinstance(one, str) else str(one) for one in values)


def _compares(where: Where, value: str) -> bool:
    if where.match is Match.ABSENT:
        return value == ""
    values = where.values
    if where.ignore_case:
        value, values = value.lower(), tuple(one.lower() for one in values)
    match where.match:
        case Match.EQUALS:
            return value in values
        case Match.STARTS_WITH:
            return value.startswith(values)
        case Match.ENDS_WITH:
            return value.endswith(values)
        case Match.CONTAINS:
            return any(one in value for one in values)
        case Match.GREATER_THAN_OR_EQUAL:
            return any(value >= one for one in values)
