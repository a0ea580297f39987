"""How much of the time the clocks of GPUs were held down while a run had them, by reason.

A run is *slowed* where heat or a fault of the board holds clocks down for SLOWED_FROM of its time or more. A limit of
power that somebody set is reached by every GPU at full work: it is told, and nobody is called slowed by it.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.fleet.health.reading import devices_by_series
from trimtab.fleet.health.spans import Span
from trimtab.fleet.model import HOUR_MS, State
from trimtab.fleet.money import MachineFacts
from trimtab.fleet.naming import MachineNames
from trimtab.fleet.telemetry import concepts
from trimtab.fleet.telemetry.concepts import Finder, Found, Registry
from trimtab.fleet.telemetry.identity import host_of
from trimtab.fleet.telemetry.reading import Floats, MatrixReader
from trimtab.metrics.model import Kind
from trimtab.metrics.statistics import parse_statistic

_AVERAGE, _RATE = parse_statistic("Average"), parse_statistic("Rate")
SLOWED_FROM = 0.05
"""A share of the time from which on a step is measurably longer: less is within the spread of steps."""
_AT_ONCE = 4_096
_REASONS = {
    "hw_thermal": "heat", "sw_thermal": "heat", "thermal": "heat", "DCGM_FI_DEV_THERMAL_VIOLATION": "heat",
    "hw_power_brake": "power brake", "hw_slowdown": "hardware slowdown",
    "reliability": "reliability", "DCGM_FI_DEV_RELIABILITY_VIOLATION": "reliability",
    "board_limit": "board limit", "DCGM_FI_DEV_BOARD_LIMIT_VIOLATION": "board limit",
    "power_cap": "power cap", "DCGM_FI_DEV_POWER_VIOLATION": "power cap",
}  # fmt: skip
POWER_CAP = "power cap"


class Throttle(Struct, frozen=True):
    """The share of an hour in which the clocks of a device were held down for a reason; hours without are kept too."""

    machine: str
    device: int
    reason: str
    hour_ms: int
    share: float


class Slowdown(Struct, frozen=True, kw_only=True):
    """How a holder's GPUs were held down for one reason: the share of the GPU time for which it was measured, and the
    GPU-hours of it. `slowed`: it is heat or a fault, for SLOWED_FROM of the time or more.
    """

    holder: str
    reason: str
    machines: tuple[str, ...]
    gpus: int
    share: float
    throttled_gpu_hours: float
    measured_gpu_hours: float
    slowed: bool


async def read(
    reader: MatrixReader,
    registry: Registry,
    scope: Scope,
    machines: Mapping[str, MachineFacts],
    start_ms: int,
    end_ms: int,
    only: frozenset[str] | None = None,
) -> list[Throttle]:
    """By device, reason and hour of `[start, end)` how much clocks were held down, of devices of which they were at
    all. Raises QueryAborted, Unavailable.
    """
    finder, names = Finder(registry, scope, start_ms), MachineNames(machines)
    series = [
        one
        for one in finder.all((*concepts.THROTTLED, *concepts.THROTTLED_TIME))
        if reason_of(one)
        and (only is None or names.path_of(host_of(one.series), one.series.identity.account) in only)
    ]  # fmt: skip
    devices = devices_by_series([one.series for one in series], finder, machines)
    mine = [one for one in series if devices.get(one.series.id, ("", None))[1] is not None]
    first_ms = start_ms // HOUR_MS * HOUR_MS
    found: dict[tuple[str, int, str, int], float] = {}
    for at in range(0, len(mine), _AT_ONCE):
        for statistic in (_AVERAGE, _RATE):
            some = [
                one
                for one in mine[at : at + _AT_ONCE]
                if (one.series.identity.kind is Kind.COUNTER) == (statistic is _RATE)
            ]
            if not some:
                continue
            values = await reader.matrix(scope, [one.series.id for one in some], statistic, first_ms, end_ms, 3_600)
            for one, row in zip(some, values, strict=True):
                _take(found, one, row, devices[one.series.id], first_ms)
    return [Throttle(*key, share) for key, share in sorted(found.items())]


def reason_of(found: Found) -> str:
    """Why clocks are held down by a series: heat, power brake …; "" of no reason that is known."""
    return _REASONS.get(found.series.dimensions.get("hw.gpu.throttle.reason", found.metric.name), "")


def _take(
    found: dict[tuple[str, int, str, int], float], one: Found, row: Floats, place: tuple[str, int | None], first_ms: int
) -> None:
    if not (np.nan_to_num(row) > 0).any():
        return
    machine, device = place
    for hour in np.flatnonzero(~np.isnan(row)).tolist():
        key = machine, device or 0, reason_of(one), first_ms + hour * HOUR_MS
        found[key] = max(found.get(key, 0.0), min(float(row[hour]) * one.metric.scale, 1.0))


def slowdowns_of(throttles: Iterable[Throttle], spans: Sequence[Span]) -> list[Slowdown]:
    """By holder and reason how its GPUs were held down, the most first. Pure."""
    held: dict[tuple[str, int], list[Span]] = defaultdict(list)
    for span in spans:
        if span.state is State.HELD:
            held[span.machine, span.device].append(span)
    sums: dict[tuple[str, str], list[float]] = defaultdict(lambda: [0.0, 0.0])
    places: dict[tuple[str, str], set[tuple[str, int]]] = defaultdict(set)
    for one in throttles:
        for span in held.get((one.machine, one.device), ()):
            hours = span.gpu_ms(one.hour_ms, one.hour_ms + HOUR_MS) / HOUR_MS
            if hours <= 0:
                continue
            both = sums[span.holder, one.reason]
            both[0] += hours * one.share
            both[1] += hours
            if one.share > 0:
                places[span.holder, one.reason].add((one.machine, one.device))
    found = [
        Slowdown(
            holder=holder,
            reason=reason,
            machines=tuple(sorted({machine for machine, _ in places[holder, reason]})),
            gpus=len(places[holder, reason]),
            share=throttled / measured,
            throttled_gpu_hours=throttled,
            measured_gpu_hours=measured,
            slowed=reason != POWER_CAP and throttled / measured >= SLOWED_FROM,
        )
        for (holder, reason), (throttled, measured) in sums.items()
        if throttled > 0
    ]
    return sorted(found, key=lambda one: (-one.slowed, -one.throttled_gpu_hours, one.holder, one.reason))
