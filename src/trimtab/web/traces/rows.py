"""Traces of a population as rows of a table and points of a picture; parts as bars."""

from collections.abc import Sequence

import numpy as np
from msgspec import Struct

from trimtab.bottlenecks.explain import Explained, Share
from trimtab.bottlenecks.parts import WIRE, Part, Population
from trimtab.web.format import moment

NS_A_MS = 1_000_000


class TraceRow(Struct, frozen=True):
    """A trace. `name` is its id, by which equal ones are sorted."""

    name: str
    start_ms: int
    at: str
    service: str
    operation: str
    duration_ms: float
    spans: int
    services: int
    failed: bool


class PartRow(Struct, frozen=True):
    """A part with its bars: widths in per cent of the widest, and whether its change is sure."""

    label: str
    detail: str
    share: Share
    width: float
    low: float
    high: float
    before: float
    sure: bool


def trace_rows(population: Population) -> list[TraceRow]:
    """A row a trace, in the order of the population."""
    spans, roots = population.spans, population.forest.roots
    count = np.bincount(spans.trace, minlength=len(spans.traces))
    pairs = np.unique(np.stack((spans.trace, spans.service)), axis=1) if len(spans) else np.empty((2, 0), np.int64)
    services = np.bincount(pairs[0], minlength=len(spans.traces))
    return [
        TraceRow(
            trace,
            start := int(spans.start_ns[root]) // NS_A_MS,
            moment(start),
            spans.services[spans.service[root]],
            spans.operations[spans.operation[root]],
            float(total),
            int(count[spans.trace[root]]),
            int(services[spans.trace[root]]),
            bool(failed),
        )
        for trace, root, total, failed in zip(
            population.parts.traces,
            roots.tolist(),
            population.parts.total_ms.tolist(),
            population.parts.failed.tolist(),
            strict=True,
        )
    ]


def points(rows: Sequence[TraceRow]) -> list[tuple[int, float, int, str, str]]:
    """What the picture draws: start (ms), duration (ms), 1 where it failed, id, and what it did."""
    return [
        (row.start_ms, round(row.duration_ms, 3), int(row.failed), row.name, f"{row.service} {row.operation}"[:80])
        for row in rows
    ]


def part_rows(found: Explained, most: int = 10) -> list[PartRow]:
    """The parts that explain most, with bars on one scale."""
    shown = [share for share in found.shares if share.ms > 0 or share.baseline_ms > 0][:most]
    widest = max((max(share.ms, share.high_ms, share.baseline_ms) for share in shown), default=1.0) or 1.0
    return [
        PartRow(
            label(share.part),
            detail(share.part),
            share,
            100 * share.ms / widest,
            100 * share.low_ms / widest,
            100 * share.high_ms / widest,
            100 * share.baseline_ms / widest,
            share.sure >= 0.95,
        )
        for share in shown
    ]


def label(part: Part) -> str:
    """The service of a part, or what stands for all others."""
    return part.service or part.operation


def detail(part: Part) -> str:
    """What of the service."""
    if not part.service:
        return ""
    return f"{part.operation}: wait for what it calls" if part.side == WIRE else part.operation


def ms_text(value: float | None) -> str:
    """Milliseconds for people: 12.3 ms, 1.24 s; a dash for None."""
    if value is None:
        return "–"
    size = abs(value)
    if size >= 100_000:
        return f"{value / 1000:,.0f} s"
    if size >= 1000:
        return f"{value / 1000:.2f} s"
    if size >= 100:
        return f"{value:.0f} ms"
    return f"{value:.1f} ms" if size >= 1 else f"{value:.2f} ms"
