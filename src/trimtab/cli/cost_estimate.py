"""`trimtab costs today` and `costs estimate`: what is not billed yet, and how wrong such estimates were."""

from datetime import UTC, datetime
from decimal import Decimal

import click

from trimtab.base.coins import coins
from trimtab.cli.connection import Connection, server_options
from trimtab.cli.output import day_of, json_option, print_json, print_table, remark
from trimtab.client import live_costs_wire as wire
from trimtab.client.live_costs import LiveCosts

_LINES = 25
_METRICS = click.Choice(("amortized", "unblended"))


@click.command("today")
@click.option("--by", default="owner", show_default=True, metavar="FACET", help="owner, service, account, tag:KEY …")
@click.option("--filter", "filters", multiple=True, metavar="FACET=VALUE", help="Only these lines. May be repeated.")
@click.option(
    "--metric", type=_METRICS, default="unblended", show_default=True, help="As billed, or commitments spread."
)
@json_option
@server_options
def today(connection: Connection, by: str, filters: tuple[str, ...], metric: str, as_json: bool) -> None:
    """Show what today cost so far, and every day that is not billed yet.

    Example: trimtab costs today --by service
    """
    with connection.client() as client:
        found = LiveCosts(client).estimate(by, metric=metric, filters=filters)
    if as_json:
        print_json(found)
        return
    heads = (by, "today", "not billed yet", "80 % from", "to", "", "usual error")
    print_table(heads, [_row(one) for one in (*found.groups, *found.total)], right=(*heads[1:5], heads[6]))
    for missing in found.missing:
        remark(f"Not in it: {missing}.")
    remark(_about(found))


@click.command("estimate")
@click.option("--filter", "filters", multiple=True, metavar="FACET=VALUE", help="Only these lines. May be repeated.")
@click.option("--metric", type=_METRICS, default="amortized", show_default=True)
@click.option("--lines", type=click.IntRange(1, 1000), default=_LINES, show_default=True, help="How many at most.")
@click.option("--compared", is_flag=True, help="Instead, each closed day's estimate beside its bill.")
@json_option
@server_options
def estimate(
    connection: Connection, filters: tuple[str, ...], metric: str, lines: int, compared: bool, as_json: bool
) -> None:
    """Show the largest lines of the live estimate, with what each rests on.

    Example: trimtab costs estimate --filter service~EC2 --compared
    """
    with connection.client() as client:
        found = LiveCosts(client).estimate(metric=metric, filters=filters, lines=0 if compared else lines)
    if as_json:
        print_json(found)
        return
    if compared:
        currency = found.total[0].currency if found.total else ""
        heads = ("day", f"estimated {currency}".strip(), "billed", "error", "missing")
        days = [
            [day_of(one.day_ms), coins(one.estimated, currency), coins(one.billed, currency), _error(one), one.missing]
            for one in found.compared
        ]
        print_table(heads, days, right=heads[1:4])
    else:
        columns = ("day", "account", "usage", "resource", "amount", "", "rests on")
        print_table(columns, [_line(one) for one in found.lines], right=("amount",))
        for missing in found.missing:
            remark(f"Not in it: {missing}.")
    remark(_about(found))


def _row(one: wire.EstimatedGroup) -> list[str]:
    unpriced = f" (+{one.unpriced} without a price)" if one.unpriced else ""
    error = "not compared yet" if one.error is None else f"{one.error:.1%}"
    bounds = (
        ("", "")
        if one.lower is None or one.upper is None
        else (coins(one.lower, one.currency), coins(one.upper, one.currency))
    )
    return [
        (one.name or "(none)") + unpriced,
        coins(one.today, one.currency),
        coins(one.open_days, one.currency),
        *bounds,
        one.currency,
        error,
    ]


def _line(one: wire.EstimatedLine) -> list[str]:
    amount = "unknown" if one.amount is None else coins(one.amount, one.currency)
    said = f"{one.basis}; {one.note}" if one.note else one.basis
    return [day_of(one.day_ms), one.account, one.usage_type, one.resource, amount, one.currency, said]


def _error(one: wire.ComparedDay) -> str:
    billed = Decimal(one.billed)
    return "–" if one.silent or not billed else f"{Decimal(one.estimated) / billed - 1:+.1%}"


def _about(found: wire.CostEstimate) -> str:
    made = f"{datetime.fromtimestamp(found.at_ms / 1000, UTC):%H:%M:%S} UTC"
    days = max((one.compared_days for one in found.total), default=0)
    proof = f"Errors: median of a day, {days} days compared with their bill." if days else "No day was compared yet."
    return f"The bill ends on {day_of(found.billed_until_ms - 1)}; estimated at {made}. {proof}"
