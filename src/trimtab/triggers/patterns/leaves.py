"""An event as its leaves: where each value is, and in which element of which array.

Places are paths of keys joined by dots, so that the key `a.b` and the key `b` inside `a` are one place, as in AWS.
"""

from typing import Any

from msgspec import Struct

from trimtab.triggers.patterns.conditions import Value

Membership = tuple[tuple[int, int], ...]
"""Pairs of an array (numbered in the event) and the index in it, outermost first."""


class Leaf(Struct, frozen=True):
    """One value of an event. An empty array or object has none."""

    value: Value
    within: Membership


def leaves_of(event: dict[str, Any]) -> dict[str, list[Leaf]]:
    """The leaves of an event by place."""
    found: dict[str, list[Leaf]] = {}
    arrays = [0]

    def visit(place: str, value: Any, within: Membership) -> None:
        if isinstance(value, dict):
            for key, inner in value.items():
                visit(f"{place}.{key}" if place else key, inner, within)
        elif isinstance(value, list):
            arrays[0] += 1
            here = arrays[0]
            for index, inner in enumerate(value):
                visit(place, inner, (*within, (here, index)) if isinstance(inner, dict | list) else within)
        else:
            found.setdefault(place, []).append(Leaf(value, within))

    visit("", event, ())
    return found


def together(chosen: dict[int, int], within: Membership) -> dict[int, int] | None:
    """The elements of arrays that are chosen with `within` too, or None where another element of one was chosen."""
    for array, index in within:
        if chosen.get(array, index) != index:
            return None
    return {**chosen, **dict(within)}
