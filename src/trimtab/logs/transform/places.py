"""Places in an event as transformers name them: keys joined by dots, `store.book`; numbers are places in a list."""

from collections.abc import Mapping
from typing import Any

from trimtab.base.errors import InvalidInput

Event = dict[str, Any]
MOST_KEYS = 3
"""How deep a place may be, as documented."""
NOTHING: Any = object()
"""What is at a place where there is nothing; None is JSON's null."""


class NotTransformedError(Exception):
    """A processor cannot do its work on an event; the event is kept as it came."""


def keys_of(place: str) -> list[str]:
    """The keys of a place. Raises InvalidInput."""
    keys = place.split(".")
    if not all(keys) or len(keys) > MOST_KEYS:
        raise InvalidInput(f"cannot use the key {place[:200]!r}: expected one to {MOST_KEYS} names joined by dots")
    return keys


def at(event: Any, keys: list[str]) -> Any:
    """What an event has at a place, NOTHING where it has nothing."""
    for key in keys:
        if isinstance(event, Mapping):
            event = event.get(key, NOTHING)
        elif isinstance(event, list) and key.isdigit() and int(key) < len(event):
            event = event[int(key)]
        else:
            return NOTHING
    return event


def put(event: Event, keys: list[str], value: Any, *, over: bool = True) -> None:
    """Put a value at a place, with the objects on the way there; without `over` only where nothing is."""
    *way, last = keys
    inner: Any = event
    for key in way:
        if not isinstance(inner, dict):
            break
        inner = inner.setdefault(key, {})
    if not isinstance(inner, dict):
        raise NotTransformedError(f"cannot put {'.'.join(keys)}: {'.'.join(way)} is no object")
    if over or last not in inner:
        inner[last] = value


def drop(event: Event, keys: list[str]) -> Any:
    """Take away what is at a place; answers it, NOTHING where nothing was."""
    inner = at(event, keys[:-1])
    return inner.pop(keys[-1], NOTHING) if isinstance(inner, dict) else NOTHING
