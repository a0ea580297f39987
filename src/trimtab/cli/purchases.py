"""`trimtab advice purchases`: what to commit to, what people say of it, and training on spot."""

from typing import Any

import click
import msgspec

from trimtab.base import typed
from trimtab.base.clock import iso
from trimtab.base.errors import InvalidInput
from trimtab.cli.connection import Connection, server_options
from trimtab.cli.output import json_option, print_json, print_table, remark
from trimtab.cli.purchase_facts import KINDS, PAYMENTS, facts, import_rates, offer, rates, remove, set_rate, term
from trimtab.cli.purchase_spot import spot
from trimtab.client import purchases_wire as wire
from trimtab.client.purchases import Purchases

_PLANNING_S = 600.0
"""A plan with many starts takes half a minute of a processor: longer where others want it too."""
PROVIDERS = ("AWS", "Google Cloud", "Azure")
_OUTCOMES = ("low", "expected", "high")


@click.group()
def purchases() -> None:
    """Purchase options: plan what to commit to, over what is expected and after right-sizing."""


@purchases.command("plan")
@click.option("--days", default=60, show_default=True, help="Days of the bill to look at.")
@click.option("--months", default=12, show_default=True, help="Months ahead to plan for.")
@click.option(
    "--kind",
    "kinds",
    type=click.Choice(tuple(KINDS)),
    multiple=True,
    help="Savings Plans to consider.  [default: all]",
)
@click.option("--years", type=click.Choice(("1", "3")), multiple=True, help="Terms to consider.  [default: 1]")
@click.option(
    "--payment",
    "payments",
    type=click.Choice(tuple(PAYMENTS)),
    multiple=True,
    help="What may be paid upfront.  [default: none]",
)
@click.option("--caution", default=0.0, show_default=True, help="0 to 1: how much more the low outcome counts.")
@click.option("--capital", default=0.0, show_default=True, help="What money costs a year, such as 0.08.")
@click.option("--tranches", default=1, show_default=True, help="Parts bought a while apart, so that they end apart.")
@click.option("--tranche-days", default=90, show_default=True, help="Days between the parts.")
@click.option(
    "--most-expiring",
    default=1.0,
    show_default=True,
    help="Share of what is bought that may end in one month: under 1 a ladder of queued purchases.",
)
@click.option("--currency", default="", help="Which part of the bill, where it has several.")
@click.option("--provider", type=click.Choice(PROVIDERS), default=PROVIDERS[0], show_default=True, help="Whose.")
@click.option(
    "--spot",
    "spot_share",
    default=0.0,
    show_default=True,
    help="Share of on-demand instance use that may be interrupted.",
)
@click.option("--owner", default="", help="Account that buys.  [default: the one that holds most]")
@click.option("--before-rightsizing", is_flag=True, help="Plan for use as it is.")
@json_option
@server_options
def plan(
    connection: Connection, days: int, months: int, kinds: tuple[str, ...], years: tuple[str, ...],
    payments: tuple[str, ...], caution: float, capital: float, tranches: int, tranche_days: int,
    most_expiring: float, spot_share: float, owner: str, currency: str, provider: str, before_rightsizing: bool,
    as_json: bool,
) -> None:  # fmt: skip
    """Make a plan: what to buy, what it saves in each outcome, and how the same plan did on the last month.

    Example: trimtab advice purchases plan --years 1 --years 3 --payment all --most-expiring 0.25
    """
    wanted = {
        "days": days, "months": months, "caution": caution, "capital": capital, "tranches": tranches,
        "tranche_days": tranche_days, "most_expiring": most_expiring, "spot": spot_share, "owner": owner,
        "rightsizing": not before_rightsizing, "currency": currency, "provider": provider,
    }  # fmt: skip
    wanted |= {"kinds": [KINDS[one] for one in kinds]} if kinds else {}
    wanted |= {"years": [int(one) for one in years]} if years else {}
    wanted |= {"payments": [PAYMENTS[one] for one in payments]} if payments else {}
    with connection.client(_PLANNING_S) as client:
        made = Purchases(client).plan(_checked(wanted))
    print_json(made) if as_json else _show(made)


def _checked(wanted: dict[str, Any]) -> wire.PlanPurchases:
    try:
        return typed.convert(wanted, wire.PlanPurchases)
    except msgspec.ValidationError as problem:
        raise InvalidInput(f"cannot plan: {problem}") from None


@purchases.command("show")
@click.option("--currency", default="", help="The newest of a currency.")
@click.option("--provider", type=click.Choice(PROVIDERS), help="The newest of a provider.")
@json_option
@server_options
def show(connection: Connection, currency: str, provider: str | None, as_json: bool) -> None:
    """Show the newest plan."""
    with connection.client() as client:
        made = Purchases(client).latest(currency, provider or "")
    print_json(made) if as_json else _show(made)


@purchases.command("held")
@click.option("--currency", default="", help="As of the newest plan of a currency.")
@click.option("--provider", type=click.Choice(PROVIDERS), help="At a provider.")
@json_option
@server_options
def held(connection: Connection, currency: str, provider: str | None, as_json: bool) -> None:
    """List what is committed to already: its use, what is idle, when it ends (as of the newest plan)."""
    with connection.client() as client:
        made = Purchases(client).latest(currency, provider or "")
    rows = made.answer.held if made.answer else []
    if as_json:
        print_json(rows)
        return
    cells = [
        (one.id.rpartition("/")[2], one.kind, one.scope, one.amount, one.hourly,
         f"{one.used:.1%}" if one.seen else "not yet", _share(one.ahead), f"{one.unused:,.0f}",
         _day(one.start_ms) if one.start_ms else "", _day(one.end_ms) if one.end_ms else "not known")
        for one in rows
    ]  # fmt: skip
    heads = ("commitment", "kind", "for", "amount", "$/h", "used", "ahead", "idle $/month", "begins", "ends")
    print_table(heads, cells, right=heads[3:8])


@purchases.command("expiries")
@json_option
@server_options
def expiries(connection: Connection, as_json: bool) -> None:
    """List what ends in which month, dollars an hour: what is held, and what the newest plan buys."""
    with connection.client() as client:
        made = Purchases(client).latest()
    rows = made.answer.expiries if made.answer else []
    if as_json:
        print_json(rows)
        return
    cells = [(one.month, f"{one.held:,.3f}", f"{one.bought:,.3f}", f"{one.share:.1%}") for one in rows]
    heads = ("month", "held", "bought", "of what is bought")
    print_table(heads, cells, right=heads[1:])


def _show(made: wire.PurchasePlan) -> None:
    answer = made.answer
    if answer is None:
        remark(f"no plan: {made.problem}")
        return
    cells = [
        (one.kind, one.scope, one.years, one.payment, _when(one, answer), one.amount, f"{one.saving:,.0f}",
         f"{one.used['expected'].mean:.0%}", f"{one.used['low'].mean:.0%}",
         _even(one.break_even_ms.get("low")), one.basis)
        for one in answer.bought
    ]  # fmt: skip
    heads = (
        "buy",
        "for",
        "years",
        "payment",
        "from",
        "amount",
        "saves/month",
        "used",
        "used, low",
        "breaks even, low",
        "rates",
    )
    print_table(heads, cells, right=heads[5:9])
    if not cells:
        click.echo("nothing to buy: nothing lowers the expected cost")
    table = []
    for name in _OUTCOMES:
        one = answer.outcomes[name]
        shares = (one.before.coverage, one.after.coverage, one.after.utilisation)
        esr = (one.before.savings_rate, one.after.savings_rate)
        table.append((name, f"{one.saving:,.0f}", *map(_share, shares), *map(_share, esr)))
    names = ("outcome", "saves/month", "covered", "then", "used", "savings rate", "then ")
    print_table(names, table, right=names[1:])
    if answer.proof is not None:
        proof = answer.proof
        click.echo(
            f"the plan of {proof.days} days ago: promised {proof.promised:,.0f}, came {proof.came:,.0f} a month; "
            f"savings rate {_share(proof.before)} → {_share(proof.after)}, spot included"
        )
    most = max((one.share for one in answer.expiries), default=0.0)
    if len({one.start_ms for one in answer.bought}) > 1:
        click.echo(f"at most {most:.1%} of what is bought ends in one month: trimtab advice purchases expiries")
    if answer.spot_saving:
        click.echo(f"use moved to spot saves {answer.spot_saving:,.0f} a month more")
    for note in answer.notes:
        remark(note)


def _day(ms: int) -> str:
    return iso(ms)[:10]


def _even(ms: int | None) -> str:
    return "never" if ms is None else _day(ms)


def _when(one: wire.Purchase, answer: wire.PurchaseAnswer) -> str:
    return f"{_day(one.start_ms)}, queued" if one.start_ms > answer.made_ms else "now"


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.1%}"


for one in (rates, set_rate, import_rates, offer, term, facts, remove, spot):
    purchases.add_command(one)
