"""`trimtab investigations`: what happened around a time, who is suspected, and investigations that are kept."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, get_args

import click

from trimtab.base.clock import iso
from trimtab.cli.connection import Connection, server_options
from trimtab.cli.output import json_option, print_json, print_table, remark
from trimtab.client import investigations_wire as wire
from trimtab.client.investigations import Investigations

C = TypeVar("C", bound=Callable[..., Any])
_KINDS = click.Choice(get_args(wire.KindName))


def _about(command: C) -> C:
    """The options that say which time is asked about, and what of it."""
    for option in (
        click.option("--about", multiple=True, help="Another name that it is about; may be repeated."),
        click.option("--team", default="", help="About a team."),
        click.option("--run", default="", help="About a run, and the machines that it held."),
        click.option("--service", default="", help="About a service."),
        click.option("--host", default="", help="About a host."),
        click.option("--around", default="30m", show_default=True, help="How far to both sides: 5m to 7d."),
        click.option("--at", default="now", show_default=True, help="When: -1h, 2026-11-30T14:05:00Z."),
    ):
        command = option(command)
    return command


@click.group()
def investigations() -> None:
    """What happened around a time: changes, alarms, anomalies, logs, traces, runs, GPU faults and costs."""


@investigations.command("line")
@_about
@click.option("--kind", "kinds", type=_KINDS, multiple=True, help="Only of this kind; may be repeated.")
@click.option("--only", is_flag=True, help="Only what is about the names that are given.")
@json_option
@server_options
def line(connection: Connection, as_json: bool, kinds: tuple[str, ...], only: bool, **asked: Any) -> None:
    """Tell everything that happened around a time, in order of time."""
    query = {**asked, "about": list(asked["about"]), "kind": list(kinds), "only": "true" if only else ""}
    with connection.client() as client:
        found = Investigations(client).line(query)
    if as_json:
        print_json(found)
        return
    rows = [(iso(one.at_ms), one.kind, one.level, "*" if one.about else "", one.what, one.key) for one in found.entries]
    print_table(("at", "kind", "level", "about", "what", "key"), rows)
    if found.left_out:
        remark(f"{found.left_out} entries that weigh less are left out: a shorter time shows more of it.")
    for one in found.absent:
        remark(f"Nothing is told by {one.name}: {one.why}.")


@investigations.command("suspects")
@_about
@json_option
@server_options
def suspects(connection: Connection, as_json: bool, **asked: Any) -> None:
    """Rank changes before a time, and components that differ from the time before."""
    with connection.client() as client:
        found = Investigations(client).suspects({**asked, "about": list(asked["about"])})
    if as_json:
        print_json(found)
        return
    print_table(
        ("at", "change", "speaks of"), [(iso(one.at_ms), one.what, ", ".join(one.about)) for one in found.changes]
    )
    click.echo()
    components = [(one.component, f"{one.score:.1f}", "; ".join(one.evidence[:2])) for one in found.components]
    print_table(("component", "score", "evidence"), components)
    if not found.traces:
        remark("There are no traces of both times: components are not ranked.")


@investigations.command("list")
@json_option
@server_options
def list_(connection: Connection, as_json: bool) -> None:
    """List the investigations that are kept."""
    with connection.client() as client:
        found = Investigations(client).listed()
    if as_json:
        print_json(found)
        return
    print_table(
        ("id", "name", "at", "by", "page"),
        [(one.id, one.name, iso(one.at_ms), one.created_by, one.page) for one in found],
    )


@investigations.command("keep")
@click.argument("name")
@_about
@json_option
@server_options
def keep(connection: Connection, name: str, as_json: bool, **asked: Any) -> None:
    """Keep a time and what it is about under a name."""
    body = wire.KeepInvestigation(name, **{**asked, "about": list(asked["about"])})
    with connection.client() as client:
        made = Investigations(client).keep(body)
    if as_json:
        print_json(made)
        return
    remark(f"{made.name} is kept as {made.id}; its page is {made.page}.")


@investigations.command("show")
@click.argument("id")
@json_option
@server_options
def show(connection: Connection, id: str, as_json: bool) -> None:
    """Show an investigation with its notes."""
    with connection.client() as client:
        found = Investigations(client).get(id)
    if as_json:
        print_json(found)
        return
    click.echo(f"{found.name}: {iso(found.at_ms)}, by {found.created_by}, {found.page}")
    rows = [
        (one.id, iso(one.written_ms), one.author, one.text, one.pinned.what if one.pinned else "")
        for one in found.notes
    ]
    print_table(("note", "written", "by", "text", "pins"), rows)


@investigations.command("note")
@click.argument("id")
@click.argument("text", default="")
@click.option("--pin", default="", help="The key of an entry of its time line.")
@json_option
@server_options
def note(connection: Connection, id: str, text: str, pin: str, as_json: bool) -> None:
    """Add a note to an investigation, or pin an entry of its time line."""
    with connection.client() as client:
        made = Investigations(client).note(id, text, pin)
    if as_json:
        print_json(made)
        return
    remark(f"Noted as {made.id}.")


@investigations.command("report")
@click.argument("id")
@click.argument("out", type=click.Path(dir_okay=False, path_type=Path))
@server_options
def report(connection: Connection, id: str, out: Path) -> None:
    """Write an investigation as a report: the ending of the file says html, pdf or csv."""
    with connection.client() as client, out.open("wb") as file:
        for piece in Investigations(client).file(id, out.suffix.removeprefix(".") or "html"):
            file.write(piece)
    remark(f"Written to {out}.")


@investigations.command("remove")
@click.argument("id")
@click.option("--note", "of_note", default="", help="Only this note.")
@json_option
@server_options
def remove(connection: Connection, id: str, of_note: str, as_json: bool) -> None:
    """Remove an investigation with its notes, or one note."""
    with connection.client() as client:
        calls = Investigations(client)
        gone = calls.remove_note(id, of_note) if of_note else calls.remove(id)
    if as_json:
        print_json(gone)
        return
    remark(f"{gone.id} is no more.")
