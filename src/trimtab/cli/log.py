"""`trimtab log`: look at the log of acknowledged batches, and bring in what is kept beside it.

It works on the files of this machine's data directory, so it loads a part of the server, by name.
"""

import importlib
from pathlib import Path
from types import ModuleType

import click

from trimtab import settings as settings_module
from trimtab.base.clock import SystemClock
from trimtab.base.errors import SetupError
from trimtab.cli.output import print_table

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group("log")
def log() -> None:
    """Verify, salvage and replay the log of what was acknowledged.

    What a door acknowledges is in the log first, and reaches the engine from there. A flipped bit in its files is put
    right when the server starts; what cannot be put right is stepped over, kept in `damaged/` and told here, on Data
    sources and in `trimtab_log_damaged` of /metrics.
    """


@log.command("verify")
def verify() -> None:
    """Read every log of the data directory and say what is whole. Ends with 1 where something is not, or set aside.

    While the server runs, the last write may be told as unfinished.
    """
    checked = _repair().verify(settings_module.load(), SystemClock().now_ms())
    print_table(
        ["log", "segments", "batches", "rows", "damaged", "set aside"],
        [
            [one.name, one.segments, one.batches, one.rows, len(one.damage) + len(one.before), len(one.aside)]
            for one in checked
        ],
        right=["segments", "batches", "rows", "damaged", "set aside"],
    )
    told = False
    for one in checked:
        for damage in (*one.before, *one.damage):
            told = True
            click.echo(f"{one.name}: {damage.words}")
        for path, table, reason in one.aside:
            told = True
            click.echo(f"{one.name}: rows of {table} are set aside in {path}: {reason}")
    if told:
        raise click.exceptions.Exit(1)


@log.command("salvage")
@click.argument("file", type=_FILE)
def salvage(file: Path) -> None:
    """Set the whole batches of a segment FILE aside, so that `replay` brings them in.

    For a file of a log that no server read: from a backup, or a machine that died. What is in the engine already would
    be counted twice.
    """
    path, batches, rows, damage = _repair().salvage(settings_module.load(), file, SystemClock().now_ms())
    click.echo(
        f"{batches} whole batches with {rows} rows are set aside in {path.parent}; `trimtab log replay` stores them"
    )
    for one in damage:
        click.echo(one.words)


@log.command("replay")
@click.argument("files", nargs=-1, type=_FILE)
def replay(files: tuple[Path, ...]) -> None:
    """Bring rows that were set aside (all, or these FILES) into the engine of the running server.

    They go in with the columns that they were written with. A file that is in moves to `replayed/` beside it.
    """
    many = 0
    for path, table, size in _repair().replay(settings_module.load(), files):
        click.echo(f"{path.name}: {size} bytes are in {table}")
        many += 1
    if not many:
        click.echo("nothing is set aside")


def _repair() -> ModuleType:
    try:
        return importlib.import_module("trimtab.store.telemetry.repair")
    except ModuleNotFoundError as problem:
        raise SetupError(
            "cannot open the log: this is the light install, which has no server; "
            f"pip install 'trimtab[server]' (missing: {problem.name})"
        ) from None
