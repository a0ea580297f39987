"""`trimtab costs per-token`, `per-run`, `per-gpu-hour` and `idle`: what a unit of work costs, and what idles."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeVar

import click

from trimtab.base.coins import coins, money
from trimtab.cli.connection import Connection, server_options
from trimtab.cli.output import json_option, print_json, print_table, remark, sparkline
from trimtab.client import unit_costs_wire as wire
from trimtab.client.unit_costs import UnitCosts

F = TypeVar("F", bound=Callable[..., Any])


def days_options(command: F) -> F:
    """Add `--from` and `--to`; the command gets `start` and `end`."""
    for option in (
        click.option("--to", "--end", "end", metavar="DAY", help="The day after the last.  [default: tomorrow]"),
        click.option("--from", "--start", "start", metavar="DAY", help="First day.  [default: a week before the end]"),
    ):
        command = option(command)
    return command


@click.command("per-token")
@click.option("--model", default="", metavar="NAME", help="Only this model, with its versions and tenants.")
@days_options
@json_option
@server_options
def per_token(connection: Connection, start: str | None, end: str | None, model: str, as_json: bool) -> None:
    """Show what models cost: for 1,000 requests and for a million tokens.

    Example: trimtab costs per-token --model meta-llama/Llama-3.1-8B-Instruct
    """
    with connection.client() as client:
        found = UnitCosts(client, start, end).models(model)
    if as_json:
        print_json(found)
        return
    heads = ("model", "cost", "", "1k requests", "1M tokens", "input", "output", "cached", "1M tokens over time")
    print_table(heads, [_model(one) for one in found.models], right=(heads[1], *heads[3:8]))
    for one in found.models if model else ():
        for title, parts in (("version", one.versions), ("tenant", one.tenants)):
            if parts:
                columns = (title, "share", "cost", "1k requests", "1M tokens", "traced calls")
                print_table(columns, [_part(part, one.currency) for part in parts[:12]], right=columns[1:])
        for mark in one.deploys:
            remark(f"{_minute(mark.at_ms)} {mark.service} got version {mark.version}")
        for link in one.links:
            remark(f"{link.label}: {link.href}")
    remark(_about(found.billed_until_ms, found.error))


@click.command("per-run")
@click.option("--team", default="", help="Only this team's.")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="How many runs.")
@days_options
@json_option
@server_options
def per_run(connection: Connection, start: str | None, end: str | None, team: str, limit: int, as_json: bool) -> None:
    """Show what training runs cost, idle time and failed tries apart.

    Example: trimtab costs per-run --team search
    """
    with connection.client() as client:
        found = UnitCosts(client, start, end).runs(limit, team)
    if as_json:
        print_json(found)
        return
    heads = ("run", "name", "team", "outcome", "GPU-h", "cost", "", "idle", "tries before", "an epoch")
    print_table(heads, [_run(one) for one in found.runs], right=(*heads[4:6], *heads[7:]))
    sums = [
        [name, coins(amount, currency), currency]
        for name, one in found.by_outcome.items()
        for currency, amount in one.items()
    ]
    print_table(("outcome", "cost", ""), sums, right=("cost",))
    remark(_about(found.billed_until_ms, found.error))


@click.command("per-gpu-hour")
@days_options
@json_option
@server_options
def per_gpu_hour(connection: Connection, start: str | None, end: str | None, as_json: bool) -> None:
    """Show what a GPU-hour costs each team: of those it held, and of those it worked."""
    with connection.client() as client:
        found = UnitCosts(client, start, end).gpu_hours()
    if as_json:
        print_json(found)
        return
    heads = ("team", "cost", "", "GPU-hours", "of work", "$ per hour held", "active")
    print_table(heads, [_team(one) for one in found.teams], right=(heads[1], *heads[3:]))
    for currency, amount in found.total.items():
        rest = found.elsewhere.get(currency)
        beside = f"; the rest of the bill is {money(rest, currency)}" if rest else ""
        click.echo(f"machines {money(amount, currency)}{beside}")
    remark(_about(found.billed_until_ms, None))


@click.command("idle")
@click.option("--limit", type=click.IntRange(1, 1000), default=15, show_default=True, help="How many rows.")
@days_options
@json_option
@server_options
def idle(connection: Connection, start: str | None, end: str | None, limit: int, as_json: bool) -> None:
    """Show what GPUs cost that did nothing, by cause, with the evidence."""
    with connection.client() as client:
        found = UnitCosts(client, start, end).idle(limit)
    if as_json:
        print_json(found)
        return
    heads = ("cause", "cost", "", "GPU-hours", "share")
    causes = [
        [one.cause, coins(one.cost, one.currency), one.currency, f"{one.gpu_hours:,.1f}", f"{one.share:.1%}"]
        for one in found.causes
    ]
    print_table(heads, causes, right=(heads[1], *heads[3:]))
    rows = [
        [one.holder, one.team, one.cause, coins(one.cost, one.currency), one.currency, one.evidence]
        for one in found.rows
    ]
    print_table(("holder", "team", "cause", "cost", "", "evidence"), rows, right=("cost",))
    for currency, amount in found.partly.items():
        remark(f"GPUs at work that did less than they can lost {money(amount, currency)} beside.")
    for currency, amount in found.down.items():
        remark(f"Broken and drained GPUs cost {money(amount, currency)} more.")
    remark(_about(found.billed_until_ms, None))


def _model(one: wire.ModelCost) -> list[str]:
    price = one.prices
    each = (price.per_1k_requests, price.per_1m_tokens, price.per_1m_input, price.per_1m_output, price.per_1m_cached)
    mark = "*" if price.assumed else ""
    shown = [_price(value) for value in each]
    course = sparkline([value or 0.0 for value in one.per_1m_tokens])
    cost = coins(price.cost, one.currency)
    return [one.model, cost, one.currency, *shown[:2], *(text + mark for text in shown[2:]), course]


def _part(one: wire.PartCost, currency: str) -> list[str]:
    price = one.prices
    name = one.name or "(not traced)"
    prices = _price(price.per_1k_requests), _price(price.per_1m_tokens)
    return [name, f"{one.share:.1%}", coins(price.cost, currency), *prices, str(one.calls)]


def _run(one: wire.RunCost) -> list[str]:
    lost = sum((Decimal(amount) for amount in one.lost.values()), Decimal(0))
    before = f"{len(one.tries)}, {coins(lost, one.currency)}" if one.tries else ""
    again = " and retried" if one.retried else ""
    epoch = "" if one.per_epoch is None else f"{coins(one.per_epoch, one.currency)} of {one.epochs:g}"
    hours, cost, idled = f"{one.gpu_hours:,.1f}", coins(one.cost, one.currency), coins(one.idle, one.currency)
    return [one.job, one.name, one.team, one.outcome + again, hours, cost, one.currency, idled, before, epoch]


def _team(one: wire.GpuHourCost) -> list[str]:
    hours = f"{one.gpu_hours:,.0f}", f"{one.active_hours:,.0f}"
    return [one.name, coins(one.cost, one.currency), one.currency, *hours, _price(one.per_paid), _price(one.per_used)]


def _about(billed_until_ms: int, error: float | None) -> str:
    day = f"{datetime.fromtimestamp((billed_until_ms - 1) / 1000, UTC):%Y-%m-%d}"
    usual = "" if error is None else f", usually {error:.1%} off by day"
    return f"Amortised. The bill ends on {day}; later days are the live estimate{usual}."


def _price(text: str | None) -> str:
    if text is None:
        return "–"
    value = Decimal(text)
    return f"{value:,.2f}" if value >= 1 else f"{value:,.4f}"


def _minute(ms: int) -> str:
    return f"{datetime.fromtimestamp(ms / 1000, UTC):%Y-%m-%d %H:%M} UTC"
