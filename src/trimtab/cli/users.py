"""`trimtab users`: people with a name and a password, for houses without an OpenID provider."""

import sys
from typing import get_args

import click

from trimtab.base.clock import SystemClock
from trimtab.cli.access_client import access_client
from trimtab.cli.bound import Bound, bound_options, sees
from trimtab.cli.connection import Connection, server_options
from trimtab.cli.output import ago, day, json_option, print_json, print_table
from trimtab.client import access_wire
from trimtab.client.access import Access
from trimtab.client.wire import Key, RoleName

_role = click.option("--role", type=click.Choice(get_args(RoleName)), help="A role of their own, bound as given.")
_groups = click.option("--group", "groups", metavar="NAME", multiple=True, help="Group that they are of. Repeatable.")
_stdin = click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")


@click.group("users")
def users() -> None:
    """Users: people with a name and a password.

    What they may do is said by their groups, of which one counts at a time, or by a role of their own. While the server
    does not run, the state of this machine's data directory is opened directly.
    """


@users.command("create")
@click.argument("name")
@_groups
@_role
@bound_options
@_stdin
@json_option
@server_options
def create(
    connection: Connection,
    name: str,
    groups: tuple[str, ...],
    role: RoleName | None,
    bound: Bound,
    password_stdin: bool,
    as_json: bool,
) -> None:
    """Make a user. The password is asked for."""
    user = access_wire.CreateUser(
        name=name,
        password=_password(password_stdin),
        groups=list(groups),
        role=role,
        account=bound.account,
        teams=bound.teams,
        tags=bound.tags,
    )
    with access_client(connection) as client:
        _done(Access(client).create_user(user), "made", as_json)


@users.command("list")
@json_option
@server_options
def list_(connection: Connection, as_json: bool) -> None:
    """List users, and people who signed in with an OpenID provider."""
    with access_client(connection) as client:
        found = Access(client).users()
    if as_json:
        print_json(found)
        return
    now_ms = SystemClock().now_ms()
    rows = [
        (
            one.name,
            one.kind,
            one.group or "–",
            ", ".join(one.groups),
            one.role,
            sees(one),
            ago(one.last_used_ms, now_ms),
            one.state,
        )
        for one in found
    ]
    print_table(("name", "kind", "acts as", "groups", "role", "sees", "last seen", "state"), rows)


@users.command("change")
@click.argument("name")
@_groups
@_role
@bound_options
@json_option
@server_options
def change(
    connection: Connection, name: str, groups: tuple[str, ...], role: RoleName | None, bound: Bound, as_json: bool
) -> None:
    """Replace the groups and the role of a user."""
    rights = access_wire.UserRights(
        groups=list(groups), role=role, account=bound.account, teams=bound.teams, tags=bound.tags
    )
    with access_client(connection) as client:
        _done(Access(client).change_user(name, rights), "changed", as_json)


@users.command("password")
@click.argument("name")
@_stdin
@json_option
@server_options
def password(connection: Connection, name: str, password_stdin: bool, as_json: bool) -> None:
    """Set a user's password; their sessions end."""
    text = _password(password_stdin)
    with access_client(connection) as client:
        _done(Access(client).set_password(name, text), "changed", as_json)


@users.command("disable")
@click.argument("name")
@json_option
@server_options
def disable(connection: Connection, name: str, as_json: bool) -> None:
    """Disable a user: sessions end, and sign-in is refused."""
    with access_client(connection) as client:
        _done(Access(client).switch_user(name, disabled=True), "disabled", as_json)


@users.command("enable")
@click.argument("name")
@json_option
@server_options
def enable(connection: Connection, name: str, as_json: bool) -> None:
    """Enable a user: sign-in works again."""
    with access_client(connection) as client:
        _done(Access(client).switch_user(name, disabled=False), "enabled", as_json)


@users.command("remove")
@click.argument("name")
@json_option
@server_options
def remove(connection: Connection, name: str, as_json: bool) -> None:
    """Remove a user."""
    with access_client(connection) as client:
        _done(Access(client).remove_user(name), "removed", as_json)


@users.command("locked")
@json_option
@server_options
def locked(connection: Connection, as_json: bool) -> None:
    """List names and network addresses that failed to sign in too often."""
    with access_client(connection) as client:
        found = Access(client).lockouts()
    if as_json:
        print_json(found)
        return
    rows = [(one.kind, one.subject, one.failures, day(one.last_ms), day(one.until_ms)) for one in found]
    print_table(("", "who", "failures", "last", "waits until"), rows, right=("failures",))


@users.command("unlock")
@click.argument("who", metavar="NAME|ADDRESS")
@json_option
@server_options
def unlock(connection: Connection, who: str, as_json: bool) -> None:
    """Let a user or a network address that failed too often try again at once."""
    with access_client(connection) as client:
        done = Access(client).unlock(who)
    if as_json:
        print_json(done)
    else:
        click.echo(f"unlocked {who}")


def _password(from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\n")
    text: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    return text


def _done(user: Key, word: str, as_json: bool) -> None:
    if as_json:
        print_json(user)
    else:
        click.echo(f"{word} {user.name}")
