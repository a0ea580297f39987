"""Paths and query parameters of REST calls, from Python's values."""

from collections.abc import Sequence
from urllib.parse import quote

Parameter = str | int | float | Sequence[str] | None


def path_of(root: str, *parts: str) -> str:
    """The path below `root` of names that may hold any sign."""
    return "/".join((root, *(quote(part, safe="") for part in parts)))


def parameters(**values: Parameter) -> list[tuple[str, str]]:
    """Query parameters: what is None or empty is left out, a sequence is one parameter for each of its items."""
    return [(name, text) for name, value in values.items() for text in _texts(value) if text]


def _texts(value: Parameter) -> Sequence[str]:
    if value is None:
        return ()
    if isinstance(value, bool):
        return (str(value).lower(),)
    return (str(value),) if isinstance(value, str | int | float) else value
