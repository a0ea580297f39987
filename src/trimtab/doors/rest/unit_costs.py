"""`/rest/v1/unit-costs`: what tokens, requests, runs, GPU-hours and idleness cost, to the rows that each came from."""

from typing import Annotated

from msgspec import Meta, Struct

from trimtab.access.principal import Role
from trimtab.base.clock import Clock
from trimtab.base.errors import InvalidInput
from trimtab.client import unit_costs_wire as wire
from trimtab.costs.read_sql import DAY_MS
from trimtab.doors.rest import unit_answers as answers
from trimtab.doors.rest.spec import Call, Operation
from trimtab.doors.rest.times import Instant, instant_ms
from trimtab.economics.unit.room import UnitCosts
from trimtab.economics.unit.runs import RunCost

_PATH, _TAG = "/rest/v1/unit-costs", "costs"
_DAYS, _MOST_DAYS = 7, 93


class UnitQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Whole days, `end` not included; by default the last seven, today with it."""

    start: Instant | None = None
    end: Instant | None = None


class ModelsQuery(UnitQuery, frozen=True, forbid_unknown_fields=True):
    """Which model."""

    model: Annotated[str, Meta(max_length=300, description="Only the model of this name.")] = ""


class RowsQuery(UnitQuery, frozen=True, forbid_unknown_fields=True):
    """How many rows, and whose."""

    limit: Annotated[int, Meta(ge=1, le=1000, description="How many at most.")] = 100
    team: Annotated[str, Meta(max_length=256, description="Only this team's.")] = ""


def span_of(start: str | None, end: str | None, now_ms: int) -> tuple[int, int]:
    """The days that are meant. Raises InvalidInput."""
    last = -(-now_ms // DAY_MS) * DAY_MS if end is None else -(-instant_ms(end, now_ms, "end") // DAY_MS) * DAY_MS
    first = last - _DAYS * DAY_MS if start is None else instant_ms(start, now_ms, "start") // DAY_MS * DAY_MS
    if not 0 < last - first <= _MOST_DAYS * DAY_MS:
        raise InvalidInput(f"cannot look at {(last - first) // DAY_MS} days: expected 1 to {_MOST_DAYS}", field="start")
    return first, last


def operations(units: UnitCosts, clock: Clock) -> list[Operation]:
    """The operations."""

    def span(query: UnitQuery) -> tuple[int, int]:
        return span_of(query.start, query.end, clock.now_ms())

    async def models(call: Call[ModelsQuery, None]) -> wire.ModelCosts:
        days, scope = span(call.query), call.principal.scope
        found = await units.models(scope, *days)
        ledger = await units.ledger(scope, *days)
        wanted = call.query.model
        shown = [answers.model(*one, ledger) for one in found if wanted in ("", one[0].model)]
        return wire.ModelCosts(*days, ledger.closed_ms, ledger.error, shown)

    async def runs(call: Call[RowsQuery, None]) -> wire.RunCosts:
        days, scope, query = span(call.query), call.principal.scope, call.query
        every = [one for one in await units.runs(scope, *days) if query.team in ("", one.run.team)]
        ledger = await units.ledger(scope, *days)
        shown = [answers.run(one, ledger) for one in every[: query.limit]]
        more = max(len(every) - query.limit, 0)
        return wire.RunCosts(*days, ledger.closed_ms, ledger.error, shown, by_outcome(every), more)

    async def gpu_hours(call: Call[UnitQuery, None]) -> wire.GpuHourCosts:
        days, scope = span(call.query), call.principal.scope
        ledger = await units.ledger(scope, *days)
        return answers.gpu_hours(await units.teams(scope, *days), ledger)

    async def idle(call: Call[RowsQuery, None]) -> wire.IdleCosts:
        days, scope = span(call.query), call.principal.scope
        found = await units.idle(scope, *days)
        ledger = await units.ledger(scope, *days)
        return answers.idle(found, ledger, call.query.limit, call.query.team)

    def get(name: str, title: str, words: str, handler: object, query: type, answer: type) -> Operation:
        return Operation(
            "GET", f"{_PATH}/{name}", title, words, handler, answer, query=query, role=Role.FINANCE, tag=_TAG,  # type: ignore[arg-type] # each handler takes the query that stands beside it
            bound=True,
        )  # fmt: skip

    return [
        get("models", "cost of models", "What models cost: 1k requests, 1M tokens, by version and tenant, over time.",
            models, ModelsQuery, wire.ModelCosts),
        get("runs", "cost of runs", "What training runs cost, epochs, and tries that came to nothing.",
            runs, RowsQuery, wire.RunCosts),
        get("gpu-hours", "cost of GPU-hours", "What a GPU-hour costs by team, held against active.",
            gpu_hours, UnitQuery, wire.GpuHourCosts),
        get("idle", "idle dollars", "What GPUs cost that did nothing, by cause, with the evidence.",
            idle, RowsQuery, wire.IdleCosts),
    ]  # fmt: skip


def by_outcome(runs: list[RunCost]) -> dict[str, dict[str, str]]:
    """Cost of runs by outcome and currency; a failed or preempted one that was tried again is "… and retried"."""
    sums = answers.outcome_sums(runs)
    return {name: {currency: f"{amount:f}" for currency, amount in one.items()} for name, one in sums.items()}
