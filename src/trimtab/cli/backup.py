"""`trimtab backup` and `trimtab restore`: the whole data directory of this machine, while trimtab runs.

They work on files of this machine, so they load a part of the server, by name.
"""

import importlib
from pathlib import Path
from types import ModuleType
from typing import Any

import click

from trimtab import __version__
from trimtab import settings as settings_module
from trimtab.base.clock import SystemClock
from trimtab.base.errors import SetupError
from trimtab.cli.output import json_option, print_json, print_table

_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command("backup")
@click.argument("target", type=click.Path(file_okay=False, path_type=Path))
@click.option("--keep", type=click.IntRange(min=1), help="Remove all backups in TARGET but the newest so many.")
@click.option("--list", "listed", is_flag=True, help="List the backups in TARGET and make none.")
@json_option
def backup(target: Path, keep: int | None, listed: bool, as_json: bool) -> None:
    """Copy the data directory into a new folder of TARGET, which is best on another disk.

    trimtab may run: its processes stand still while the files are linked to (about a second for 50,000 files) and go on
    while they are copied. Senders wait that long. What the last backup in TARGET has already takes no space again.
    Each file is kept with its checksum.
    """
    part = _part()
    if listed:
        rows = [(one.folder.name, one.manifest) for one in part.backups(target)]
        if as_json:
            print_json([_told(target / name, about) for name, about in rows])
            return
        print_table(
            ["backup", "made", "files", "bytes", "by trimtab"],
            [[name, about.made_at, len(about.files), about.bytes, about.trimtab] for name, about in rows],
            right=["files", "bytes"],
        )
        return
    settings = settings_module.load()
    made = part.take(settings, target, SystemClock(), __version__)
    found = made.manifest
    removed = part.forget(target, keep) if keep else []
    if as_json:
        print_json({**_told(made.folder, found), "removed": [str(old) for old in removed]})
        return
    stood = f"; trimtab stood still for {found.stood_still_s:.2f} s" if found.stood_still_s else ""
    click.echo(f"{made.folder}: {len(found.files)} files, {found.bytes:,} bytes{stood}")
    here = {
        "the telemetry, which a ClickHouse server has": found.engine,
        "the state, which PostgreSQL has": found.state,
    }
    for what in (what for what, inside in here.items() if not inside):
        click.echo(f"not in it: {what}; back it up by its own means")
    for old in removed:
        click.echo(f"removed {old}")


@click.command("restore")
@click.argument("folder", type=_FOLDER)
@click.option("--check", is_flag=True, help="Compare every file with its checksum and restore nothing.")
@click.option("--replace", is_flag=True, help="Keep what is in the data directory beside it, under another name.")
@json_option
def restore(folder: Path, check: bool, replace: bool, as_json: bool) -> None:
    """Bring the data directory back from FOLDER, one that `trimtab backup` made. trimtab must not run.

    Every file is compared with its checksum before the data directory is touched.
    """
    part = _part()
    if check:
        manifest, wrong = part.check(folder)
        if as_json:
            print_json({**_told(folder, manifest), "wrong": wrong})
        else:
            for line in wrong:
                click.echo(line)
        if wrong:
            raise click.exceptions.Exit(1)
        if not as_json:
            size = f"{len(manifest.files)} files, {manifest.bytes:,} bytes"
            click.echo(f"{folder} is whole: {size}, made {manifest.made_at}")
        return
    settings = settings_module.load()
    manifest, kept = part.restore(settings, folder, SystemClock(), replace=replace)
    if as_json:
        print_json({**_told(settings.data_dir, manifest), "kept": str(kept) if kept else None})
        return
    click.echo(f"{settings.data_dir} is as it was at {manifest.made_at}: {len(manifest.files)} files")
    if kept:
        click.echo(f"what was there is in {kept}")


def _told(folder: Path, manifest: Any) -> dict[str, Any]:
    """What is told of a backup (or of where it was restored to) as JSON; sizes in bytes, times in seconds."""
    return {
        "folder": str(folder),
        "made_at": manifest.made_at,
        "files": len(manifest.files),
        "bytes": manifest.bytes,
        "stood_still_s": manifest.stood_still_s,
        "trimtab": manifest.trimtab,
        "engine": manifest.engine,
        "state": manifest.state,
    }


def _part() -> ModuleType:
    try:
        return importlib.import_module("trimtab.store.backup.backup")
    except ModuleNotFoundError as problem:
        raise SetupError(
            "cannot read backups: this is the light install, which has no server; "
            f"pip install 'trimtab[server]' (missing: {problem.name})"
        ) from None
