"""Reads found anomalies, within a caller's scope."""

import asyncio
from collections.abc import Sequence
from typing import Any

import numpy as np

from trimtab.access.scope import Scope
from trimtab.anomalies.model import CALM, LONGEST, SLOT_MS, Anomaly, Direction, parse_id
from trimtab.anomalies.mutes import MuteStore
from trimtab.base.errors import NotFound
from trimtab.metrics.registry import SeriesRegistry
from trimtab.store.sql import load_queries
from trimtab.store.telemetry.client import Columns, Telemetry

_QUERIES = load_queries("trimtab.anomalies")
_LONGEST_MS = 8 * (LONGEST + CALM) * SLOT_MS
"""How long before a range an anomaly may have begun: its points may come once an hour."""
MOST = 5000
"""Anomalies that one read looks at."""


class AnomalyReader:
    """The only reader of found anomalies. What a scope does not cover reads as if it did not exist."""

    def __init__(self, telemetry: Telemetry, registry: SeriesRegistry, mutes: MuteStore) -> None:
        self._telemetry = telemetry
        self._registry = registry
        self._mutes = mutes

    async def in_range(
        self, scope: Scope, start_ms: int, end_ms: int, *, series: Sequence[int] | None = None, muted: bool = False
    ) -> list[Anomaly]:
        """The anomalies that touch `[start_ms, end_ms)`, the most unusual first; of `series` (ids) where given.

        Those of muted series only with `muted`. Raises QueryAborted, Unavailable.
        """
        hidden = [] if muted else [one.series for one in await self._mutes.active()]
        bounds = {
            "from": start_ms,
            "to": end_ms,
            "longest": _LONGEST_MS,
            "any": int(series is None),
            "series": list(series or ()),
            "muted": hidden,
            "limit": MOST,
        }
        found = await asyncio.to_thread(_rows, await self._telemetry.fetch(_QUERIES["in_range"], bounds))
        seen = {
            series for series in {one.series for one in found} if self._registry.readable(scope, series) is not None
        }
        return sorted(
            (one for one in found if one.series in seen), key=lambda one: (-one.rank, one.start_ms, one.series)
        )

    async def get(self, scope: Scope, id_: str) -> Anomaly:
        """One anomaly, muted or not. Raises NotFound, QueryAborted, Unavailable."""
        named = parse_id(id_)
        if named is not None and self._registry.readable(scope, named[0]) is not None:
            found = _rows(await self._telemetry.fetch(_QUERIES["one"], {"series": named[0], "start": named[1]}))
            if found:
                return found[0]
        raise NotFound(f"cannot find anomaly {id_}: there is none with this id; `trimtab anomalies list` shows them")


def _rows(columns: Columns) -> list[Anomaly]:
    names = (
        "series", "start_ms", "end_ms", "account", "region", "open", "score", "peak_ms", "direction", "value", "low",
        "high", "picture_ms", "points", "lows", "highs", "revision",
    )  # fmt: skip
    return [_anomaly(*row) for row in zip(*(columns[name].tolist() for name in names), strict=True)]


def _anomaly(*row: Any) -> Anomaly:
    series, start, end, account, region, open_, score, peak, direction, value, low, high, picture = row[:13]
    points, lows, highs = (tuple(np.asarray(column, dtype=np.float64).tolist()) for column in row[13:16])
    return Anomaly(
        series, start, end, account, region, bool(open_), score, peak, Direction(direction), value, low, high, picture,
        points, lows, highs, row[16],
    )  # fmt: skip
