"""`trimtab budgets`: limits on the bill, how they stand, who is told and what is done."""

from decimal import Decimal
from typing import Any, Literal

import click

from trimtab.base.coins import coins
from trimtab.base.errors import InvalidInput
from trimtab.cli.budget_actions import actions
from trimtab.cli.connection import Connection, server_options
from trimtab.cli.output import day, json_option, print_json, print_table, remark
from trimtab.client import budgets_wire as wire
from trimtab.client.budgets import Budgets

_TYPES = {
    "cost": "COST",
    "usage": "USAGE",
    "ri-utilization": "RI_UTILIZATION",
    "ri-coverage": "RI_COVERAGE",
    "sp-utilization": "SAVINGS_PLANS_UTILIZATION",
    "sp-coverage": "SAVINGS_PLANS_COVERAGE",
}
_HEADS = ("budget", "state", "actual", "forecast", "limit", "unit", "used", "period")


@click.group()
def budgets() -> None:
    """Budgets: limits on the bill. A crossing is told once; an action waits for approval unless it is automatic."""


budgets.add_command(actions)


@budgets.command("list")
@click.option("--account", default="", help="Whose budgets.  [default: the server's account]")
@json_option
@server_options
def list_(connection: Connection, account: str, as_json: bool) -> None:
    """List the budgets and how they stand."""
    with connection.client() as client:
        found = Budgets(client, account).listed()
    if as_json:
        print_json(found)
        return
    print_table(_HEADS, [_row(one) for one in found], right=_HEADS[2:5] + _HEADS[6:7])
    for one in found:
        if one.problem:
            remark(f"{one.name}: {one.problem}")


@budgets.command("show")
@click.argument("name")
@click.option("--account", default="", help="Whose budget.  [default: the server's account]")
@json_option
@server_options
def show(connection: Connection, name: str, account: str, as_json: bool) -> None:
    """Show a budget with its notifications and what was budgeted and spent by period."""
    with connection.client() as client:
        calls = Budgets(client, account)
        found, periods = calls.get(name), calls.periods(name)
    if as_json:
        print_json({"budget": found, "periods": periods})
        return
    print_table(_HEADS, [_row(found)], right=_HEADS[2:5] + _HEADS[6:7])
    if found.problem:
        remark(found.problem)
    told = [
        (
            one.state,
            one.type.lower(),
            one.comparison.lower().replace("_", " "),
            one.threshold + (" %" if one.threshold_type == "PERCENTAGE" else ""),
            ", ".join([*one.emails, *([one.topic] if one.topic else [])]),
        )
        for one in found.notifications
    ]
    click.echo()
    print_table(("state", "of", "is", "threshold", "tells"), told, right=("threshold",))
    click.echo()
    rows = [
        (day(one.start_ms), _amount(one.actual, one.unit), _amount(one.budgeted, one.unit), one.unit) for one in periods
    ]
    print_table(("period from", "actual", "budgeted", "unit"), rows, right=("actual", "budgeted"))


@budgets.command("put")
@click.argument("name")
@click.option("--limit", help="The limit, such as 1500 or 99.50; not needed for shares, whose limit is 100 %.")
@click.option("--unit", default="USD", show_default=True, help="Currency; of usage its unit, such as Hours.")
@click.option("--type", "kind", type=click.Choice(list(_TYPES)), default="cost", show_default=True)
@click.option("--time-unit", type=click.Choice(("daily", "monthly", "quarterly", "annually")), default="monthly",
              show_default=True)  # fmt: skip
@click.option("--tag", "tags", multiple=True, metavar="KEY=VALUE", help="Only lines with this tag. May be repeated.")
@click.option("--service", "services", multiple=True, help="Only this service. May be repeated.")
@click.option("--metric", default="", help="UnblendedCost, AmortizedCost, NetUnblendedCost, …")
@click.option("--adjust", type=click.Choice(("historical", "forecast")), help="Let the limit follow the bill.")
@click.option("--adjust-periods", type=click.IntRange(1, 60), default=1, show_default=True,
              help="historical: whole periods whose average is the limit.")  # fmt: skip
@click.option("--actual", multiple=True, metavar="PERCENT", help="Tell when so much of the limit is spent.")
@click.option("--forecasted", multiple=True, metavar="PERCENT", help="Tell when so much is expected to be spent.")
@click.option("--below", is_flag=True, help="Tell below the thresholds, not above: for utilisation and coverage.")
@click.option("--email", "emails", multiple=True, help="Whom to tell. May be repeated.")
@click.option("--topic", default="", help="ARN of the topic or channel to tell.")
@click.option("--account", default="", help="Whose budget.  [default: the server's account]")
@server_options
def put(
    connection: Connection, name: str, limit: str | None, unit: str, kind: str, time_unit: str, tags: tuple[str, ...],
    services: tuple[str, ...], metric: str, adjust: str | None, adjust_periods: int, actual: tuple[str, ...],
    forecasted: tuple[str, ...], below: bool, emails: tuple[str, ...], topic: str, account: str,
) -> None:  # fmt: skip
    """Make or replace a budget with its notifications.

    Example: trimtab budgets put ml-train --limit 5000 --tag team=ml --actual 80 --forecasted 100 --email ml@example.com
    """
    if (actual or forecasted) and not (emails or topic):
        raise InvalidInput("cannot tell nobody: give --email or --topic beside --actual and --forecasted")
    comparison: Literal["LESS_THAN", "GREATER_THAN"] = "LESS_THAN" if below else "GREATER_THAN"
    told: Any = [("ACTUAL", one) for one in actual] + [("FORECASTED", one) for one in forecasted]
    only = {"Dimensions": {"Key": "SERVICE", "Values": list(services)}} if services else None
    fields: dict[str, Any] = {"type": _TYPES[kind], "time_unit": time_unit.upper(), "adjust": (adjust or "").upper()}
    wanted = wire.PutBudget(
        name=name,
        limit=limit,
        unit=unit,
        metric=metric,
        filter=only,
        tags=_tags(tags),
        adjust_periods=adjust_periods,
        notifications=[
            wire.BudgetNotification(one, type_, comparison, emails=list(emails), topic=topic) for type_, one in told
        ],
        **fields,
    )
    with connection.client() as client:
        click.echo(Budgets(client, account).put(wanted).arn)


@budgets.command("delete")
@click.argument("name")
@click.option("--account", default="", help="Whose budget.  [default: the server's account]")
@server_options
def delete(connection: Connection, name: str, account: str) -> None:
    """Delete a budget with its notifications, actions and histories."""
    with connection.client() as client:
        click.echo(f"deleted {Budgets(client, account).delete(name).removed}")


def _row(one: wire.Budget) -> tuple[str, ...]:
    used = "–"
    if one.limit is not None and one.actual is not None and Decimal(one.limit):
        used = f"{Decimal(one.actual) / Decimal(one.limit):.0%}"
    amounts = (_amount(text, one.unit) for text in (one.actual, one.forecast, one.limit))
    period = f"{day(one.period_start_ms)[:10]} to {day(one.period_end_ms)[:10]}" if one.period_start_ms else "–"
    return one.name, one.state, *amounts, one.unit, used, period


def _amount(text: str | None, unit: str) -> str:
    return "–" if text is None else coins(text, unit)


def _tags(given: tuple[str, ...]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for one in given:
        key, equals, value = one.partition("=")
        if not equals or not key:
            raise InvalidInput(f"cannot filter by --tag {one!r}: expected KEY=VALUE, such as team=ml")
        found.setdefault(key, []).append(value)
    return found
