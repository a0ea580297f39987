"""What GPUs did and cost: hours that were held, active, idle and free, by anything; and who wasted what, why."""

from collections.abc import Sequence
from typing import Annotated, Literal

from msgspec import Meta, Struct

from trimtab.assistants.answer import Answer, Cell, Table, first_money, money, moneys, only
from trimtab.assistants.tool import Tool
from trimtab.assistants.words import End, Start, Team
from trimtab.client import fleet_wire
from trimtab.client.api import Client
from trimtab.client.fleet import Fleet
from trimtab.client.unit_costs import UnitCosts

_BASIS = "fleet ledger, net amortised; existing = down + held + free + unknown, held = active + inactive + unmeasured, "
_HOURS = ("existing", "held", "active", "idle", "down", "unknown")


class Arguments(Struct, frozen=True, forbid_unknown_fields=True):
    """What is asked of GPUs."""

    ask: Annotated[
        Literal["waste", "use", "price"],
        Meta(
            description="waste: dollars of GPUs that did nothing, by holder, team and cause. use: GPU-hours and cost"
            " by `by`. price: dollars of a GPU-hour by team."
        ),
    ] = "waste"
    by: Annotated[
        Literal["team", "machine", "cluster", "account", "region", "gpu_type", "holder", "state", "reason", "day"],
        Meta(description="Of use: what the rows are."),
    ] = "team"
    team: Team = ""
    start: Start = "-7d"
    end: End = "now"


def _run(client: Client, asked: Arguments) -> Answer:
    if asked.ask == "use":
        return _use(client, asked)
    return _price(client, asked) if asked.ask == "price" else _waste(client, asked)


def _waste(client: Client, asked: Arguments) -> Answer:
    found = UnitCosts(client, asked.start, asked.end).idle(limit=100, team=asked.team)
    causes = [(one.cause, one.currency, money(one.cost), one.gpu_hours, one.share) for one in found.causes]
    rows: list[Sequence[Cell]] = [
        (one.holder, one.team, one.cause, one.gpus, one.gpu_hours, one.currency, money(one.cost), one.evidence)
        for one in found.rows
    ]
    columns = ("holder", "team", "cause", "gpus", "gpu_hours", "currency", "cost", "evidence")
    return Answer(
        page="/unit-costs?tab=idle",
        total={
            "idle": moneys(found.total),
            "down": moneys(found.down),
            "partly_used": moneys(found.partly),
            "rows_beyond": found.more,
        },
        currency=only(found.total),
        basis="amortised; idle = free and held without work. Down GPUs and GPUs used in part are apart from idle",
        period=(found.start_ms, found.end_ms),
        tables=[
            Table(name="causes", columns=("cause", "currency", "cost", "gpu_hours", "share"), rows=causes),
            Table(
                name="holders",
                columns=columns,
                rows=rows,
                sums=("cost",),
                more=found.more,
            ),
        ],
    )


def _use(client: Client, asked: Arguments) -> Answer:
    by = (asked.by,) if not asked.team or asked.by == "team" else (asked.by, "team")
    found = Fleet(client).hours(by, start=asked.start, end=asked.end)
    groups = [one for one in found.groups if asked.team in ("", one.keys.get("team", ""))]
    rows = sorted((_group(one, asked.by) for one in groups), key=lambda row: -float(str(row[1])))
    columns = (asked.by, *_HOURS, "active_share_of_held", "currency", "cost", "idle_cost")
    hours = {name: round(float(getattr(found.total, name)), 1) for name in _HOURS}
    return Answer(
        page="/gpus",
        total={"gpu_hours": hours, "cost": moneys(found.total.cost), "idle_cost": moneys(found.total.idle_cost)},
        currency=only(found.total.cost),
        basis=_BASIS + "idle = free + inactive. Hours are GPU-hours",
        period=(found.start_ms, found.end_ms),
        tables=[
            Table(name="by", columns=columns, rows=rows, sums=(*_HOURS, "cost", "idle_cost")),
        ],
        facts={"hours_without_price": round(found.total.unpriced, 1)} if found.total.unpriced else {},
    )


def _group(one: fleet_wire.FleetGroup, by: str) -> tuple[Cell, ...]:
    cost, currency = first_money(one.cost)
    idle = one.idle_cost.get(currency)
    hours = tuple(round(float(getattr(one, name)), 1) for name in _HOURS)
    return (one.keys.get(by, ""), *hours, one.active_share, currency, cost, money(idle))


def _price(client: Client, asked: Arguments) -> Answer:
    found = UnitCosts(client, asked.start, asked.end).gpu_hours()
    rows = [
        (one.name, one.currency, money(one.cost), one.gpu_hours, one.active_hours, money(one.per_paid),
         money(one.per_used))
        for one in found.teams if asked.team in ("", one.name)
    ]  # fmt: skip
    columns = ("team", "currency", "cost", "gpu_hours", "active_hours", "per_held_hour", "per_active_hour")
    return Answer(
        page="/unit-costs?tab=gpu-hours",
        total={"cost": moneys(found.total), "rest_of_the_bill": moneys(found.elsewhere)},
        currency=only(found.total),
        basis="amortised bill and live estimate of the machines, divided by held and by active GPU-hours",
        period=(found.start_ms, found.end_ms),
        tables=[Table(name="teams", columns=columns, rows=rows, sums=("cost", "gpu_hours"))],
    )


TOOL = Tool(
    name="gpus",
    title="GPUs: use and waste",
    about="Who wastes GPUs and why (dollars of idle GPUs by holder, team and cause), how many GPU-hours were held, "
    "active, idle, free or down by team, machine, type, cluster or day with their cost, and what a GPU-hour costs.",
    arguments=Arguments,
    run=_run,
)
