"""Runs the engine queries of a plan, each in chunks of ids that fit a request."""

import asyncio
from collections.abc import Mapping
from typing import Any

import numpy as np

from trimtab.metrics.buckets import Window
from trimtab.metrics.plan import Atoms, Fetch, Plan, Shape, Source
from trimtab.metrics.read_histograms import Histograms
from trimtab.metrics.samples import Samples
from trimtab.metrics.totals import Lasts, Totals
from trimtab.store.sql import load_queries
from trimtab.store.telemetry.client import Columns, Telemetry

_QUERIES = load_queries("trimtab.metrics")
# Long parameters travel as form fields, which a server caps at 128 KiB (http_max_field_value_size); an id takes up to
# 22 bytes of one.
IDS_A_QUERY = 5_500

Rows = Totals | Lasts | Samples | Histograms


async def run_plan(telemetry: Telemetry, plan: Plan, start_ms: int, end_ms: int) -> dict[Fetch, list[Columns]]:
    """What the engine answers to every fetch of `plan` over `[start_ms, end_ms)`. Raises QueryAborted, Unavailable."""
    answers = await asyncio.gather(
        *(
            _run(telemetry, fetch, atoms, Window(start_ms, end_ms, fetch.period_ms))
            for fetch, atoms in plan.fetches.items()
        )
    )
    return dict(zip(plan.fetches, answers, strict=True))


def rows_of(plan: Plan, read: dict[Fetch, list[Columns]], start_ms: int, end_ms: int) -> dict[Fetch, Rows]:
    """The engine's answers as rows of their shapes. Computes, so it belongs off the event loop."""
    return {fetch: _rows(fetch, plan.fetches[fetch], chunks, start_ms, end_ms) for fetch, chunks in read.items()}


async def _run(telemetry: Telemetry, fetch: Fetch, atoms: Atoms, window: Window) -> list[Columns]:
    sql = _QUERIES[f"{fetch.source}_{fetch.shape}"]
    return [
        await telemetry.fetch(sql, _parameters(fetch, atoms, at, window))
        for at in range(0, len(atoms.ids), IDS_A_QUERY)
    ]


def _rows(fetch: Fetch, atoms: Atoms, chunks: list[Columns], start_ms: int, end_ms: int) -> Rows:
    columns = chunks[0] if len(chunks) == 1 else _joined(chunks, fetch)
    if fetch.source is Source.HISTOGRAMS:
        window = Window(start_ms, end_ms, fetch.period_ms)
        return Histograms.of(columns, window, dict(zip(atoms.ids, atoms.atoms, strict=True)))
    match fetch.shape:
        case Shape.TOTALS:
            return Totals.of(columns)
        case Shape.LAST:
            return Lasts.of(columns)
        case Shape.SAMPLES:
            return Samples.of(columns)


def _parameters(fetch: Fetch, atoms: Atoms, at: int, window: Window) -> Mapping[str, Any]:
    chunk = slice(at, at + IDS_A_QUERY)
    parameters: dict[str, Any] = {"ids": list(atoms.ids[chunk]), "end": window.end_ms}
    if fetch.source in (Source.INCREASES, Source.HISTOGRAMS):
        parameters["lookback"] = window.lookback_ms
    if fetch.source is not Source.HISTOGRAMS:
        parameters |= {"atoms": list(atoms.atoms[chunk]), "start": window.start_ms, "period": window.period_ms}
    return parameters


def _joined(chunks: list[Columns], fetch: Fetch) -> Columns:
    """All chunks as one result in the query's order (an atom may be in several)."""
    columns = {name: np.concatenate([chunk[name] for chunk in chunks]) for name in chunks[0]}
    if fetch.source is Source.HISTOGRAMS:
        return columns  # A series is in one chunk whole, and only that matters.
    keys = ("value", "bucket", "atom") if fetch.shape is Shape.SAMPLES else ("bucket", "atom")
    order = np.lexsort(tuple(columns[key] for key in keys))
    return {name: column[order] for name, column in columns.items()}
