"""A service of the serving account whose replicas the engine decides about, as a dry run: its demand, and its policies.

A week of minutes goes through the metrics' door before, and every minute from then on. Nothing here can be changed by
the engine: the service is only told.
"""

import math
from collections.abc import Mapping

from trimtab.client import scaling_engine_wire as scaling
from trimtab.client import wire
from trimtab.client.api import Client
from trimtab.client.scaling_engine import ScalingEngine
from trimtab.demo.company import SERVING

NAMESPACE, METRIC, SERVICE = "acme/Search", "Queries", "search-api"
RESOURCE = "service/serving/search-api"
_MINUTE_MS, _WEEK_MS = 60_000, 7 * 86_400_000
_AT_ONCE = 500
_NIGHT, _DAY = 240.0, 1900.0
"""Queries a second."""
_CAPACITY = 110.0


def demand(at_ms: int) -> float:
    """Queries in the minute that begins at a time: a day's rhythm, quieter weekends, a newsletter at nine."""
    hour = at_ms / 3_600_000 % 24
    weekend = (at_ms // 86_400_000 + 4) % 7 in (0, 6)  # the epoch was a Thursday
    rhythm = (0.5 - 0.5 * math.cos(2 * math.pi * (hour - 3) / 24)) ** 1.5
    level = _NIGHT + (_DAY * (0.55 if weekend else 1.0) - _NIGHT) * rhythm
    if 9.0 <= hour < 9.4 and not weekend:
        level *= 1.0 + 0.45 * math.exp(-(hour - 9.0) * 9)
    wobble = 1.0 + 0.05 * math.sin(at_ms / 4.1e6) + 0.03 * math.sin(at_ms / 0.7e6)
    return float(round(60 * level * wobble))


class ScalingFeed:
    """Tells the demand, minute by minute. `since_ms` is how far a run before this one came."""

    def __init__(self, url: str, tokens: Mapping[str, str], since_ms: int) -> None:
        self._url = url
        self._token = tokens[SERVING.id]
        self._next_ms = since_ms

    def begin(self, now_ms: int) -> None:
        """Register the service where it is not yet, with its history."""
        with Client(self._url, self._token) as mine:
            engine = ScalingEngine(mine)
            if any(one.resource == RESOURCE for one in engine.listed()):
                return
            self._next_ms = now_ms - _WEEK_MS
            made = engine.put(_target())
            engine.put_policy(made.id, "portfolio", "Portfolio", {"allowed": 0.01})
            night = scaling.PutSchedule(schedule="cron(0 22 * * ? *)", zone="Europe/Berlin", least=2, most=16)
            day = scaling.PutSchedule(schedule="cron(0 6 * * ? *)", zone="Europe/Berlin", least=3, most=24)
            engine.put_schedule(made.id, "night", night)
            engine.put_schedule(made.id, "day", day)
            engine.set_mode(made.id, "dry-run")

    def tell(self, now_ms: int) -> None:
        """Send the whole minutes that are new."""
        first = -(-self._next_ms // _MINUTE_MS) * _MINUTE_MS
        times = range(first, now_ms - _MINUTE_MS + 1, _MINUTE_MS)
        dimensions = {"Service": SERVICE}
        found = [
            wire.Datum(name=METRIC, value=demand(at), time=at, unit="Count", dimensions=dimensions) for at in times
        ]
        if not found:
            return
        with Client(self._url, self._token) as mine:
            for at in range(0, len(found), _AT_ONCE):
                mine.put(NAMESPACE, found[at : at + _AT_ONCE])
        self._next_ms = times[-1] + _MINUTE_MS


def _target() -> scaling.PutTarget:
    signal = scaling.Signal(namespace=NAMESPACE, name=METRIC, dimensions={"Service": SERVICE})
    guards = scaling.Guards(
        max_step=6,
        price_per_hour="1.323",
        monthly_cap="12000",
        freezes=[scaling.Freeze(schedule="cron(0 17 ? * FRI *)", for_s=7200, why="the weekly release")],
    )
    service = scaling.Service(capacity=_CAPACITY, launch_s=180.0, tick_s=60, signal=signal)
    return scaling.PutTarget(
        namespace="ecs", resource=RESOURCE, least=3, most=24, guards=guards, service=service
    )  # fmt: skip
