"""`trimtab forget`: all data of an account, a team or a user, deleted."""

import click

from trimtab.base.clock import iso
from trimtab.base.errors import InvalidInput
from trimtab.cli.connection import Connection, server_options
from trimtab.cli.output import json_option, print_json, print_table, remark
from trimtab.client import forget as api
from trimtab.client import forget_wire as wire

_TIMEOUT_S = 600.0


@click.command("forget")
@click.option("--account", metavar="ID", help="All of an account.")
@click.option("--team", metavar="NAME", help="What carries a team's name in a label, an attribute, a tag or a run.")
@click.option("--user", metavar="NAME", help="The same of a user.")
@click.option("--bill", is_flag=True, help="Also the lines of an account's bill: its months do not reconcile any more.")
@click.option("--audit", is_flag=True, help="Also the audit's records of who did what.")
@click.option("--yes", is_flag=True, help="Do it: the server starts anew, and nothing brings the data back.")
@click.option("--list", "listed", is_flag=True, help="What was asked to be forgotten, and how far that is.")
@json_option
@server_options
def forget(
    connection: Connection,
    account: str | None,
    team: str | None,
    user: str | None,
    bill: bool,
    audit: bool,
    yes: bool,
    listed: bool,
    as_json: bool,
) -> None:
    """Delete all data of one owner. Without --yes only say what would go.

    Everything that is stored when the server takes it up goes, from every table and file of the data directory; what
    arrives later is kept. Backups are out of reach: remove them yourself.
    """
    with connection.client(_TIMEOUT_S) as client:
        if listed:
            _list(api.requests(client), as_json)
            return
        answer = api.ask(client, _owner(account, team, user, bill=bill, audit=audit, yes=yes))
    if as_json:
        print_json(answer)
        return
    print_table(("what", "rows"), [(name, f"{rows:,}") for name, rows in answer.counts.items()], right=("rows",))
    if answer.id:
        remark(f"{answer.total:,} rows go; the server starts anew. `trimtab forget --list` says when it is done.")
    else:
        remark(f"{answer.total:,} rows would go, and files that name the owner. Do it with --yes.")
    remark("Backups are out of reach: remove those that have it.")


def _owner(
    account: str | None, team: str | None, user: str | None, *, bill: bool, audit: bool, yes: bool
) -> wire.ForgetOwner:
    named: list[tuple[wire.KindName, str]] = []
    if account is not None:
        named.append(("account", account))
    if team is not None:
        named.append(("team", team))
    if user is not None:
        named.append(("user", user))
    if len(named) != 1:
        raise InvalidInput("cannot forget: expected one of --account, --team and --user")
    kind, name = named[0]
    return wire.ForgetOwner(kind, name, bill=bill, audit=audit, yes=yes)


def _list(requests: list[wire.ForgetRequest], as_json: bool) -> None:
    if as_json:
        print_json(requests)
        return
    rows = [
        (one.kind, one.name or f"{one.digest[:12]}…", iso(one.asked_ms), one.asked_by, one.step, one.problem)
        for one in requests
    ]
    print_table(("of", "name or digest", "asked", "by", "step", "problem"), rows)
