"""Quantities as Kubernetes writes them: `500m`, `2`, `1.5Gi`, `1e3` (resource.Quantity)."""

import re
from typing import Any

_QUANTITY = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*([a-zA-Z]*)")
_DECIMAL = {"n": 1e-9, "u": 1e-6, "m": 1e-3, "": 1.0, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18}
_BINARY = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40, "Pi": 2**50, "Ei": 2**60}
_SIZES = {**_DECIMAL, **{name: float(size) for name, size in _BINARY.items()}}


def quantity(value: Any) -> float | None:
    """The number, in the resource's own unit; None for what is none, such as a placeholder (`$GPUS`)."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return float(value)
    found = _QUANTITY.fullmatch(str(value).strip())
    if found is None or found[2] not in _SIZES:
        return None
    number, unit = float(found[1]), found[2]
    return round(number * _SIZES[unit], 9) if unit in ("n", "u", "m") else number * _SIZES[unit]


def count(value: Any) -> int | None:
    """A whole number of pods or nodes; None for what is none."""
    number = quantity(value)
    return int(number) if number is not None and number >= 0 and number == int(number) else None
