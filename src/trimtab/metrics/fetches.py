"""Runs the engine queries of a plan, each in chunks of ids that fit a request, over raw points and rollups."""

import asyncio
from collections.abc import Mapping
from typing import Any

import numpy as np

from trimtab.metrics.buckets import Window
from trimtab.metrics.plan import Atoms, Fetch, Plan, Shape, Source
from trimtab.metrics.read_histograms import Histograms
from trimtab.metrics.rollups.split import Split
from trimtab.metrics.samples import Samples
from trimtab.metrics.totals import Lasts, Totals
from trimtab.store.sql import load_queries
from trimtab.store.telemetry.client import Columns, Telemetry

_QUERIES = load_queries("trimtab.metrics")
_ROLLUPS = load_queries("trimtab.metrics.rollups")
# Long parameters travel as form fields, which a server caps at 128 KiB (http_max_field_value_size); an id takes up to
# 22 bytes of one.
IDS_A_QUERY = 5_500

Query = tuple[str, dict[str, Any]]
Rows = Totals | Lasts | Samples | Histograms


async def run_plan(
    telemetry: Telemetry, plan: Plan, splits: Mapping[Fetch, Split], start_ms: int, end_ms: int
) -> dict[Fetch, list[Columns]]:
    """What the engine answers to every fetch of `plan` over `[start_ms, end_ms)`. Raises QueryAborted, Unavailable.

    A fetch with a split reads rollups where that says so.
    """
    answers = await asyncio.gather(
        *(
            _run(telemetry, fetch, atoms, Window(start_ms, end_ms, fetch.period_ms, fetch.origin_ms), splits.get(fetch))
            for fetch, atoms in plan.fetches.items()
        )
    )
    return dict(zip(plan.fetches, answers, strict=True))


def rows_of(plan: Plan, read: dict[Fetch, list[Columns]], start_ms: int, end_ms: int) -> dict[Fetch, Rows]:
    """The engine's answers as rows of their shapes. Computes, so it belongs off the event loop."""
    return {fetch: _rows(fetch, plan.fetches[fetch], chunks, start_ms, end_ms) for fetch, chunks in read.items()}


async def _run(telemetry: Telemetry, fetch: Fetch, atoms: Atoms, window: Window, split: Split | None) -> list[Columns]:
    found = []
    for at in range(0, len(atoms.ids), IDS_A_QUERY):
        queries = [_raw(fetch, atoms, at, window)] if split is None else _divided(fetch, atoms, at, window, split)
        found += await asyncio.gather(*(telemetry.fetch(sql, parameters) for sql, parameters in queries))
    return found


def _rows(fetch: Fetch, atoms: Atoms, chunks: list[Columns], start_ms: int, end_ms: int) -> Rows:
    columns = chunks[0] if len(chunks) == 1 else _joined(chunks, fetch)
    if fetch.source is Source.HISTOGRAMS:
        window = Window(start_ms, end_ms, fetch.period_ms, fetch.origin_ms)
        return Histograms.of(columns, window, dict(zip(atoms.ids, atoms.atoms, strict=True)))
    match fetch.shape:
        case Shape.TOTALS:
            return Totals.of(columns)
        case Shape.LAST:
            return Lasts.of(columns)
        case Shape.SAMPLES:
            return Samples.of(columns)


def _raw(fetch: Fetch, atoms: Atoms, at: int, window: Window) -> Query:
    parameters = _parameters(fetch, atoms, at, window)
    if fetch.source in (Source.INCREASES, Source.HISTOGRAMS):
        parameters["lookback"] = window.lookback_ms
    return _QUERIES[f"{fetch.source}_{fetch.shape}"], parameters


def _divided(fetch: Fetch, atoms: Atoms, at: int, window: Window, split: Split) -> list[Query]:
    """Increases meet at the bounds of hours, so one query reads both parts; the rest is merged here."""
    parameters = _parameters(fetch, atoms, at, window)
    histograms = fetch.source is Source.HISTOGRAMS
    rolled = {
        **parameters,
        "table": split.tier.histograms if histograms else split.tier.table,
        "hours": list(split.hours),
        "versions": list(split.versions),
    }
    if fetch.source is Source.INCREASES:
        rolled |= {"lookback": split.start_ms, "raw_hours": split.raw_hours}
        return [(_ROLLUPS[f"rolled_increases_{fetch.shape}"], rolled)]
    # The rows of a cut first bucket begin before the range: they are left out, as half of them cannot be told.
    rolled |= {"start": split.start_ms, "end": split.end_ms}
    queries = [(_ROLLUPS["rollup_histograms" if histograms else f"rollup_{fetch.shape}"], rolled)]
    for start_ms, end_ms in split.raw:
        span = {**parameters, "start": start_ms, "end": end_ms}
        if histograms:
            span["lookback"] = start_ms
        queries.append((_QUERIES[f"{fetch.source}_{fetch.shape}"], span))
    return queries


def _parameters(fetch: Fetch, atoms: Atoms, at: int, window: Window) -> dict[str, Any]:
    chunk = slice(at, at + IDS_A_QUERY)
    parameters: dict[str, Any] = {"ids": list(atoms.ids[chunk]), "start": window.start_ms, "end": window.end_ms}
    if fetch.source is not Source.HISTOGRAMS:
        parameters |= {"atoms": list(atoms.atoms[chunk]), "period": window.period_ms, "origin": window.origin_ms}
    return parameters


def _joined(chunks: list[Columns], fetch: Fetch) -> Columns:
    """All chunks as one result in the query's order (an atom may be in several)."""
    columns = {name: np.concatenate([chunk[name] for chunk in chunks]) for name in chunks[0]}
    if fetch.source is Source.HISTOGRAMS:
        keys: tuple[str, ...] = ("at", "series")
    else:
        keys = ("value", "bucket", "atom") if fetch.shape is Shape.SAMPLES else ("bucket", "atom")
    order = np.lexsort(tuple(columns[key] for key in keys))
    return {name: column[order] for name, column in columns.items()}
