"""Values of SLURM's JSON in any of the forms that its releases write them in; what is of another form is none."""

from collections.abc import Mapping
from typing import Any


def number(value: Any) -> int | None:
    """A number in any of the forms; None for one that is not set, infinite, or none."""
    if isinstance(value, Mapping):
        if value.get("infinite") or not value.get("set", True):
            return None
        value = value.get("number")
    if isinstance(value, str) and value.strip().lstrip("-").isdecimal():
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value)


def states_of(value: Any) -> tuple[str, ...]:
    """A state in any of the forms, in capitals: `"running"`, `["IDLE", "DRAIN"]`, `"idle+drain"`."""
    return tuple(word.upper() for one in words_of(value) for word in one.replace(",", "+").split("+") if word)


def rows_of(value: Any) -> tuple[Mapping[str, Any], ...]:
    """The entries of a list; an object counts as one, a plain name as an object with that name."""
    entries = value if isinstance(value, list) else [value] if isinstance(value, Mapping) and value else []
    return tuple(one if isinstance(one, Mapping) else {"name": str(one)} for one in entries)


def words_of(value: Any) -> list[str]:
    """The words of a list, or one word as a list; empty ones are left out."""
    if isinstance(value, str):
        return [value] if value else []
    return [str(one) for one in value if one not in (None, "")] if isinstance(value, list) else []


def mapping_of(value: Any) -> Mapping[str, Any]:
    """An object; {} for what is none."""
    return value if isinstance(value, Mapping) else {}


def text_of(value: Any) -> str:
    """A text, or a number as one; "" for null, objects and lists."""
    return value if isinstance(value, str) else "" if value is None or isinstance(value, Mapping | list) else str(value)
