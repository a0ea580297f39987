"""`trimtab keys service-accounts`: owners of keys, whose role and bindings their keys have."""

import click

from trimtab.cli.access_client import access_client
from trimtab.cli.bound import Bound, bound_options
from trimtab.cli.connection import Connection, server_options
from trimtab.cli.grants import grant_of, list_grants, role_option, say_done, show_grant
from trimtab.cli.output import json_option
from trimtab.client.access import Access
from trimtab.client.wire import RoleName


@click.group("service-accounts")
def service_accounts() -> None:
    """Service accounts: owners of keys, whose role and bindings their keys have.

    `trimtab keys create --for NAME` makes a key of one. Disabling it disables its keys at once.
    """


@service_accounts.command("put")
@click.argument("name")
@role_option
@bound_options
@json_option
@server_options
def put_service(connection: Connection, name: str, role: RoleName, bound: Bound, as_json: bool) -> None:
    """Create a service account, or change the role and binding of its keys."""
    with access_client(connection) as client:
        show_grant(Access(client).put_service(name, grant_of(role, bound)), as_json)


@service_accounts.command("list")
@json_option
@server_options
def list_services(connection: Connection, as_json: bool) -> None:
    """List service accounts."""
    with access_client(connection) as client:
        list_grants(Access(client).services(), as_json)


@service_accounts.command("disable")
@click.argument("name")
@json_option
@server_options
def disable(connection: Connection, name: str, as_json: bool) -> None:
    """Disable a service account: its keys stop working until it is enabled."""
    with access_client(connection) as client:
        say_done(Access(client).switch_service(name, disabled=True), "disabled", as_json)


@service_accounts.command("enable")
@click.argument("name")
@json_option
@server_options
def enable(connection: Connection, name: str, as_json: bool) -> None:
    """Enable a service account: its keys work again."""
    with access_client(connection) as client:
        say_done(Access(client).switch_service(name, disabled=False), "enabled", as_json)


@service_accounts.command("remove")
@click.argument("name")
@json_option
@server_options
def remove_service(connection: Connection, name: str, as_json: bool) -> None:
    """Remove a service account and revoke its keys."""
    with access_client(connection) as client:
        say_done(Access(client).remove_service(name), "removed", as_json)
