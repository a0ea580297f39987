"""Groups within filter expressions: each stands for the expression of the group."""

from collections.abc import Mapping

from trimtab.base.errors import InvalidInput
from trimtab.base.records import replace
from trimtab.traces.filters.parser import parse
from trimtab.traces.filters.syntax import All, AnyOf, Expression, Group, Not

_ALWAYS = All(())
"""Holds for every trace."""


def expand(expression: Expression | None, filters: Mapping[tuple[str, str], str], depth: int = 0) -> Expression | None:
    """`expression` with each group replaced by its own; None for one that holds for all traces.

    `filters` are the filter expressions of the groups, by (name or arn, its value). Raises InvalidInput for a group
    that is not there, and for groups that stand in each other.
    """
    if expression is None:
        return None
    found = _expanded(expression, filters, depth)
    return None if found == _ALWAYS else found


def _expanded(part: Expression, filters: Mapping[tuple[str, str], str], depth: int) -> Expression:
    if isinstance(part, Not):
        return Not(_expanded(part.inner, filters, depth))
    if isinstance(part, All | AnyOf):
        parts = [_expanded(one, filters, depth) for one in part.parts]
        if isinstance(part, All):
            kept = tuple(one for one in parts if one != _ALWAYS)
            return kept[0] if len(kept) == 1 else All(kept)
        return _ALWAYS if _ALWAYS in parts else replace(part, parts=tuple(parts))
    if not isinstance(part, Group):
        return part
    if (part.by, part.value) not in filters:
        raise InvalidInput(
            f"Invalid filter expression: got group.{part.by} {part.value!r} at character {part.at + 1}; "
            "there is no such group: GetGroups lists them",
            field="FilterExpression",
        )
    if depth >= len(filters):
        raise InvalidInput(f"Invalid filter expression: group {part.value!r} stands within itself")
    inner = parse(filters[part.by, part.value])
    return _ALWAYS if inner is None else _expanded(inner, filters, depth + 1)
