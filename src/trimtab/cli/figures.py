"""`trimtab figures list` and `trimtab figures show`: what every number that is shown means."""

import click

from trimtab.cli.connection import Connection, server_options
from trimtab.cli.output import json_option, print_json, print_table, remark
from trimtab.client.figures import Figures


@click.group("figures")
def figures() -> None:
    """Show what every number means: one name, one formula, one basis."""


@figures.command("list")
@click.option("--area", default="", help="Only figures of this area: money, GPU time, latency …")
@json_option
@server_options
def listed(connection: Connection, area: str, as_json: bool) -> None:
    """List the figures with their formulas."""
    with connection.client() as client:
        found = [one for one in Figures(client).listed() if area in ("", one.area)]
    if as_json:
        print_json(found)
        return
    print_table(("id", "name", "area", "unit", "formula"), [(o.id, o.label, o.area, o.unit, o.formula) for o in found])
    if not found:
        remark("No figure is of that area; `trimtab figures list` shows all with theirs.")


@figures.command("show")
@click.argument("id_", metavar="ID")
@json_option
@server_options
def show(connection: Connection, id_: str, as_json: bool) -> None:
    """Show how figure ID is computed.

    Example: trimtab figures show idle_cost
    """
    with connection.client() as client:
        found = Figures(client).one(id_)
    if as_json:
        print_json(found)
        return
    rows = [
        ("formula", found.formula),
        ("basis", found.basis or "–"),
        ("unit", found.unit),
        ("range", found.span),
        ("adds up as", found.rollup),
        ("rows behind it", found.rows or "–"),
        ("also shown as", ", ".join(found.aliases) or "–"),
    ]
    print_table(("figure", found.label), rows)
