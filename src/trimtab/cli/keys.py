"""`trimtab keys`: make, list and revoke access keys and tokens, through the server or, without one, directly."""

from typing import get_args

import click

from trimtab.base.clock import SystemClock
from trimtab.base.timerange import parse_duration_ms
from trimtab.cli.access_client import access_client
from trimtab.cli.bound import Bound, bound_options, sees
from trimtab.cli.connection import Connection, server_options
from trimtab.cli.output import ago, day, json_option, print_json, print_table, remark
from trimtab.cli.service_accounts import service_accounts
from trimtab.client import wire
from trimtab.client.access import Access


@click.group("keys")
def keys() -> None:
    """Make, list and revoke access keys and tokens.

    AWS keys sign requests of boto3 and the aws CLI; tokens open REST, pages, OTLP and Prometheus. While the server
    does not run, the keys of this machine's data directory are opened directly.
    """


@keys.command("create")
@click.option("--name", default="cli", show_default=True, help="What the key is for; shown in lists.")
@click.option(
    "--kind", type=click.Choice(get_args(wire.KeyKind)), default="aws", show_default=True, help="Kind of key."
)
@click.option("--role", type=click.Choice(get_args(wire.RoleName)), default="write", show_default=True, help="May do.")
@click.option("--expires", metavar="DURATION", help="How long it works, as 90d or 12h; without it until it is revoked.")
@click.option("--for", "service", metavar="NAME", help="Service account that it is of, which says role and bindings.")
@bound_options
@json_option
@server_options
def create(
    connection: Connection,
    name: str,
    kind: wire.KeyKind,
    role: wire.RoleName,
    expires: str | None,
    service: str | None,
    bound: Bound,
    as_json: bool,
) -> None:
    """Make a key. Its secret is printed this once and kept nowhere that can be read back.

    It is bound to what is given, and to what you are bound to yourself.
    """
    asked = wire.CreateKey(
        name=name,
        kind=kind,
        role=role,
        account=bound.account,
        teams=bound.teams,
        tags=bound.tags,
        expires_ms=None if expires is None else SystemClock().now_ms() + parse_duration_ms(expires),
        service_account=service,
    )
    with access_client(connection) as client:
        made = client.create_key(asked)
    _show(made, as_json)
    if not as_json:
        remark("Keep the secret now: it is not shown again. `trimtab env` prints how clients use it.")


@keys.command("rotate")
@click.argument("id_", metavar="ID")
@click.option(
    "--overlap", metavar="DURATION", default="24h", show_default=True, help="How long the old one goes on working."
)
@json_option
@server_options
def rotate(connection: Connection, id_: str, overlap: str, as_json: bool) -> None:
    """Make a key that takes the place of one: the same role, bound alike, with a new id and secret."""
    overlap_ms = parse_duration_ms(overlap)
    with access_client(connection) as client:
        made = client.rotate_key(id_, overlap_ms // 1000)
    _show(made, as_json)
    if not as_json:
        remark(f"Keep the secret now: it is not shown again. {id_} works until {day(made.created_ms + overlap_ms)}.")


@keys.command("list")
@json_option
@server_options
def list_(connection: Connection, as_json: bool) -> None:
    """List every key, revoked ones too, the newest first."""
    with access_client(connection) as client:
        found = client.keys()
    if as_json:
        print_json(found)
        return
    now = SystemClock().now_ms()
    rows = [
        (
            key.id,
            key.kind,
            f"{key.name} ({key.service_account})" if key.service_account else key.name,
            key.role,
            sees(key),
            day(key.created_ms),
            _used(key, now),
            _state(key),
        )
        for key in found
    ]
    print_table(("id", "kind", "name", "role", "sees", "created", "last used", "state"), rows)
    for key in found:
        if key.warning:
            remark(f"{key.id} ({key.name}) {key.warning}")


@keys.command("refused")
@json_option
@server_options
def refused(connection: Connection, as_json: bool) -> None:
    """List requests that were refused (401, 403), counted by door, caller and address."""
    with access_client(connection) as client:
        found = Access(client).refusals()
    if as_json:
        print_json(found)
        return
    rows = [
        (one.door, one.status, one.who or "–", one.address, one.path, f"{one.count:,}", day(one.last_ms))
        for one in found
    ]
    print_table(("door", "status", "who", "from", "last path", "times", "last"), rows, right=("times",))


@keys.command("revoke")
@click.argument("id_", metavar="ID")
@json_option
@server_options
def revoke(connection: Connection, id_: str, as_json: bool) -> None:
    """Revoke a key: at once it opens nothing."""
    with access_client(connection) as client:
        key = client.revoke_key(id_)
    if as_json:
        print_json(key)
    else:
        click.echo(f"revoked {key.id} ({key.name})")


def _used(key: wire.Key, now_ms: int) -> str:
    return "never" if key.last_used_ms is None else f"{ago(key.last_used_ms, now_ms)} ago"


def _state(key: wire.Key) -> str:
    if key.revoked_ms is not None:
        return f"revoked {day(key.revoked_ms)}"
    if key.expires_ms is None:
        return key.state
    if key.state == "expired":
        return f"expired {day(key.expires_ms)}"
    return f"until {day(key.expires_ms)}" + (f", then {key.replaced_by}" if key.replaced_by else "")


def _show(made: wire.NewKey, as_json: bool) -> None:
    """A key just made, with its secret."""
    if as_json:
        print_json(made)
        return
    secret = "secret access key" if made.kind == "aws" else "token"
    ends = [("until", day(made.expires_ms))] if made.expires_ms else []
    rows = [("id", made.id), (secret, made.secret), ("role", made.role), ("sees", sees(made)), *ends]
    print_table((made.name, ""), rows)


keys.add_command(service_accounts)
