"""When requests are meant to start: rising offsets in seconds. An open loop sends at these, come what may."""

import csv
import itertools
import math
import random
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

from trimtab.base.errors import InvalidInput

_FRACTION = 6  # digits of a second that datetime reads; traces write seven


def poisson(rate: float, seed: int = 1) -> Iterator[float]:
    """Independent arrivals at `rate` a second, for ever. Raises InvalidInput for a rate that is not positive."""
    _check(rate)
    draw, at = random.Random(seed), 0.0  # noqa: S311  # arrivals, not secrets
    while True:
        at += draw.expovariate(rate)
        yield at


def constant(rate: float) -> Iterator[float]:
    """Evenly spaced arrivals at `rate` a second, for ever."""
    _check(rate)
    return (number / rate for number in itertools.count())


def burst(rate: float, factor: float = 4.0, period_s: float = 10.0, seed: int = 1) -> Iterator[float]:
    """Poisson arrivals of mean `rate` that come `factor` times as fast during 1 / (2·factor) of each period.

    Half of the requests come in the bursts.
    """
    _check(rate)
    if factor < 1 or period_s <= 0:
        raise InvalidInput("cannot send bursts: expected a factor of 1 or more and a period above 0 s")
    high = period_s / (2 * factor)
    quiet = rate * 0.5 * period_s / (period_s - high)
    draw, at = random.Random(seed), 0.0  # noqa: S311
    while True:
        phase = at % period_s
        now, until = (rate * factor, high) if phase < high else (quiet, period_s)
        step = draw.expovariate(now)
        if phase + step >= until:  # memoryless: start again at the border
            at = math.floor(at / period_s) * period_s + until
            continue
        at += step
        yield at


def replay(offsets: Sequence[float], speed: float = 1.0, origin: float | None = None) -> Iterator[float]:
    """The arrivals of a trace, `speed` times as fast, counted from `origin` (its first without)."""
    _check(speed)
    first = origin if origin is not None else min(offsets, default=0.0)
    return ((one - first) / speed for one in sorted(offsets))


def read_trace(path: Path, column: str = "") -> list[float]:
    """The times of a CSV trace in seconds: numbers, or dates with times.

    `column` is the first one where none is named. Raises InvalidInput for what is not a time.
    """
    with path.open(newline="", encoding="utf-8") as lines:
        rows = csv.DictReader(lines)
        name = column or (rows.fieldnames or [""])[0]
        if name not in (rows.fieldnames or ()):
            raise InvalidInput(f"cannot replay {path}: it has no column {name!r}")
        return [_seconds(row[name], path) for row in rows]


def _seconds(text: str, path: Path) -> float:
    try:
        return float(text)
    except ValueError:
        pass
    whole, dot, fraction = text.strip().removesuffix("Z").partition(".")
    try:
        return datetime.fromisoformat(f"{whole}{dot}{fraction[:_FRACTION]}+00:00").timestamp()
    except ValueError:
        raise InvalidInput(f"cannot replay {path}: {text!r} is not a time") from None


def _check(rate: float) -> None:
    if not (rate > 0 and math.isfinite(rate)):
        raise InvalidInput(f"cannot send at a rate of {rate}: expected a number above 0")
