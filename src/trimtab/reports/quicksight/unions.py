"""Unions of QuickSight's requests: structures of which one member is given."""

from collections.abc import Mapping
from typing import Any


def member(given: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """The member that is given, by its name; `("", {})` where none is."""
    return next(((name, one) for name, one in given.items() if one is not None), ("", {}))
