"""`trimtab logs contributors`: who contributes most to what is logged."""

from typing import TextIO

import click

from trimtab.base.clock import iso
from trimtab.cli.connection import Connection, server_options
from trimtab.cli.output import json_option, print_json, print_table, remark
from trimtab.client import log_contributors_wire as wire
from trimtab.client.log_contributors import LogContributors


@click.group("contributors")
def contributors() -> None:
    """Contributor Insights: rules over log groups, and the top contributors of a range."""


@contributors.command("list")
@json_option
@server_options
def list_(connection: Connection, as_json: bool) -> None:
    """List rules."""
    with connection.client() as client:
        found = LogContributors(client).rules()
    if as_json:
        print_json(found)
        return
    rows = [(one.name, "enabled" if one.enabled else "disabled", iso(one.changed_ms)) for one in found]
    print_table(("rule", "state", "changed"), rows)


@contributors.command("put")
@click.argument("name")
@click.argument("definition", type=click.File(encoding="utf-8"))
@click.option("--off", is_flag=True, help="Keep it disabled: its reports end now.")
@server_options
def put(connection: Connection, name: str, definition: TextIO, off: bool) -> None:
    """Keep a rule called NAME whose DEFINITION is a file of CloudWatch's JSON (`-`: standard input)."""
    with connection.client() as client:
        made = LogContributors(client).put(wire.PutRule(name, definition.read(), enabled=not off))
    click.echo(f"{made.name} is {'enabled' if made.enabled else 'disabled'}")


@contributors.command("delete")
@click.argument("name")
@server_options
def delete(connection: Connection, name: str) -> None:
    """Forget the rule NAME."""
    with connection.client() as client:
        LogContributors(client).delete(name)
    click.echo(f"deleted {name}")


@contributors.command("report")
@click.argument("name")
@click.option("--start", default="-1h", show_default=True, help="now, -3h, ISO 8601 or epoch milliseconds.")
@click.option("--end", default="now", show_default=True, help="The same; not included.")
@click.option("--period", default="", help="60, 5m, 1h: whole minutes; one that fits the range unless given.")
@click.option("--most", default=10, show_default=True, type=click.IntRange(1, 100), help="Contributors.")
@click.option("--by-largest", is_flag=True, help="Rank by the largest single value instead of the sum.")
@json_option
@server_options
def report(
    connection: Connection, name: str, start: str, end: str, period: str, most: int, by_largest: bool, as_json: bool
) -> None:
    """Show the top contributors of a range by the rule NAME."""
    with connection.client() as client:
        order = "Maximum" if by_largest else "Sum"
        found = LogContributors(client).report(name, start, end, period, most, order)
    if as_json:
        print_json(found)
        return
    rows = [(*one.keys, f"{one.value:,.6g}", _share(one.value, found.total)) for one in found.contributors]
    print_table((*found.keys, found.aggregate.lower(), "share"), rows, right=(found.aggregate.lower(), "share"))
    remark(f"{found.unique:,} contributors add up to {found.total:,.6g} in {len(found.groups)} log groups")


def _share(value: float, total: float) -> str:
    return f"{value / total:.1%}" if total > 0 else "–"
