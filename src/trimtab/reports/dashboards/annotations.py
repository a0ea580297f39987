"""What is drawn over the lines: thresholds and bands across, moments and spans along time."""

import math
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from trimtab.base.errors import InvalidInput
from trimtab.base.timerange import parse_instant_ms


class Across(Struct, frozen=True):
    """A horizontal line at `low`, or a band from `low` to `high`; an infinite end means the edge of the plot."""

    low: float
    high: float | None
    label: str
    color: str
    right: bool


class Along(Struct, frozen=True):
    """A vertical line at `start_ms`, or a span to `end_ms`; None is the edge of the plot."""

    start_ms: int | None
    end_ms: int | None
    line: bool
    label: str
    color: str


class Annotations(Struct, frozen=True):
    """Both kinds, and the alarms whose threshold is to be shown."""

    across: tuple[Across, ...] = ()
    along: tuple[Along, ...] = ()
    alarms: tuple[str, ...] = ()


def read_annotations(raw: Mapping[str, Any], now_ms: int) -> Annotations:
    """The annotations of a widget; those with `visible: false` are left out."""
    across = tuple(_across(one) for one in raw.get("horizontal", ()) if _visible(one))
    along = tuple(_along(one, now_ms) for one in raw.get("vertical", ()) if _visible(one))
    return Annotations(across, along, tuple(raw.get("alarms", ())))


def _visible(one: Any) -> bool:
    return all(_visible(edge) for edge in one) if isinstance(one, list) else bool(one.get("visible", True))


def _across(one: Any) -> Across:
    if isinstance(one, list):
        first, second = one
        low, high = sorted((float(first["value"]), float(second["value"])))
        label = first.get("label") or second.get("label", "")
        color = first.get("color") or second.get("color", "")
        return Across(low, high, label, color, first.get("yAxis") == "right")
    value, right = float(one["value"]), one.get("yAxis") == "right"
    label, color = one.get("label", ""), one.get("color", "")
    fill = one.get("fill")
    if fill == "above":
        return Across(value, math.inf, label, color, right)
    if fill == "below":
        return Across(-math.inf, value, label, color, right)
    return Across(value, None, label, color, right)


def _along(one: Any, now_ms: int) -> Along:
    if isinstance(one, list):
        first, second = one
        start, end = sorted((_ms(first["value"], now_ms), _ms(second["value"], now_ms)))
        label = first.get("label") or second.get("label", "")
        return Along(start, end, False, label, first.get("color") or second.get("color", ""))
    at, label, color = _ms(one["value"], now_ms), one.get("label", ""), one.get("color", "")
    fill = one.get("fill")
    if fill == "before":
        return Along(None, at, False, label, color)
    if fill == "after":
        return Along(at, None, False, label, color)
    return Along(at, None, True, label, color)


def _ms(text: Any, now_ms: int) -> int:
    if not isinstance(text, str):
        raise InvalidInput(f"cannot read annotation: got {text!r}; expected an ISO 8601 time")
    return parse_instant_ms(text, now_ms)
