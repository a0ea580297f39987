"""One statistic of many series on one grid: a row a series, a column a period.

What looks at ten thousand GPUs asks for it so: of gauges the engine makes one array a series, which is a fifth of the
work of a row for every period. What other kinds tell is asked as `StatRequest`s, and put into its place.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from msgspec import Struct

from trimtab.metrics.buckets import Window
from trimtab.metrics.fetches import IDS_A_QUERY
from trimtab.metrics.plan import StatSeries
from trimtab.metrics.rollups.split import Split
from trimtab.metrics.statistics import Family, Statistic
from trimtab.store.sql import load_queries
from trimtab.store.telemetry.client import Telemetry

Floats = npt.NDArray[np.float64]

OF_ARRAYS = frozenset({Family.AVERAGE, Family.SUM, Family.SAMPLE_COUNT, Family.MINIMUM, Family.MAXIMUM})
"""Statistics that are made of arrays of counts, sums and extremes."""
_QUERIES = load_queries("trimtab.metrics")
_ROLLUPS = load_queries("trimtab.metrics.rollups")
_AT_ONCE = 2
"""Questions that the engine works on together, and whose answers are in memory together."""
_EMPTY = {"total": 0.0, "count": 0.0, "low": np.inf, "high": -np.inf}
_MERGED = {"total": np.add, "count": np.add, "low": np.minimum, "high": np.maximum}


class Periods(Struct, frozen=True):
    """The periods of `[start_ms, end_ms)`: multiples of the period, from the one that the start is in."""

    start_ms: int
    end_ms: int
    period_s: int

    @property
    def first(self) -> int:
        """Where the first begins, ms."""
        return self.start_ms // self.period_ms * self.period_ms

    @property
    def period_ms(self) -> int:
        """The length of one."""
        return self.period_s * 1000

    def __len__(self) -> int:
        return max(-(-(self.end_ms - self.first) // self.period_ms), 0)

    def place(self, answer: StatSeries, row: Floats) -> None:
        """Put an answer into a row; periods without a value stay as they are."""
        at = (answer.times - self.first) // self.period_ms
        inside = (at >= 0) & (at < len(self))
        row[at[inside]] = answer.values[inside]


async def of_gauges(
    telemetry: Telemetry, ids: Sequence[int], statistic: Statistic, periods: Periods, split: Split | None
) -> Floats:
    """A row for each of `ids`, NaN where there is no value; from rollups where `split` says so.

    Raises QueryAborted, Unavailable.
    """
    made = {name: np.full((len(ids), len(periods)), _EMPTY[name]) for name in ("count", *_parts(statistic))}
    order = np.argsort(np.array(ids, np.uint64))
    ranked = np.array(ids, np.uint64)[order]

    def put(table: pa.Table, *, first: bool) -> None:
        rows = order[np.searchsorted(ranked, table["series"].to_numpy().astype(np.uint64))]
        count = _values(table["count"], len(periods))
        for name, whole in made.items():
            told = count if name == "count" else _values(table[name], len(periods))
            if name in ("low", "high"):
                told = np.where(count > 0, told, _EMPTY[name])  # elsewhere they are no numbers
            whole[rows] = told if first else _MERGED[name](whole[rows], told)

    some = [ids[at : at + IDS_A_QUERY] for at in range(0, len(ids), IDS_A_QUERY)]
    queries = [query for one in some for query in enumerate(_queries(one, periods, split, statistic))]
    for at in range(0, len(queries), _AT_ONCE):
        asked = queries[at : at + _AT_ONCE]
        tables = await asyncio.gather(*(telemetry.table(sql, parameters) for _, (sql, parameters) in asked))
        for (number, _), table in zip(asked, tables, strict=True):
            await asyncio.to_thread(put, table, first=number == 0)
    return _statistic(statistic.family, made)


def _parts(statistic: Statistic) -> tuple[str, ...]:
    match statistic.family:
        case Family.MINIMUM:
            return ("low",)
        case Family.MAXIMUM:
            return ("high",)
        case _:
            return ("total",)


def _queries(
    ids: Sequence[int], periods: Periods, split: Split | None, statistic: Statistic
) -> list[tuple[str, dict[str, Any]]]:
    """Those whose answers together are of some series."""
    window = Window(periods.start_ms, periods.end_ms, periods.period_ms)
    name = "extremes" if statistic.family in (Family.MINIMUM, Family.MAXIMUM) else "sums"
    asked = {"ids": list(ids), "first": periods.first, "period": window.period_ms, "steps": len(periods)}
    spans = ((window.start_ms, window.end_ms),) if split is None else split.raw
    found = [(_QUERIES[f"gauges_{name}"], {**asked, "start": start, "end": end}) for start, end in spans]
    if split is not None:
        of_hours = {"table": split.tier.table, "hours": list(split.hours), "versions": list(split.versions)}
        found.append((
            _ROLLUPS[f"rollup_{name}"],
            {**asked, **of_hours, "start": split.start_ms, "end": split.end_ms},
        ))  # fmt: skip
    return found


def _values(column: pa.ChunkedArray, width: int) -> Floats:
    """A column of arrays as a matrix."""
    return np.asarray(column.combine_chunks().flatten().to_numpy(), np.float64).reshape(-1, width)


def _statistic(family: Family, made: dict[str, Floats]) -> Floats:
    nothing = made["count"] == 0
    match family:
        case Family.SAMPLE_COUNT:
            values = made["count"]
        case Family.AVERAGE:
            values = np.divide(made["total"], made["count"], out=made["total"], where=~nothing)
        case Family.SUM:
            values = made["total"]
        case Family.MINIMUM:
            values = made["low"]
        case _:
            values = made["high"]
    values[nothing] = np.nan
    return values
