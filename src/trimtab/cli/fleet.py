"""`trimtab fleet hours` and `trimtab fleet remarks`: GPU time as the ledger has it, and what does not fit."""

from decimal import Decimal
from typing import get_args

import click

from trimtab.base.clock import iso
from trimtab.cli.connection import Connection, server_options
from trimtab.cli.output import json_option, number, print_json, print_table, remark
from trimtab.client import fleet_wire as wire
from trimtab.client.fleet import Fleet

_COLUMNS = ("existing", "down", "held", "active", "inactive", "unmeasured", "free", "unknown", "idle")


@click.group("fleet")
def fleet() -> None:
    """Show what GPUs were: existing = down + held + free + unknown, held = active + inactive."""


@fleet.command("hours")
@click.option(
    "--by",
    multiple=True,
    default=("team",),
    show_default=True,
    type=click.Choice(get_args(wire.FleetKey)),
    help="Group by it; may be given up to three times.",
)
@click.option("--start", default="-24h", show_default=True, help="now, -3h, ISO 8601 or epoch milliseconds.")
@click.option("--end", default="now", show_default=True, help="The same; not included.")
@click.option(
    "--basis",
    default="net amortised",
    show_default=True,
    type=click.Choice(get_args(wire.FleetBasis)),
    help="What amounts count.",
)
@json_option
@server_options
def hours(connection: Connection, by: tuple[str, ...], start: str, end: str, basis: str, as_json: bool) -> None:
    """Show GPU-hours and what they cost, by team, machine, day, …

    Example: trimtab fleet hours --by team --by day --start -7d
    """
    with connection.client() as client:
        found = Fleet(client).hours(by, start=start, end=end, basis=basis)
    if as_json:
        print_json(found)
        return
    remark(f"{iso(found.start_ms)} to {iso(found.end_ms)}; cost is {found.basis}")
    shown = [name for name in _COLUMNS if name != "unmeasured" or found.total.unmeasured > 0]
    rows = [_row(one, [*one.keys.values()], shown) for one in found.groups]
    if len(rows) != 1:
        rows.append(_row(found.total, ["all", *[""] * (len(by) - 1)], shown))
    print_table((*found.by, *shown, "cost", "idle cost"), rows, right=(*shown, "cost", "idle cost"))
    if found.closed_ms is not None and found.closed_ms < found.end_ms:
        remark(f"costs from {iso(found.closed_ms)} on are estimated: no bill has them yet")
    if found.total.unpriced:
        remark(f"{number(found.total.unpriced)} GPU-hours have no price")


def _row(one: wire.FleetGroup, keys: list[str], shown: list[str]) -> tuple[str, ...]:
    return (*keys, *(f"{getattr(one, name):,.1f}" for name in shown), _money(one.cost), _money(one.idle_cost))


def _money(amounts: dict[str, str]) -> str:
    return " + ".join(f"{Decimal(amount):,.2f} {currency}" for currency, amount in amounts.items()) or "–"


@fleet.command("remarks")
@click.option("--start", default="-7d", show_default=True, help="now, -3h, ISO 8601 or epoch milliseconds.")
@click.option("--end", default="now", show_default=True, help="The same; not included.")
@json_option
@server_options
def remarks(connection: Connection, start: str, end: str, as_json: bool) -> None:
    """Show what schedulers, telemetry, runs and bills say of machines and does not fit."""
    with connection.client() as client:
        found = Fleet(client).remarks(start=start, end=end)
    if as_json:
        print_json(found)
        return
    if not found.remarks:
        remark("Everything that is said of the machines fits.")
        return
    rows = [(one.machine, one.text, iso(one.start_ms)[:10], iso(one.end_ms - 1)[:10]) for one in found.remarks]
    print_table(("machine", "what does not fit", "first day", "last day"), rows)
