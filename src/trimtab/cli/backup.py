"""`trimtab backup` and `trimtab restore`: the whole data directory of this machine, while trimtab runs.

They work on files of this machine, so they load a part of the server, by name.
"""

import importlib
from pathlib import Path
from types import ModuleType

import click

from trimtab import __version__
from trimtab import settings as settings_module
from trimtab.base.clock import SystemClock
from trimtab.base.errors import SetupError
from trimtab.cli.output import print_table

_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command("backup")
@click.argument("target", type=click.Path(file_okay=False, path_type=Path))
@click.option("--keep", type=click.IntRange(min=1), help="Remove all backups in TARGET but the newest so many.")
@click.option("--list", "listed", is_flag=True, help="List the backups in TARGET and make none.")
def backup(target: Path, keep: int | None, listed: bool) -> None:
    """Copy the data directory into a new folder of TARGET, which is best on another disk.

    trimtab may run: its processes stand still while the files are linked to (about a second for 50,000 files) and go on
    while they are copied. Senders wait that long. What the last backup in TARGET has already takes no space again.
    Each file is kept with its checksum.
    """
    part = _part()
    if listed:
        rows = [(one.folder.name, one.manifest) for one in part.backups(target)]
        print_table(
            ["backup", "made", "files", "bytes", "by trimtab"],
            [[name, about.made_at, len(about.files), about.bytes, about.trimtab] for name, about in rows],
            right=["files", "bytes"],
        )
        return
    settings = settings_module.load()
    made = part.take(settings, target, SystemClock(), __version__)
    found = made.manifest
    stood = f"; trimtab stood still for {found.stood_still_s:.2f} s" if found.stood_still_s else ""
    click.echo(f"{made.folder}: {len(found.files)} files, {found.bytes:,} bytes{stood}")
    here = {
        "the telemetry, which a ClickHouse server has": found.engine,
        "the state, which PostgreSQL has": found.state,
    }
    for what in (what for what, inside in here.items() if not inside):
        click.echo(f"not in it: {what}; back it up by its own means")
    for old in part.forget(target, keep) if keep else ():
        click.echo(f"removed {old}")


@click.command("restore")
@click.argument("folder", type=_FOLDER)
@click.option("--check", is_flag=True, help="Compare every file with its checksum and restore nothing.")
@click.option("--replace", is_flag=True, help="Keep what is in the data directory beside it, under another name.")
def restore(folder: Path, check: bool, replace: bool) -> None:
    """Bring the data directory back from FOLDER, one that `trimtab backup` made. trimtab must not run.

    Every file is compared with its checksum before the data directory is touched.
    """
    part = _part()
    if check:
        manifest, wrong = part.check(folder)
        for line in wrong:
            click.echo(line)
        if wrong:
            raise click.exceptions.Exit(1)
        click.echo(f"{folder} is whole: {len(manifest.files)} files, {manifest.bytes:,} bytes, made {manifest.made_at}")
        return
    settings = settings_module.load()
    manifest, kept = part.restore(settings, folder, SystemClock(), replace=replace)
    click.echo(f"{settings.data_dir} is as it was at {manifest.made_at}: {len(manifest.files)} files")
    if kept:
        click.echo(f"what was there is in {kept}")


def _part() -> ModuleType:
    try:
        return importlib.import_module("trimtab.store.backup.backup")
    except ModuleNotFoundError as problem:
        raise SetupError(
            "cannot read backups: this is the light install, which has no server; "
            f"pip install 'trimtab[server]' (missing: {problem.name})"
        ) from None
