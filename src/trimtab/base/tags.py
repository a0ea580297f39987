"""Tags: an ordered, hashable set of key/value pairs, as resources, series and state rows carry them."""

from collections.abc import Iterable, Mapping

Tags = tuple[tuple[str, str], ...]
"""Pairs sorted by key, each key once."""


def make_tags(pairs: Mapping[str, str] | Iterable[tuple[str, str]]) -> Tags:
    """Sort `pairs` by key; the last value of a repeated key wins."""
    return tuple(sorted(dict(pairs).items()))


def format_tags(tags: Tags) -> str:
    """`k=v, k2=v2` for people."""
    return ", ".join(f"{key}={value}" for key, value in tags)
