"""`trimtab dashboards`: list, show, store, import, share and delete dashboards."""

from pathlib import Path
from typing import Any

import click
import msgspec

from trimtab.base import typed
from trimtab.base.errors import InvalidInput
from trimtab.cli.connection import Connection, server_options
from trimtab.cli.output import day, json_option, number, print_json, print_table, remark, sparkline
from trimtab.client import dashboards as calls
from trimtab.client import dashboards_wire as wire

_file = click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path)


@click.group()
def dashboards() -> None:
    """List, show, store, import, share and delete dashboards."""


@dashboards.command("list")
@click.option("--prefix", default="", help="Only names that begin so.")
@json_option
@server_options
def list_(connection: Connection, prefix: str, as_json: bool) -> None:
    """List the dashboards, the starters included."""
    with connection.client() as client:
        found = calls.listed(client, prefix)
    if as_json:
        print_json(wire.DashboardList(found))
        return
    rows = [(one.name, one.widgets, day(one.modified_ms) if one.version else "starter", one.summary) for one in found]
    print_table(("name", "widgets", "changed", "what"), rows, right=("widgets",))


@dashboards.command("show")
@click.argument("name")
@click.option("--data", is_flag=True, help="Show what its widgets show, not its body.")
@click.option("--start", default="", help="now, -3h, ISO 8601 or epoch milliseconds.  [default: the dashboard's own]")
@click.option("--end", default="now", show_default=True, help="The same; not included.")
@click.option("--variable", multiple=True, metavar="ID=VALUE", help="Value of a variable (repeatable).")
@json_option
@server_options
def show(
    connection: Connection, name: str, data: bool, start: str, end: str, variable: tuple[str, ...], as_json: bool
) -> None:
    """Print a dashboard's body as JSON, or with --data the newest value of every line."""
    with connection.client() as client:
        if not data:
            found = calls.read(client, name)
            print_json(found if as_json else found.body)
            return
        shown = calls.data(client, name, start=start, end=end, variables=variable)
    if as_json:
        print_json(shown)
        return
    rows = [row for widget in shown.widgets for row in _rows(widget)]
    print_table(("widget", "line", "last", "unit", "trend"), rows, right=("last",))


@dashboards.command("put")
@click.argument("name")
@click.argument("file", type=_file)
@server_options
def put(connection: Connection, name: str, file: Path) -> None:
    """Store the body in FILE (JSON or YAML; - reads standard input) as the dashboard NAME."""
    with connection.client() as client:
        saved = calls.put(client, name, _read(file))
    for message in saved.messages:
        remark(f"{message.path or '/'}: {message.text}")
    remark(f"Stored {saved.name}, version {saved.version}: {connection.url}/dashboards/{saved.name}")


@dashboards.command("delete")
@click.argument("name")
@server_options
def delete(connection: Connection, name: str) -> None:
    """Delete a dashboard and the links that share it."""
    with connection.client() as client:
        calls.delete(client, name)
    remark(f"Deleted {name}")


@dashboards.command("import")
@click.argument("file", type=_file)
@click.option("--name", default="", help="Its name here.  [default: made of its title]")
@click.option("--dry-run", is_flag=True, help="Store nothing; print the body that it would become.")
@json_option
@server_options
def import_(connection: Connection, file: Path, name: str, dry_run: bool, as_json: bool) -> None:
    """Make a dashboard of FILE: Grafana's or Perses' JSON, or a CloudWatch body. Lists what was left out, and why."""
    with connection.client() as client:
        made = calls.imported(client, _read(file), name, dry_run=dry_run)
    if as_json or dry_run:
        print_json(made if as_json else made.body)
    for left in made.left:
        remark(f"left out: {left.what}: {left.why}")
    done = "would make" if dry_run else "made"
    where = "" if dry_run else f": {connection.url}/dashboards/{made.name}"
    remark(f"{done} {made.name} from {made.source}: {made.widgets} widgets, {len(made.left)} remarks{where}")


@dashboards.command("share")
@click.argument("name")
@click.option("--expires", default="7d", show_default=True, help="How long the link lasts: 1h, 7d, at most 365d.")
@click.option("--list", "only_list", is_flag=True, help="List the links instead.")
@click.option("--revoke", metavar="ID", help="End the link with this id instead.")
@server_options
def share(connection: Connection, name: str, expires: str, only_list: bool, revoke: str | None) -> None:
    """Make a read-only link to a dashboard: whoever has it sees what you see there, until it ends."""
    with connection.client() as client:
        if revoke:
            calls.revoke(client, name, revoke)
            remark(f"Revoked {revoke}")
            return
        if only_list:
            rows = [
                (one.id, day(one.created_ms), day(one.expires_ms), one.created_by) for one in calls.shares(client, name)
            ]
            print_table(("id", "made", "ends", "by"), rows)
            return
        made = calls.share(client, name, expires)
    click.echo(f"{connection.url}{made.path}")
    remark(f"It ends {day(made.expires_ms)}; end it before with: trimtab dashboards share {name} --revoke {made.id}")


def _rows(widget: wire.WidgetData) -> list[tuple[object, ...]]:
    name = widget.title or f"widget {widget.widget}"
    if widget.error:
        return [(name, widget.error, "", "", "")]
    return [
        (name, line.label, number(line.values[-1] if line.values else None), _unit(line.unit), sparkline(line.values))
        for line in widget.lines
    ]


def _unit(unit: str) -> str:
    return "" if unit == "None" else unit


def _read(file: Path) -> dict[str, Any]:
    with click.open_file(str(file), encoding="utf-8") as stream:  # - is standard input
        text = str(stream.read())
    try:
        found = typed.decode(text) if text.lstrip().startswith("{") else msgspec.yaml.decode(text)
    except msgspec.DecodeError as problem:
        raise InvalidInput(f"cannot read {file}: {problem}; expected JSON or YAML") from None
    if not isinstance(found, dict):
        raise InvalidInput(f"cannot read {file}: expected an object with widgets, panels or spec")
    return found
