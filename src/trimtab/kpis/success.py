"""Availability of services: success ratio, error budget, burn rates, and the uptime that probes saw."""

import asyncio
from collections.abc import Mapping, Sequence

import numpy as np
from msgspec import Struct

from trimtab.fleet.telemetry import concepts
from trimtab.fleet.telemetry.concepts import Found, Metric, looked_for
from trimtab.kpis.context import AVERAGE, RATE, Context, Floats, ids
from trimtab.kpis.model import Input, Kpi, unknown
from trimtab.metrics.model import Series
from trimtab.metrics.plan import StatRequest
from trimtab.slos.budget import Outcomes, burn_rate, error_budget_left

HOUR_MS = 3_600_000
Known = tuple[Outcomes, tuple[Input, ...]]
"""Outcomes, and the metrics that they were made from."""
_FAILED = frozenset({"error", "failed", "fail", "failure", "fault", "timeout", "timed_out", "aborted", "exception"})
_PENDING = frozenset({"pending", "running", "queued", "in_progress", "waiting"})
_NO_STATUS = "request counters carry no status, and there is no counter of failures beside them"


class _Split(Struct, frozen=True):
    """Series of one service of a group whose requests all count, and of those the failed ones."""

    group: str
    service: str
    metric: Metric
    completed: list[Series]
    failed: list[Series]


async def read(context: Context) -> dict[str, list[Kpi]]:
    """The availability of every group that has any of it."""
    splits, seen = _splits(context)
    uptime, whole, recent = await asyncio.gather(
        _uptime(context),
        _outcomes(context, splits, context.grid.start_ms),
        _outcomes(context, splits, max(context.grid.end_ms - HOUR_MS, context.grid.start_ms)),
    )
    kpis = {}
    for group in uptime.keys() | seen:
        requests = _budget_kpis(context, whole.get(group), recent.get(group), group in seen)
        kpis[group] = [*requests, uptime.get(group) or unknown("probe_uptime", looked_for(concepts.PROBE))]
    return kpis


def _budget_kpis(context: Context, whole: Known | None, recent: Known | None, counted: bool) -> list[Kpi]:
    names = ("success_ratio", "error_budget_left", "burn_rate", "burn_rate_1h")
    if whole is None:
        return [unknown(name, _NO_STATUS if counted else looked_for(concepts.REQUESTS)) for name in names]
    slo, (outcomes, sources) = context.options.slo, whole
    values = (
        outcomes.success_ratio,
        error_budget_left(outcomes, slo),
        burn_rate(outcomes, slo),
        burn_rate(recent[0], slo) if recent else None,
    )
    reasons = ("", f"SLO {slo:g}", f"SLO {slo:g}", f"SLO {slo:g}" if recent else "no request completed in that hour")
    return [Kpi(*row, inputs=sources) for row in zip(names, values, reasons, strict=True)]


def _splits(context: Context) -> tuple[list[_Split], set[str]]:
    """Which series say what failed, in the order of precedence; and every group that has request series at all."""
    pairs = [one for failures in concepts.FAILURE_PAIRS for one in _paired(context, *failures)]
    metrics = context.chosen(context.options.requests_metric, concepts.REQUESTS)
    requests = context.finder.all(metrics)
    labelled = []
    for (group, service), by_metric in context.by_service(requests).items():
        for metric, series in by_metric.items():
            split = _by_label(group, service, metric, series)
            labelled += [split] if split else []
    return [*pairs, *labelled], {context.owners.of(one.series) for one in requests} | {one.group for one in pairs}


def _paired(context: Context, failures: tuple[str, ...], totals: tuple[Metric, ...], lacking: bool) -> list[_Split]:
    failed = context.by_service([one for name in failures for one in context.finder.named(name)])
    found = []
    for (group, service), by_metric in context.by_service(context.finder.all(totals)).items():
        bad = [one for series in failed.get((group, service), {}).values() for one in series]
        for metric, series in by_metric.items() if bad else ():
            found.append(_Split(group, service, metric, [*series, *bad] if lacking else series, bad))
    return found


def _by_label(group: str, service: str, metric: Metric, series: Sequence[Series]) -> _Split | None:
    """Split by a status label; by the error label alone where the convention omits it on success."""
    completed: list[Series] = []
    failed: list[Series] = []
    has_status = any(_label(one, concepts.STATUS_LABELS) for one in series)
    by_convention = metric.name.startswith(("http.", "gen_ai."))
    if not has_status and not by_convention:
        return None
    for one in series:
        if _label(one, concepts.HANDLER_LABELS) in concepts.NOT_SERVED:
            continue
        status, error = _label(one, concepts.STATUS_LABELS), _label(one, concepts.ERROR_LABELS)
        outcome = outcome_of(status) if status else "failed" if error else "ok"
        if outcome != "pending":
            completed.append(one)
        if outcome == "failed":
            failed.append(one)
    return _Split(group, service, metric, completed, failed)


def _label(series: Series, names: tuple[str, ...]) -> str:
    return next((value for name in names if (value := series.dimensions.get(name))), "")


async def _outcomes(context: Context, splits: Sequence[_Split], start_ms: int) -> dict[str, Known]:
    step = context.grid.step_s if context.grid.end_ms - start_ms >= context.grid.step_s * 1000 else 60
    requests = [StatRequest(ids(series), RATE, step) for split in splits for series in (split.completed, split.failed)]
    rows = await context.ask(requests, start_ms)
    found: dict[str, dict[str, tuple[Outcomes, Input]]] = {}
    for at, split in enumerate(splits):
        completed, failed = (_total(row, step) for row in rows[2 * at : 2 * at + 2])
        services = found.setdefault(split.group, {})
        if split.service not in services and completed > 0:  # by the first metric that has data
            source = Input(split.metric.shown, len(split.completed))
            services[split.service] = (Outcomes(completed, min(failed, completed)), source)
    return {group: _together(services) for group, services in found.items() if services}


def _together(services: Mapping[str, tuple[Outcomes, Input]]) -> Known:
    outcomes = [one for one, _ in services.values()]
    whole = Outcomes(sum(one.completed for one in outcomes), sum(one.failed for one in outcomes))
    series: dict[str, int] = {}
    for _, source in services.values():
        series[source.source] = series.get(source.source, 0) + source.series
    return whole, tuple(Input(name, number) for name, number in series.items())


def _total(per_s: Floats, step_s: int) -> float:
    return float(np.nansum(per_s)) * step_s


async def _uptime(context: Context) -> dict[str, Kpi]:
    groups: dict[str, list[Found]] = {}
    for one in context.finder.all(concepts.PROBE):
        groups.setdefault(context.owners.of(one.series), []).append(one)
    requests = [
        StatRequest((one.series.id,), AVERAGE, context.grid.step_s) for found in groups.values() for one in found
    ]
    rows = iter(await context.ask(requests))
    result = {}
    for group, found in groups.items():
        targets = np.array([next(rows) for _ in found])
        known = ~np.isnan(targets)
        if known.any():
            # Each target counts the same, however often it is probed.
            means = [float(np.nanmean(row)) for row in targets if not np.all(np.isnan(row))]
            inputs = (Input(found[0].metric.shown, len(found)),)
            result[group] = Kpi("probe_uptime", float(np.mean(means)), "", float(known.mean()), inputs)
    return result


def outcome_of(status: str) -> str:
    """`failed`, `pending` or `ok` for a status text or HTTP status. 4xx is the caller's fault, so it is `ok` here."""
    text = status.strip().lower()
    if len(text) == 3 and text[0] in "12345" and (text[1:].isdecimal() or text[1:] == "xx"):
        return "failed" if text[0] == "5" else "ok"
    if text in _PENDING:
        return "pending"
    return "failed" if text in _FAILED else "ok"
