"""Cost Explorer's Expression: one root each, nested at will, to the costs room's filter."""

from collections.abc import Mapping, Sequence
from typing import Any

from trimtab.costs.model import And, CostCategory, Dimension, Facet, Filter, Match, Not, Or, Tag, Where
from trimtab.doors.aws.cost_explorer.names import dimension_of, where_equal
from trimtab.doors.aws.cost_explorer.rooms import invalid

_ROOTS = ("And", "Or", "Not", "Dimensions", "Tags", "CostCategories", "ProductAttributes")
_TOLD = "And, Or, Not, Dimensions, Tags, CostCategories"
_CASES = frozenset({"CASE_SENSITIVE", "CASE_INSENSITIVE"})
_DEEPEST = 20
"""Levels of nesting: far more than anybody writes, and a bound on what a request can make us build."""


def read_filter(expression: Mapping[str, Any] | None) -> Filter | None:
    """The filter of a request's `Filter`; None where there is none. Raises AwsError (ValidationException).

    Tags are exact keys, as AWS means them; who means any spelling takes `costs.tag_keys.loose` of it.
    """
    return None if expression is None else _read(expression, 0)


def _read(expression: Mapping[str, Any], depth: int) -> Filter:
    roots = [name for name in _ROOTS if expression.get(name) is not None]
    if len(roots) != 1:
        amount = "more than one roots" if roots else "zero roots"
        raise invalid(f"Expression has {amount}. Only one root operator is allowed for each expression: {_TOLD}")
    if depth > _DEEPEST:
        raise invalid(f"Expression is nested more than {_DEEPEST} levels deep")
    [root] = roots
    value = expression[root]
    match root:
        case "And" | "Or":
            parts = _operands(root, value, depth)
            return And(parts) if root == "And" else Or(parts)
        case "Not":
            return Not(_read(value, depth + 1))
        case "Dimensions" if value.get("Key") == "SUBSCRIPTION_ID":  # the end of the reservation's ARN
            ends = tuple(f"/{one}" for one in value.get("Values") or ())
            return Where(Dimension.RESERVATION_ID, ends, Match.ENDS_WITH)
        case "Dimensions":
            return _values(dimension_of(_key(root, value)), value)
        case "Tags":
            return _values(Tag(_key(root, value), exact=True), value)
        case "CostCategories":
            return _values(CostCategory(_key(root, value)), value)
        case _:
            raise invalid("ProductAttributes are not supported: bills do not carry them")


def _operands(root: str, value: Sequence[Mapping[str, Any]], depth: int) -> tuple[Filter, ...]:
    if len(value) < 2:
        raise invalid(f"{root} expression must have at least 2 operands")
    return tuple(_read(one, depth + 1) for one in value)


def _key(root: str, value: Mapping[str, Any]) -> str:
    key = str(value.get("Key") or "")
    if not key:
        raise invalid(f"{root} expression must have a Key")
    return key


def _values(facet: Facet, value: Mapping[str, Any]) -> Filter:
    match, ignore_case = _options(value.get("MatchOptions") or ())
    values = tuple(value.get("Values") or ())
    if match is Match.ABSENT:
        if any(values):
            raise invalid("Values must be empty where MatchOptions has ABSENT")
        return Where(facet, match=match)
    if not values:
        name = facet.value if isinstance(facet, Dimension) else "this key"
        raise invalid(f"Values of {name} must not be empty")
    if match is Match.EQUALS:
        return where_equal(facet, values, ignore_case=ignore_case)
    return Where(facet, values, match, ignore_case)


def _options(options: Sequence[str]) -> tuple[Match, bool]:
    """How to compare, and whether case is ignored. EQUALS and CASE_SENSITIVE are the defaults."""
    wanted = {Match(option) for option in options if option not in _CASES}
    cases = _CASES.intersection(options)
    if len(wanted) > 1 or len(cases) > 1:
        raise invalid(f"MatchOptions {', '.join(options)} cannot be combined: one comparison and one case at most")
    return (wanted.pop() if wanted else Match.EQUALS), "CASE_INSENSITIVE" in cases
