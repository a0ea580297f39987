"""`trimtab keys`: make, list and revoke access keys and tokens, through the server or, without one, directly."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol, get_args

import click

from trimtab.base.clock import SystemClock
from trimtab.base.errors import Unavailable
from trimtab.base.timerange import parse_duration_ms
from trimtab.cli.bound import Bound, bound_options, sees
from trimtab.cli.connection import Connection, server_options
from trimtab.cli.offline_keys import offline_keys
from trimtab.cli.output import ago, day, json_option, print_json, print_table, remark
from trimtab.client import wire


class KeyCalls(Protocol):
    """What these commands ask of a server's client or of the state database."""

    def keys(self) -> list[wire.Key]:
        """Every key."""
        ...

    def create_key(self, key: wire.CreateKey) -> wire.NewKey:
        """Make one."""
        ...

    def rotate_key(self, id_: str, overlap_s: int) -> wire.NewKey:
        """Make one in the place of another."""
        ...

    def revoke_key(self, id_: str) -> wire.Key:
        """Revoke one."""
        ...


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
@bound_options
@json_option
@server_options
def create(
    connection: Connection,
    name: str,
    kind: wire.KeyKind,
    role: wire.RoleName,
    expires: str | None,
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
    )
    with _calls(connection) as calls:
        made = calls.create_key(asked)
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
    with _calls(connection) as calls:
        made = calls.rotate_key(id_, overlap_ms // 1000)
    _show(made, as_json)
    if not as_json:
        remark(f"Keep the secret now: it is not shown again. {id_} works until {day(made.created_ms + overlap_ms)}.")


@keys.command("list")
@json_option
@server_options
def list_(connection: Connection, as_json: bool) -> None:
    """List every key, revoked ones too, the newest first."""
    with _calls(connection) as calls:
        found = calls.keys()
    if as_json:
        print_json(found)
        return
    now = SystemClock().now_ms()
    rows = [
        (
            key.id,
            key.kind,
            key.name,
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


@keys.command("revoke")
@click.argument("id_", metavar="ID")
@json_option
@server_options
def revoke(connection: Connection, id_: str, as_json: bool) -> None:
    """Revoke a key: at once it opens nothing."""
    with _calls(connection) as calls:
        key = calls.revoke_key(id_)
    if as_json:
        print_json(key)
    else:
        click.echo(f"revoked {key.id} ({key.name})")


@contextmanager
def _calls(connection: Connection) -> Iterator[KeyCalls]:
    """The server where it answers, else the state database of this machine."""
    if not connection.is_local or _is_up(connection):
        with connection.client() as client:
            yield client
        return
    with offline_keys(connection.settings) as direct:
        remark("The server does not run: using the keys of this machine's data directory.")
        yield direct


def _is_up(connection: Connection) -> bool:
    with connection.client(timeout_s=5) as client:
        try:
            client.health()
        except Unavailable:
            return False
        return True


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
