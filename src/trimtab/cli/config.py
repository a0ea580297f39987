"""`trimtab config`: alarms, dashboards, detectors and mute rules as files."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from trimtab.cli.connection import Connection, server_options
from trimtab.cli.output import json_option, print_json, remark
from trimtab.client import config as calls
from trimtab.client import config_wire as wire

_SUFFIXES = (".yaml", ".yml", ".json")
_SIGNS = {"add": ("+", "green"), "change": ("~", "yellow"), "remove": ("-", "red")}
_places = click.argument(
    "places",
    nargs=-1,
    required=True,
    metavar="FILE|DIR…",
    type=click.Path(exists=True, allow_dash=True, path_type=Path),
)
_prune = click.option("--prune", is_flag=True, help="Remove what the files' sections do not name.")


@click.group()
def config() -> None:
    """Alarms, mute rules, anomaly detectors and dashboards as files: show, compare, apply."""


@config.command("export")
@click.option("--section", multiple=True, help="Of this section only (repeatable).")
@click.option(
    "--output", "-o", type=click.Path(dir_okay=False, path_type=Path), help="File to write.  [default: stdout]"
)
@server_options
def export(connection: Connection, section: tuple[str, ...], output: Path | None) -> None:
    """Write what there is as YAML."""
    with connection.client() as client:
        text = calls.export(client, section)
    if output is None:
        click.echo(text, nl=False)
    else:
        output.write_text(text, encoding="utf-8")
        remark(f"Wrote {output}")


@config.command("diff")
@_places
@_prune
@click.option("--replay", "days", type=click.IntRange(0, 90), default=30, show_default=True, metavar="DAYS",
              help="Tell what each changed alarm did, and would have done, in these days; 0 for not.")  # fmt: skip
@click.option("--exit-code", is_flag=True, help="Exit with 1 where something differs, for checks in a pipeline.")
@json_option
@server_options
def diff(
    connection: Connection, places: tuple[Path, ...], prune: bool, days: int, exit_code: bool, as_json: bool
) -> None:
    """Show what the files would change, and how each changed alarm would have fired. Changes nothing."""
    with connection.client() as client:
        found = calls.diff(client, wire.ConfigFiles(_files(places), prune, days))
    if as_json:
        print_json(found)
    else:
        _show(found.changes)
        remark(_counted(found.changes) if found.changes else "Nothing differs.")
    if exit_code and found.changes:
        sys.exit(1)


@config.command("apply")
@_places
@_prune
@click.option("--yes", is_flag=True, help="Ask nothing.")
@json_option
@server_options
def apply(connection: Connection, places: tuple[Path, ...], prune: bool, yes: bool, as_json: bool) -> None:
    """Make what there is what the files declare; nothing is changed where a file is wrong."""
    files = wire.ConfigFiles(_files(places), prune)
    with connection.client() as client:
        if not yes:
            found = calls.diff(client, files)
            if not found.changes:
                remark("Nothing differs.")
                return
            _show(found.changes)
            click.confirm(f"{_counted(found.changes)} Apply?", abort=True, err=True)
        done = calls.apply(client, files)
    if as_json:
        print_json(done)
    else:
        remark(f"Applied: {_counted(done.changes)}" if done.changes else "Nothing was changed.")
    if done.failed is not None:
        raise click.ClickException(
            f"{done.failed.section} {done.failed.name} was refused, and what comes after it not tried: {done.problem}"
        )


def _files(places: Sequence[Path]) -> list[wire.ConfigFile]:
    """Every file, and of a folder all with a suffix of ours; `-` is standard input."""
    found: list[Path] = []
    for place in places:
        inside = sorted(one for one in place.rglob("*") if one.suffix in _SUFFIXES) if place.is_dir() else [place]
        if not inside:
            raise click.UsageError(f"cannot read {place}: no file there ends in {', '.join(_SUFFIXES)}")
        found += inside
    return [
        wire.ConfigFile("standard input", sys.stdin.read())
        if str(one) == "-"
        else wire.ConfigFile(str(one), one.read_text(encoding="utf-8"))
        for one in found
    ]


def _show(changes: Sequence[wire.ConfigChange]) -> None:
    for change in changes:
        sign, color = _SIGNS[change.action]
        click.secho(f"{sign} {change.section} {change.name}", fg=color, bold=True)
        for field in change.fields if change.action == "change" else ():
            click.echo(f"    {field.path}: {_told(field.before)} → {_told(field.after)}")
        if change.replay is not None:
            click.echo(f"    in the last {change.replay.days} days it {_was(change.replay)}")


def _was(replay: wire.ConfigReplay) -> str:
    if replay.before == "not there":
        return f"would have been: {replay.after}"
    if replay.after == "not there":
        return f"was: {replay.before}"
    return f"was: {replay.before}; would have been: {replay.after}"


def _told(value: Any) -> str:
    return "(absent)" if value is None else json.dumps(value, ensure_ascii=False)


def _counted(changes: Sequence[wire.ConfigChange]) -> str:
    words = (("add", "to add"), ("change", "to change"), ("remove", "to remove"))
    return ", ".join(f"{sum(one.action == action for one in changes)} {word}" for action, word in words) + "."
