"""`trimtab analyses`: visuals over datasets as specs; what they show, as tables, pictures and alarms."""

import json
import sys
from pathlib import Path
from typing import Any

import click

from trimtab.base.clock import iso
from trimtab.base.errors import InvalidInput
from trimtab.cli.connection import Connection, server_options
from trimtab.cli.output import json_option, print_json, print_table, remark
from trimtab.client import analyses_wire as wire
from trimtab.client.analyses import Analyses

_FORMATS = click.Choice(["png", "svg", "csv"])


@click.group()
def analyses() -> None:
    """Analyses: visuals over datasets as specs that can be read, diffed and shared."""


@analyses.command("list")
@json_option
@server_options
def list_(connection: Connection, as_json: bool) -> None:
    """List the analyses, the starters included."""
    with connection.client() as client:
        found = Analyses(client).listed()
    if as_json:
        print_json(found)
        return
    print_table(
        ("analysis", "version", "visuals", "shows"),
        [(one.name, one.version or "starter", one.visuals, one.description or one.title) for one in found],
        right=("visuals",),
    )


@analyses.command("get")
@click.argument("name")
@json_option
@server_options
def get(connection: Connection, name: str, as_json: bool) -> None:
    """Print the spec of analysis NAME as YAML, or as JSON."""
    with connection.client() as client:
        found = Analyses(client).get(name)
    click.echo(json.dumps(found.spec, indent=2, ensure_ascii=False) if as_json else found.text, nl=as_json)


@analyses.command("put")
@click.argument("name")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path))
@click.option("--was", type=int, help="The version that you have seen: another one is a conflict.")
@click.option("--shared/--own", default=None, help="Whether readers of other accounts find it.")
@server_options
def put(connection: Connection, name: str, file: Path, was: int | None, shared: bool | None) -> None:
    """Check the spec in FILE (YAML or JSON; - is the standard input) and store it as NAME."""
    text = sys.stdin.read() if str(file) == "-" else file.read_text("utf-8")
    with connection.client() as client:
        found = Analyses(client).put(name, text, was=was, shared=shared)
    click.echo(f"{found.head.name} is at version {found.head.version}: {found.head.visuals} visuals")


@analyses.command("copy")
@click.argument("name")
@click.argument("to")
@server_options
def copy(connection: Connection, name: str, to: str) -> None:
    """Duplicate analysis NAME, or a starter, as TO."""
    with connection.client() as client:
        click.echo(f"made {Analyses(client).copy(name, to).head.name}")


@analyses.command("delete")
@click.argument("name")
@server_options
def delete(connection: Connection, name: str) -> None:
    """Delete analysis NAME with its versions and published alarms."""
    with connection.client() as client:
        click.echo(f"deleted {Analyses(client).delete(name)}")


@analyses.command("versions")
@click.argument("name")
@json_option
@server_options
def versions(connection: Connection, name: str, as_json: bool) -> None:
    """Show the earlier versions of NAME and what the next one changed."""
    with connection.client() as client:
        found = Analyses(client).versions(name)
    if as_json:
        print_json(found)
        return
    for one in found:
        click.echo(f"version {one.version}, {iso(one.updated_ms)} by {one.updated_by}")
        click.echo(one.diff)
    if not found:
        remark("none: it is as it was made")


@analyses.command("show")
@click.argument("name")
@click.argument("visual", required=False)
@click.option("--range", "range_", default="", metavar="14d", help="Another range than the spec's own.")
@json_option
@server_options
def show(connection: Connection, name: str, visual: str | None, range_: str, as_json: bool) -> None:
    """Show what VISUAL of analysis NAME says; without one, list its visuals."""
    with connection.client() as client:
        api = Analyses(client)
        if visual is None:
            spec: Any = api.get(name).spec
            print_table(
                ("visual", "title", "kind"),
                [(one["id"], one.get("title", ""), one.get("kind", "auto")) for one in spec["visuals"]],
            )
            return
        found = api.shown(name, visual, range_=range_)
    if as_json:
        print_json(found)
        return
    _print_shown(found)


@analyses.command("ask")
@click.argument("dataset")
@click.option("--by", multiple=True, help="What to group by: a field, or a time with its grain, such as day@week.")
@click.option("-m", "--measure", "measures", multiple=True, metavar="EXPRESSION", help="Such as sum(effective_cost).")
@click.option("--where", multiple=True, metavar="CONDITION", help="Only rows for which it holds.")
@click.option("--per", default="", metavar="EXPRESSION", help="Divide every measure by this one.")
@click.option("--top", type=click.IntRange(1, 200), help="Keep so many groups; the others are one more.")
@click.option("--previous", is_flag=True, help="Compare with the period before.")
@click.option("--range", "range_", default="", metavar="14d", help="Of the dataset's own, if not given.")
@json_option
@server_options
def ask(
    connection: Connection, dataset: str, by: tuple[str, ...], measures: tuple[str, ...], where: tuple[str, ...],
    per: str, top: int | None, previous: bool, range_: str, as_json: bool,
) -> None:  # fmt: skip
    """Answer a visual that need not be saved, over DATASET or a source.

    \b
    trimtab analyses ask allocated_costs --by owner -m 'sum(effective_cost)' --previous
    """
    visual = {"dataset": dataset, "by": list(by), "measures": list(measures), "per": per, "top": top or 0,
              "compare": "previous" if previous else ""}  # fmt: skip
    with connection.client() as client:
        found = Analyses(client).show(wire.ShowVisual(visual, where=list(where), range=range_))
    if as_json:
        print_json(found)
        return
    _print_shown(found)


@analyses.command("export")
@click.argument("name")
@click.argument("visual")
@click.option("-f", "--format", "format_", type=_FORMATS, default="png", show_default=True)
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="The file.  [default: VISUAL.FORMAT]"
)
@click.option("--range", "range_", default="", metavar="14d", help="Another range than the spec's own.")
@click.option("--theme", type=click.Choice(["light", "dark"]), default="light", show_default=True)
@click.option("--width", type=click.IntRange(240, 2000), default=960, show_default=True, help="Pixels.")
@server_options
def export(
    connection: Connection, name: str, visual: str, format_: str, output: Path | None, range_: str, theme: str,
    width: int,
) -> None:  # fmt: skip
    """Write VISUAL of analysis NAME as a picture or as CSV."""
    target = output or Path(f"{visual}.{format_}")
    more = [("theme", theme), ("width", str(width)), *([("range", range_)] if range_ else [])]
    with connection.client() as client, target.open("wb") as file:
        for piece in Analyses(client).picture(name, visual, format_, more):
            file.write(piece)
    click.echo(f"wrote {target}, {target.stat().st_size} bytes")


@analyses.command("watch")
@click.argument("name")
@click.argument("visual")
@click.option("--above", type=float, help="More than this is too much.")
@click.option("--below", type=float, help="Less than this is too little.")
@click.option("--label", default="", help="What the threshold is.")
@click.option("--every", type=click.Choice(["300", "900", "3600", "21600", "86400"]), default="3600", show_default=True,
              help="Seconds.")  # fmt: skip
@click.option("--action", "actions", multiple=True, metavar="ARN", help="A topic or channel that is told.")
@server_options
def watch(
    connection: Connection, name: str, visual: str, above: float | None, below: float | None, label: str, every: str,
    actions: tuple[str, ...],
) -> None:  # fmt: skip
    """Make an alarm of a threshold on VISUAL of analysis NAME."""
    if (above is None) == (below is None):
        raise InvalidInput("cannot watch the visual: give either --above or --below")
    asked = wire.ArmVisual(above, below, label, int(every), list(actions))
    with connection.client() as client:
        made = Analyses(client).arm(name, visual, asked)
    how = (
        f"answered every {made.every_s} s and published as trimtab/Analyses Value"
        if made.published
        else "on its metric"
    )
    click.echo(f"alarm {made.alarm}: {how}")


@analyses.command("watched")
@click.argument("name")
@json_option
@server_options
def watched(connection: Connection, name: str, as_json: bool) -> None:
    """List the visuals of NAME that are published for alarms."""
    with connection.client() as client:
        found = Analyses(client).alarms(name)
    if as_json:
        print_json(found)
        return
    print_table(
        ("alarm", "visual", "every", "value", "at", "problem"),
        [
            (one.alarm, one.visual, f"{one.every_s} s", "" if one.value is None else f"{one.value:,.2f}",
             iso(one.value_ms) if one.value_ms else "", one.problem)
            for one in found
        ],
    )  # fmt: skip


@analyses.command("unwatch")
@click.argument("name")
@click.argument("alarm")
@server_options
def unwatch(connection: Connection, name: str, alarm: str) -> None:
    """Remove ALARM of a visual of analysis NAME."""
    with connection.client() as client:
        click.echo(f"removed {Analyses(client).disarm(name, alarm)}")


def _print_shown(found: wire.VisualAnswer) -> None:
    heads = [one.label for one in found.dimensions]
    numbers = []
    for one in found.amounts:
        name = f"{one.label}, {one.unit}" if one.unit else one.label
        numbers += [name, f"{one.label} before"] if found.before_ms else [name]
    rows = [_cells(found, one) for one in found.rows]
    if found.total is not None and found.dimensions and len(rows) > 1:
        whole = wire.VisualRow(["all", *([""] * (len(heads) - 1))], found.total.values, found.total.before)
        rows.append(_cells(found, whole))
    print_table((*heads, *numbers), rows, right=tuple(numbers))
    remark(f"{found.title}: {found.kind}, {iso(found.start_ms)} to {iso(found.end_ms)}")
    for note in found.notes:
        remark(note)


def _cells(found: wire.VisualAnswer, row: wire.VisualRow) -> tuple[str, ...]:
    keys = [
        iso(key)
        if one.type == "time" and one.grain not in ("hour-of-day", "weekday") and isinstance(key, int)
        else str(key)
        for one, key in zip(found.dimensions, row.keys, strict=True)
    ]
    values = []
    for at, value in enumerate(row.values):
        values.append(_number(value))
        if found.before_ms:
            values.append(_number(row.before[at] if row.before else None))
    return (*keys, *values)


def _number(value: str | float | int | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.4g}" if isinstance(value, float) else str(value)
