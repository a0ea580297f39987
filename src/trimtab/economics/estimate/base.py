"""What estimates of open days rest on until the bill changes: its past, owners, past errors and corrections."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from msgspec import Struct

from trimtab.base.records import replace
from trimtab.costs.model import Metric
from trimtab.costs.read_sql import DAY_MS, HOUR_MS
from trimtab.economics.estimate.carry import at_close
from trimtab.economics.estimate.estimator import Replayed, corrected, corrections, relative_errors, replay
from trimtab.economics.estimate.groups import Ownership
from trimtab.economics.estimate.model import USAGE_TYPE, Floats, LineKey, Metered, Past, PastError
from trimtab.economics.estimate.silence import Silence, filled
from trimtab.economics.estimate.store import Kept, line_id

COMPARED_DAYS = 28
"""Days whose estimate and bill are compared: four of each weekday."""
_LEAST_DAYS = 3
"""Days of a past from which a replay says something."""
TOKEN_UNITS: Mapping[str, float] = {
    "tokens": 1.0,
    "token": 1.0,
    "1k tokens": 1e3,
    "1000 tokens": 1e3,
    "1m tokens": 1e6,
    "million tokens": 1e6,
}
"""Units of billed tokens, with the tokens in each."""
REQUEST_UNITS: Mapping[str, float] = {"requests": 1.0, "request": 1.0, "api requests": 1.0, "1m requests": 1e6}
KINDS = ("input-tokens", "output-tokens", "requests")
KeptDays = Mapping[int, Mapping[str, Kept]]
"""Estimates that were really made, by day and line."""
Used = Mapping[str, Mapping[str, float]]
"""By kind what was counted by model or endpoint."""


class Base(Struct, frozen=True):
    """Made once a bill. `factors` is by line, `replayed` has the corrections in it."""

    generation: int
    closed_ms: int
    past: Past
    owned: Ownership
    replayed: Replayed
    factors: Floats
    ids: tuple[str, ...]
    silences: tuple[Silence, ...] = ()

    def error(self, weights: Floats, metric: Metric) -> PastError:
        """How far the estimates of the lines with these weights were from the bill, by day: without what comes at the
        close of a month, and without days on which telemetry was silent, or before which nothing was billed.
        """
        estimated, actual = self.compared(weights, metric)
        left_out = {(one.day_ms - self.past.start_ms) // DAY_MS - self.replayed.first for one in self.silences}
        billed = np.flatnonzero(np.where(at_close(self.past), 0.0, weights) @ self.past.effective)
        begun = (int(billed[0]) if len(billed) else self.past.days) - self.replayed.first
        told = [at for at in range(self.replayed.days) if at > begun and at not in left_out]
        return PastError(relative_errors(estimated[told], actual[told]))

    def compared(self, weights: Floats, metric: Metric) -> tuple[Floats, Floats]:
        """What was estimated and billed of the lines with these weights, by day, without what comes at the close."""
        effective, told = metric is Metric.EFFECTIVE, self.replayed
        mine = np.where(at_close(self.past), 0.0, weights)
        estimated = told.effective if effective else told.billed
        actual = told.actual_effective if effective else told.actual_billed
        return mine @ estimated, mine @ actual

    def left_out(self, weights: Floats, metric: Metric) -> Floats:
        """What the bill has of lines that come at the close of a month, by compared day."""
        effective, told = metric is Metric.EFFECTIVE, self.replayed
        actual = told.actual_effective if effective else told.actual_billed
        return np.asarray(np.where(at_close(self.past), weights, 0.0) @ actual, np.float64)

    def weights_of(self, share: Callable[[LineKey], float]) -> Floats:
        """How much of each line is meant, 0 to 1."""
        return np.array([share(key) for key in self.past.keys], np.float64)


def make_base(
    generation: int,
    closed_ms: int,
    past: Past,
    owned: Ownership,
    meters: list[Metered],
    kept: Mapping[int, Mapping[str, Kept]],
    silent: Sequence[Silence] = (),
) -> Base:
    """The base of a bill, with the estimates that were really made of its days in place of replayed ones."""
    ids = tuple(line_id(key) for key in past.keys)
    raw = replay(past, meters)
    told = corrected(raw, owned.group)
    if kept and told.days:
        told = _with_kept(told, past, ids, kept)
    factors = corrections(raw, owned.group, raw.days) if raw.days else np.ones(len(past.keys))
    return Base(generation, closed_ms, past, owned, told, factors, ids, tuple(silent))


def _with_kept(told: Replayed, past: Past, ids: tuple[str, ...], kept: KeptDays) -> Replayed:
    effective, billed = told.effective.copy(), told.billed.copy()
    for at in range(told.days):
        day = kept.get(past.start_ms + (told.first + at) * DAY_MS)
        if day:
            effective[:, at] = [day[one].effective if one in day else 0.0 for one in ids]
            billed[:, at] = [day[one].billed if one in day else 0.0 for one in ids]
    return replace(told, effective=effective, billed=billed)


def compared_days(past: Past) -> int:
    """How many of a past's last days can be replayed."""
    return max(0, min(COMPARED_DAYS, past.days - _LEAST_DAYS))


def hours_of_day(hours: Mapping[str, Floats], start_ms: int, day_ms: int, now_ms: int) -> dict[str, float]:
    """By machine its hours on a day so far.

    `hours` are shares of hours from `start_ms` on. An hour counts as far as it has passed. Hours in which every meter
    is silent are hours without meters, not without machines: they count as the mean of the hours that told; those in
    which most are silent as what each machine did before and after (`silence.py`).
    """
    first = (day_ms - start_ms) // HOUR_MS
    hours = filled(hours, start_ms, day_ms)
    # A machine is watched from the first hour on in which it was seen.
    watched = {name: shares for name, shares in hours.items() if shares[: max(first + 24, 0)].any()}
    cut = {name: shares[max(first, 0) : max(first + 24, 0)] for name, shares in watched.items()}
    length = max((len(one) for one in cut.values()), default=0)
    if not length:
        return {}
    passed = np.array([min(max((now_ms - day_ms) / HOUR_MS - hour, 0.0), 1.0) for hour in range(length)])
    table = np.array([np.minimum(np.pad(one, (0, length - len(one))), passed) for one in cut.values()])
    told = table.any(axis=0)
    known = float(passed[told].sum())
    if not known:
        return {}
    scale = float(passed.sum()) / known
    return dict(zip(cut, (table.sum(axis=1) * scale).tolist(), strict=True))


def metered_of(past: Past, hours: Mapping[str, float], used: Used) -> Metered:
    """What meters say of a day, by line; a resource is named by its id or the end of its ARN."""
    by_line = np.full(len(past.keys), np.nan)
    counted = np.full(len(past.keys), np.nan)
    for row, key in enumerate(past.keys):
        if key.resource:
            found = hours.get(key.resource, hours.get(key.resource.rpartition("/")[2]))
            if found is not None:
                by_line[row] = found
        if any(used.values()):
            amount = _counted(key, used)
            if amount is not None:
                counted[row] = amount
    return Metered(by_line, counted)


def wants_use(past: Past) -> bool:
    """Whether any line is priced by tokens or requests."""
    units = {key.unit.casefold() for key in past.keys}
    return bool(units & (TOKEN_UNITS.keys() | REQUEST_UNITS.keys()))


def _counted(key: LineKey, used: Used) -> float | None:
    unit = key.unit.casefold()
    names = (key.model, key.resource.rpartition("/")[2])
    if unit in TOKEN_UNITS:
        said = key.dimensions[USAGE_TYPE].casefold()
        kinds = [kind for kind in KINDS[:2] if kind.partition("-")[0] in said]
        found = [used.get(kind, {}).get(name) for kind in kinds for name in names if name]
        per = TOKEN_UNITS[unit]
    elif unit in REQUEST_UNITS:
        found = [used.get("requests", {}).get(name) for name in names if name]
        per = REQUEST_UNITS[unit]
    else:
        return None
    amounts = [one for one in found if one is not None]
    return sum(amounts) / per if amounts else None
