"""Label sets: sorted tuples of (name, value), hashable; `__name__` is one of them, and an empty value is no label."""

from collections.abc import Collection, Iterable, Mapping

from trimtab.base.tags import Tags
from trimtab.metrics.promql.language.literals import quoted

Labels = Tags
NAME, BUCKET = "__name__", "le"
METADATA = frozenset((NAME, "__type__", "__unit__"))
"""What says what a metric is, and no longer holds once it was calculated with."""
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")


def make(pairs: Mapping[str, str]) -> Labels:
    """The label set of a mapping."""
    return tuple(sorted((name, value) for name, value in pairs.items() if value))


def get(labels: Labels, name: str) -> str:
    """A label's value; "" where it is not there."""
    return next((value for key, value in labels if key == name), "")


def keep(labels: Labels, names: Collection[str]) -> Labels:
    """Only the labels `names`."""
    return tuple(pair for pair in labels if pair[0] in names)


def drop(labels: Labels, names: Collection[str]) -> Labels:
    """All labels but `names`."""
    return tuple(pair for pair in labels if pair[0] not in names)


def put(labels: Labels, name: str, value: str) -> Labels:
    """The labels with one set, or taken away where `value` is empty."""
    rest = drop(labels, (name,))
    return tuple(sorted((*rest, (name, value)))) if value else rest


def grouped(labels: Labels, names: Collection[str], *, without: bool) -> Labels:
    """What of a label set an aggregation keeps."""
    return drop(labels, {*names, NAME}) if without else keep(labels, names)


def matched(labels: Labels, names: Collection[str], *, on: bool) -> Labels:
    """What of a label set both sides of a binary operation must have equal."""
    return keep(labels, names) if on else drop(labels, {*names, NAME})


def shown(labels: Labels) -> str:
    """A label set as Prometheus writes it in messages: `{__name__="up", job="a"}`."""
    return "{" + ", ".join(f"{label(name)}={quoted(value)}" for name, value in labels) + "}"


def label(name: str) -> str:
    """A label's name, in quotes where it needs them."""
    plain = bool(name) and not name[0].isdigit() and _PLAIN.issuperset(name)
    return name if plain else quoted(name)


def unique(sets: Iterable[Labels]) -> bool:
    """Whether no label set comes twice."""
    found = list(sets)
    return len(set(found)) == len(found)
