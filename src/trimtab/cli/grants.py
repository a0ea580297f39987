"""`trimtab groups`: named roles and what they are bound to."""

from typing import get_args

import click

from trimtab.cli.access_client import access_client
from trimtab.cli.bound import Bound, bound_options, sees
from trimtab.cli.connection import Connection, server_options
from trimtab.cli.output import day, json_option, print_json, print_table
from trimtab.client import access_wire
from trimtab.client.access import Access
from trimtab.client.wire import RoleName

role_option = click.option(
    "--role", type=click.Choice(get_args(RoleName)), default="read", show_default=True, help="What it may do."
)


@click.group("groups")
def groups() -> None:
    """Groups of people: a role, and what it is bound to.

    Users are of groups, and whoever signs in with an OpenID provider is of those that are called as a group there.
    Somebody of several acts as one at a time.
    """


@groups.command("put")
@click.argument("name")
@role_option
@bound_options
@json_option
@server_options
def put_group(connection: Connection, name: str, role: RoleName, bound: Bound, as_json: bool) -> None:
    """Create a group, or change its role and binding."""
    with access_client(connection) as client:
        show_grant(Access(client).put_group(name, grant_of(role, bound)), as_json)


@groups.command("list")
@json_option
@server_options
def list_groups(connection: Connection, as_json: bool) -> None:
    """List groups."""
    with access_client(connection) as client:
        list_grants(Access(client).groups(), as_json)


@groups.command("remove")
@click.argument("name")
@json_option
@server_options
def remove_group(connection: Connection, name: str, as_json: bool) -> None:
    """Remove a group; its people have no more of it."""
    with access_client(connection) as client:
        say_done(Access(client).remove_group(name), "removed", as_json)


def grant_of(role: RoleName, bound: Bound) -> access_wire.PutGrant:
    """What the options say."""
    return access_wire.PutGrant(role=role, account=bound.account, teams=bound.teams, tags=bound.tags)


def list_grants(grants: list[access_wire.NamedGrant], as_json: bool) -> None:
    """Print them."""
    if as_json:
        print_json(grants)
        return
    rows = [
        (one.name, one.role, sees(one), day(one.created_ms), "disabled" if one.disabled_ms else "enabled")
        for one in grants
    ]
    print_table(("name", "role", "sees", "created", "state"), rows)


def show_grant(grant: access_wire.NamedGrant, as_json: bool) -> None:
    """Print one that was put."""
    if as_json:
        print_json(grant)
    else:
        click.echo(f"{grant.name}: role {grant.role}, sees {sees(grant)}")


def say_done(grant: access_wire.NamedGrant, word: str, as_json: bool) -> None:
    """Say what was done to one."""
    if as_json:
        print_json(grant)
    else:
        click.echo(f"{word} {grant.name}")
