"""`unit_costs`: what a model's tokens and requests, a training run and a team's GPU-hour cost over the range."""

from decimal import Decimal

from trimtab.access.principal import Role
from trimtab.economics.unit.room import UnitCosts
from trimtab.reports.datasets.field import Field, money, number, text
from trimtab.reports.datasets.source import Rows, Source, Window
from trimtab.reports.datasets.sources.times import days_of

FIELDS: tuple[Field, ...] = (
    text("kind", "model, run or team."), text("name", "Which one."), text("owner", "Team."),
    text("endpoint", "Service, of a model."), text("run", "Job id, of a run."), text("currency", "Currency."),
    money("cost", "What it cost."), money("estimated", "The part that the bill does not have yet."),
    number("gpu_hours", "GPU-hours held.", "GPU-h"), number("active_hours", "GPU-hours of work.", "GPU-h"),
    number("requests", "Requests served."), number("tokens", "Tokens, in and out."),
    money("per_1k_requests", "Of a thousand requests."), money("per_1m_tokens", "Of a million tokens."),
    money("per_gpu_hour", "Of a GPU-hour that was held."), money("per_active_hour", "Of a GPU-hour of work."),
    money("per_epoch", "Of an epoch."), text("outcome", "How a run ended."),
)  # fmt: skip
_MONEY = Decimal("0.000001")


def unit_costs(units: UnitCosts) -> Source:
    """The source over the room."""

    async def read(window: Window) -> Rows:
        first, last = days_of(window.start_ms, min(window.end_ms, units.clock.now_ms()))
        if first >= last:
            return Rows(())
        scope, rows = window.scope, list[tuple[object, ...]]()
        for one, _ in await units.models(scope, first, last):
            prices = one.prices
            tokens = prices.input_tokens + prices.output_tokens
            rows.append((
                "model", one.model, ", ".join(one.teams), ", ".join(one.services), None, one.currency, prices.cost,
                one.estimated, one.gpu_hours, one.active_hours, prices.requests, tokens, prices.per_1k_requests,
                prices.per_1m_tokens, _per(prices.cost, one.gpu_hours), _per(prices.cost, one.active_hours), None, None,
            ))  # fmt: skip
        for run in await units.runs(scope, first, last):
            rows.append((
                "run", run.run.name or run.run.key.job, run.run.team, None, run.run.key.job, run.currency, run.cost,
                run.estimated, run.gpu_hours, None, None, None, None, None, _per(run.cost, run.gpu_hours), None,
                run.per_epoch, run.outcome.value,
            ))  # fmt: skip
        for team in await units.teams(scope, first, last):
            rows.append((
                "team", team.name, team.name, None, None, team.currency, team.cost, team.estimated, team.gpu_hours,
                team.active_hours, None, None, None, None, team.per_paid, team.per_used, None, None,
            ))  # fmt: skip
        return Rows(rows, min(last, units.clock.now_ms()))

    return Source(
        "unit_costs",
        "Unit costs",
        "a model, a training run or a team over the range",
        FIELDS,
        read,
        Role.FINANCE,
        whole=True,
    )


def _per(cost: Decimal, hours: float) -> Decimal | None:
    return (cost / Decimal(f"{hours:.6f}")).quantize(_MONEY) if hours > 0.0000005 else None
