"""`trimtab triggers connection`: how endpoints outside are signed in to."""

from pathlib import Path
from typing import Literal

import click

from trimtab.base.errors import SetupError
from trimtab.cli.connection import Connection, server_options
from trimtab.cli.output import json_option, print_json, print_table
from trimtab.client.connections_wire import PutConnection
from trimtab.client.triggers import Triggers

_PATH = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group("connection")
def connection() -> None:
    """Connections: credentials for API destinations, workflows and webhooks. Secrets are never shown again."""


@connection.command("put")
@click.argument("name")
@click.argument("kind", type=click.Choice(["api key", "basic", "oauth"]))
@click.argument("user", metavar="HEADER|USER|CLIENT-ID")
@click.option("--secret-file", type=_PATH, required=True, help="File with the header's value, password or secret.")
@click.option("--token-url", default="", help="oauth: where tokens are asked for.")
@click.option("--endpoint", default="", help="Make an API destination with it; * is filled by the target.")
@click.option("--description", default="", help="What it is for.")
@server_options
def put(
    connection: Connection,
    name: str,
    kind: Literal["api key", "basic", "oauth"],
    user: str,
    secret_file: Path,
    token_url: str,
    endpoint: str,
    description: str,
) -> None:
    """Make or replace a connection. The header of GitHub's API is Authorization, its value "Bearer …"."""
    try:
        secret = secret_file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as problem:
        raise SetupError(f"cannot read {secret_file}: {problem}") from None
    wanted = PutConnection(name, kind, user, secret, token_url, endpoint, description=description)
    with connection.client() as client:
        made = Triggers(client).put_connection(wanted)
    click.echo("\n".join([made.arn, *made.destinations]))


@connection.command("list")
@json_option
@server_options
def list_(connection: Connection, as_json: bool) -> None:
    """List the connections, without secrets."""
    with connection.client() as client:
        found = Triggers(client).connections()
    if as_json:
        print_json(found)
        return
    rows = [(one.name, one.kind, one.user, one.state, one.arn, ", ".join(one.destinations)) for one in found]
    print_table(("connection", "kind", "as", "state", "ARN", "destinations"), rows)


@connection.command("remove")
@click.argument("name")
@server_options
def remove(connection: Connection, name: str) -> None:
    """Remove a connection and the API destination of its name."""
    with connection.client() as client:
        click.echo(Triggers(client).remove_connection(name).done)
