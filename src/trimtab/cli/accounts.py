"""`trimtab accounts`: the AWS accounts that are read. `trimtab connect aws` connects one."""

from collections import Counter

import click

from trimtab.cli.connect_aws import show as show_account
from trimtab.cli.connection import Connection, server_options
from trimtab.cli.output import day, json_option, print_json, print_table, remark
from trimtab.client.accounts import Accounts


@click.group("accounts")
def accounts() -> None:
    """The AWS accounts that are read, and what their calls cost."""


@accounts.command("list")
@json_option
@server_options
def list_(connection: Connection, as_json: bool) -> None:
    """List connected accounts."""
    with connection.client() as client:
        found = Accounts(client).all()
    if as_json:
        print_json(found)
        return
    if not found:
        remark("No account is connected. Try `trimtab connect aws`.")
        return
    rows = [
        (
            one.account,
            one.name,
            ", ".join(one.regions) if len(one.regions) < 4 else f"{len(one.regions)} regions",
            one.read.state if one.read else "–",
            day(one.read.started_ms) if one.read else "–",
            sum(one.resources.values()),
            sum(calls.calls for calls in one.calls),
            f"{sum(float(calls.cost) for calls in one.calls):.4f}",
        )
        for one in found
    ]
    columns = ("account", "name", "regions", "read", "on", "resources", "calls 30 d", "USD 30 d")
    print_table(columns, rows, right=columns[5:])


@accounts.command("show")
@click.argument("account")
@json_option
@server_options
def show(connection: Connection, account: str, as_json: bool) -> None:
    """Show an account: its resources, its last read, and what could not be read."""
    with connection.client() as client:
        found = Accounts(client).one(account)
    if as_json:
        print_json(found)
    else:
        show_account(found)


@accounts.command("calls")
@click.argument("account")
@json_option
@server_options
def calls(connection: Connection, account: str, as_json: bool) -> None:
    """Show the calls that were made to an account in 30 days, and what they cost."""
    with connection.client() as client:
        found = Accounts(client).one(account).calls
    if as_json:
        print_json(found)
        return
    made, failed, throttled = Counter[str](), Counter[str](), Counter[str]()
    dollars: dict[str, float] = {}
    for one in found:
        key = f"{one.service} {one.operation}"
        made[key] += one.calls
        failed[key] += one.failed
        throttled[key] += one.throttled
        dollars[key] = dollars.get(key, 0.0) + float(one.cost)
    rows = [(key, made[key], failed[key], throttled[key], f"{dollars[key]:.6f}") for key in sorted(made)]
    columns = ("operation", "calls", "failed", "throttled", "USD")
    print_table(columns, rows, right=columns[1:])


@accounts.command("read")
@click.argument("account")
@server_options
def read(connection: Connection, account: str) -> None:
    """Read an account again now."""
    with connection.client() as client:
        Accounts(client).read(account)
    click.echo(f"reading {account}; `trimtab accounts show {account}` tells how far it is")


@accounts.command("disconnect")
@click.argument("account")
@server_options
def disconnect(connection: Connection, account: str) -> None:
    """Forget an account and the resources that were found in it; metrics and audit events stay."""
    with connection.client() as client:
        Accounts(client).disconnect(account)
    click.echo(f"disconnected {account}")
