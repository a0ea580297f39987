"""`trimtab groups` and `trimtab service-accounts`: named roles and what they are bound to."""

from typing import get_args

import click

from trimtab.cli.access_client import access_client
from trimtab.cli.bound import Bound, bound_options, sees
from trimtab.cli.connection import Connection, server_options
from trimtab.cli.output import day, json_option, print_json, print_table
from trimtab.client import access_wire
from trimtab.client.access import Access
from trimtab.client.wire import RoleName

_role = click.option("--role", type=click.Choice(get_args(RoleName)), default="read", show_default=True, help="May do.")


@click.group("groups")
def groups() -> None:
    """Groups of people: a role, and what it is bound to.

    Users are of groups, and whoever signs in with an OpenID provider is of those that are called as a group there.
    Somebody of several acts as one at a time.
    """


@groups.command("put")
@click.argument("name")
@_role
@bound_options
@json_option
@server_options
def put_group(connection: Connection, name: str, role: RoleName, bound: Bound, as_json: bool) -> None:
    """Make a group, or let it give something else from now on."""
    with access_client(connection) as client:
        _show(Access(client).put_group(name, _grant(role, bound)), as_json)


@groups.command("list")
@json_option
@server_options
def list_groups(connection: Connection, as_json: bool) -> None:
    """List groups."""
    with access_client(connection) as client:
        _list(Access(client).groups(), as_json)


@groups.command("remove")
@click.argument("name")
@json_option
@server_options
def remove_group(connection: Connection, name: str, as_json: bool) -> None:
    """Remove a group; its people have no more of it."""
    with access_client(connection) as client:
        _done(Access(client).remove_group(name), "removed", as_json)


@click.group("service-accounts")
def service_accounts() -> None:
    """Service accounts: owners of keys, whose role and bindings their keys have.

    `trimtab keys create --for NAME` makes a key of one. Disabling it disables its keys at once.
    """


@service_accounts.command("put")
@click.argument("name")
@_role
@bound_options
@json_option
@server_options
def put_service(connection: Connection, name: str, role: RoleName, bound: Bound, as_json: bool) -> None:
    """Make a service account, or let its keys do something else from now on."""
    with access_client(connection) as client:
        _show(Access(client).put_service(name, _grant(role, bound)), as_json)


@service_accounts.command("list")
@json_option
@server_options
def list_services(connection: Connection, as_json: bool) -> None:
    """List service accounts."""
    with access_client(connection) as client:
        _list(Access(client).services(), as_json)


@service_accounts.command("disable")
@click.argument("name")
@json_option
@server_options
def disable(connection: Connection, name: str, as_json: bool) -> None:
    """Let its keys open nothing, until it is enabled."""
    with access_client(connection) as client:
        _done(Access(client).switch_service(name, disabled=True), "disabled", as_json)


@service_accounts.command("enable")
@click.argument("name")
@json_option
@server_options
def enable(connection: Connection, name: str, as_json: bool) -> None:
    """Let its keys open again what they did."""
    with access_client(connection) as client:
        _done(Access(client).switch_service(name, disabled=False), "enabled", as_json)


@service_accounts.command("remove")
@click.argument("name")
@json_option
@server_options
def remove_service(connection: Connection, name: str, as_json: bool) -> None:
    """Remove a service account and revoke its keys."""
    with access_client(connection) as client:
        _done(Access(client).remove_service(name), "removed", as_json)


def _grant(role: RoleName, bound: Bound) -> access_wire.PutGrant:
    return access_wire.PutGrant(role=role, account=bound.account, teams=bound.teams, tags=bound.tags)


def _list(grants: list[access_wire.NamedGrant], as_json: bool) -> None:
    if as_json:
        print_json(grants)
        return
    rows = [
        (one.name, one.role, sees(one), day(one.created_ms), "disabled" if one.disabled_ms else "enabled")
        for one in grants
    ]
    print_table(("name", "role", "sees", "created", "state"), rows)


def _show(grant: access_wire.NamedGrant, as_json: bool) -> None:
    if as_json:
        print_json(grant)
    else:
        click.echo(f"{grant.name}: role {grant.role}, sees {sees(grant)}")


def _done(grant: access_wire.NamedGrant, word: str, as_json: bool) -> None:
    if as_json:
        print_json(grant)
    else:
        click.echo(f"{word} {grant.name}")
