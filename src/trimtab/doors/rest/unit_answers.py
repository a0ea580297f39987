"""Unit economics as REST answers it."""

from collections.abc import Iterable
from decimal import Decimal

import numpy as np

from trimtab.client import unit_costs_wire as wire
from trimtab.economics.unit import links
from trimtab.economics.unit.idle.split import IdleReport
from trimtab.economics.unit.latency import LatencyCost
from trimtab.economics.unit.model import ZERO, Evidence, Floats, Ledger
from trimtab.economics.unit.prices import ModelCost, Part, Prices
from trimtab.economics.unit.runs import Outcome, RunCost
from trimtab.economics.unit.teams import GpuHourCost


def model(one: ModelCost, late: LatencyCost, ledger: Ledger) -> wire.ModelCost:
    """A model."""
    return wire.ModelCost(
        model=one.model,
        currency=one.currency,
        teams=list(one.teams),
        services=list(one.services),
        gpus=one.gpus,
        gpu_hours=round(one.gpu_hours, 4),
        active_hours=round(one.active_hours, 4),
        idle_cost=_text(one.idle_cost),
        estimated=_text(one.estimated),
        prices=_prices(one.prices),
        start_ms=one.start_ms,
        step_ms=one.step_ms,
        costs=_row(one.costs),
        per_1m_tokens=_row(one.per_1m_tokens),
        per_1k_requests=_row(one.per_1k_requests),
        p95_ms=_row(one.traffic.p95_ms),
        latency_per_ms=late.per_ms,
        latency_reason=late.reason,
        versions=[_part(part) for part in one.versions],
        tenants=[_part(part) for part in one.tenants],
        deploys=[wire.DeployMark(mark.at_ms, mark.service, mark.version) for mark in one.deploys],
        links=_links(links.model_links(one, ledger)),
    )


def run(one: RunCost, ledger: Ledger) -> wire.RunCost:
    """A run."""
    known = one.run
    return wire.RunCost(
        account=known.key.account,
        cluster=known.key.cluster,
        job=known.key.job,
        name=known.name,
        user=known.user,
        team=known.team,
        state=known.state.value,
        outcome=one.outcome.value,
        currency=one.currency,
        gpus=known.gpus,
        gpu_hours=round(one.gpu_hours, 4),
        cost=_text(one.cost),
        active=_text(one.active),
        idle=_text(one.idle),
        held=_text(one.held),
        estimated=_text(one.estimated),
        retried=one.retried,
        tries=[name.split("/", 2)[-1] for name in one.tries],
        lost={outcome.value: _text(amount) for outcome, amount in one.lost.items()},
        epochs=one.epochs,
        per_epoch=None if one.per_epoch is None else _text(one.per_epoch),
        links=_links(links.run_links(known, ledger, one.holder)),
    )


def outcome_sums(runs: Iterable[RunCost]) -> dict[str, dict[str, Decimal]]:
    """Cost of runs by outcome and currency; what failed or was preempted and tried again is apart."""
    sums: dict[str, dict[str, Decimal]] = {}
    for one in runs:
        again = one.retried and one.outcome in (Outcome.FAILED, Outcome.PREEMPTED)
        name = f"{one.outcome.value} and retried" if again else one.outcome.value
        held = sums.setdefault(name, {})
        held[one.currency] = held.get(one.currency, ZERO) + one.cost
    return sums


def gpu_hours(teams: list[GpuHourCost], ledger: Ledger) -> wire.GpuHourCosts:
    """GPU-hours by team; the total is every machine's cost."""
    total: dict[str, Decimal] = {}
    for one in ledger.slices:
        total[one.currency] = total.get(one.currency, ZERO) + one.cost
    rows = [
        wire.GpuHourCost(
            one.name,
            one.currency,
            _text(one.cost),
            round(one.gpu_hours, 4),
            round(one.active_hours, 4),
            None if one.per_paid is None else _text(one.per_paid),
            None if one.per_used is None else _text(one.per_used),
            _text(one.estimated),
        )
        for one in teams
    ]
    span = ledger.start_ms, ledger.end_ms, ledger.closed_ms
    return wire.GpuHourCosts(*span, rows, _money(total), _money(dict(ledger.elsewhere)), list(ledger.unpriced))


def idle(found: IdleReport, ledger: Ledger, limit: int, team: str = "") -> wire.IdleCosts:
    """Idle dollars."""
    rows = [one for one in found.rows if team in ("", one.team)]
    shown = []
    for one in rows[:limit]:
        known = ledger.holders.get(one.holder)
        there = links.run_links(known, ledger, one.holder) if known else []
        shown.append(
            wire.IdleRow(
                one.cause.value,
                one.holder.split("/", 2)[-1] if known else one.holder,
                one.team,
                one.gpus,
                round(one.gpu_hours, 4),
                _text(one.cost),
                one.currency,
                one.evidence,
                _links(there),
            )
        )
    causes = [
        wire.IdleCause(cause.value, currency, _text(cost), round(hours, 4), float(cost / found.total[currency]))
        for cause, currency, cost, hours in found.by_cause()
    ]
    more = max(len(rows) - limit, 0)
    span = ledger.start_ms, ledger.end_ms, ledger.closed_ms
    total, down, partly = (_money(dict(sums)) for sums in (found.total, found.down, found.partly))
    return wire.IdleCosts(*span, total, down, found.unexplained_share, causes, shown, more, partly)


def _prices(one: Prices) -> wire.UnitPrices:
    each = (one.per_1k_requests, one.per_1m_tokens, one.per_1m_input, one.per_1m_output, one.per_1m_cached)
    requests, tokens, input_, output, cached = (None if price is None else _text(price) for price in each)
    return wire.UnitPrices(
        _text(one.cost),
        round(one.requests, 3),
        round(one.input_tokens, 3),
        round(one.output_tokens, 3),
        round(one.cached_tokens, 3),
        requests,
        tokens,
        input_,
        output,
        cached,
        one.assumed,
    )


def _part(one: Part) -> wire.PartCost:
    return wire.PartCost(one.name, one.share, one.calls, _prices(one.prices), one.example)


def _links(found: list[Evidence]) -> list[wire.Link]:
    return [wire.Link(one.label, one.href) for one in found]


def _row(values: Floats) -> list[float | None]:
    return [None if not np.isfinite(value) else round(value, 6) for value in values.tolist()]


def _money(sums: dict[str, Decimal]) -> dict[str, str]:
    return {currency: _text(amount) for currency, amount in sums.items()}


def _text(amount: Decimal) -> str:
    return f"{amount:f}"
