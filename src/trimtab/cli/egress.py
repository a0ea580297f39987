"""`trimtab egress`: where the server may connect to beyond the public internet."""

import click

from trimtab.base.clock import SystemClock
from trimtab.cli.connection import Connection, server_options
from trimtab.cli.output import ago, day, json_option, print_json, print_table, remark
from trimtab.client.egress import Egress


@click.group("egress")
def egress() -> None:
    """Where the server may connect to beyond the public internet: list, allow, remove.

    What an administrator puts (a channel, a model, a destination) joins the list by itself. Metadata services of clouds
    and trimtab's own ports are refused whatever it says.
    """


@egress.command("list")
@json_option
@server_options
def list_(connection: Connection, as_json: bool) -> None:
    """List what may be connected to, and what was refused."""
    with connection.client() as client:
        found = Egress(client).listed()
    if as_json:
        print_json(found)
        return
    now_ms = SystemClock().now_ms()
    if found.entries:
        rows = [(one.place, one.note, one.made_by, day(one.made_ms)) for one in found.entries]
        print_table(("allowed", "for", "by", "since"), rows)
    else:
        remark("Nothing beyond the public internet may be connected to. `trimtab egress allow HOST:PORT` lets it.")
    if found.refusals:
        refused = [
            (one.place, one.reason, one.asked_by, f"{one.count:,}", ago(one.last_ms, now_ms)) for one in found.refusals
        ]
        print_table(("refused", "why", "asked by", "times", "last"), refused, right=("times",))


@egress.command("allow")
@click.argument("place", metavar="HOST:PORT")
@click.option("--note", default="", help="What for; shown in the list.")
@json_option
@server_options
def allow(connection: Connection, place: str, note: str, as_json: bool) -> None:
    """Let a host and port be connected to."""
    with connection.client() as client:
        made = Egress(client).allow(place, note)
    if as_json:
        print_json(made)
        return
    click.echo(f"{made.place} may be connected to")


@egress.command("remove")
@click.argument("place", metavar="HOST:PORT")
@server_options
def remove(connection: Connection, place: str) -> None:
    """Let a host and port be connected to no more; connections that are open stay."""
    with connection.client() as client:
        gone = Egress(client).remove(place)
    click.echo(f"{gone.place} is connected to no more")
