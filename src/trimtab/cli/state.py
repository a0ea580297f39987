"""`trimtab state export` and `import`: everything but telemetry, as one file, between machines and databases.

Without `--url` they work on this machine's database, so they load a part of the server, by name.
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
from trimtab.cli.connection import connect
from trimtab.cli.output import json_option, print_json
from trimtab.client import state as api

_URL = click.option("--url", metavar="URL", help="Ask that server instead of working on this machine's database.")
_TOKEN = click.option(
    "--token", metavar="TOKEN", help="Token to present there (TRIMTAB_TOKEN; better there than here)."
)
_TIMEOUT_S = 600.0


@click.group("state")
def state() -> None:
    """Everything but telemetry and bills' lines as one file: alarms, keys, budgets, dashboards, runs, statements."""


@state.command("export")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--without-secrets", is_flag=True, help="Leave out keys and credentials; they must be entered again.")
@_URL
@_TOKEN
@json_option
def export(file: Path, without_secrets: bool, url: str | None, token: str | None, as_json: bool) -> None:
    """Write all of the state to FILE, as of one moment, while trimtab runs or not.

    The file has the secrets of access keys and channels in it, and only you may read it; keep it so.
    """
    part, secrets = _part(), not without_secrets
    if url:
        with connect(url, token).client(_TIMEOUT_S) as client:
            api.export_to(client, file, secrets=secrets)
    else:
        part.export(settings_module.load(), file, SystemClock(), __version__, secrets=secrets)
    head, close = part.check(file)
    if as_json:
        print_json(_about(file, head, close.rows, part.missing(head)))
        return
    click.echo(f"{file}: {close.rows:,} rows of {close.tables} tables, {file.stat().st_size:,} bytes")
    click.echo("its secrets are in it: keep it to yourself" if secrets else "not in it:")
    for words in part.missing(head):
        click.echo(f"  {words}")


@state.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--replace", is_flag=True, help="Put it in the place of a state that is in use: that is lost.")
@click.option("--check", is_flag=True, help="Compare the file with its checksums and import nothing.")
@_URL
@_TOKEN
@json_option
def import_(file: Path, replace: bool, check: bool, url: str | None, token: str | None, as_json: bool) -> None:
    """Begin with the state in FILE, that `trimtab state export` wrote, this version's or an older one's.

    trimtab must not run, unless --url names it: then it starts anew. All of the file is taken, or nothing.
    """
    part = _part()
    head, close = part.check(file)
    if url:
        with connect(url, token).client(_TIMEOUT_S) as client:
            api.import_(client, file, replace=replace, check=check)
    elif not check:
        part.import_(settings_module.load(), file, SystemClock(), replace=replace)
    if as_json:
        print_json(_about(file, head, close.rows, part.missing(head)))
        return
    what = f"{close.rows:,} rows of {close.tables} tables, of trimtab {head.trimtab} at {head.made_at}"
    click.echo(f"{file} is whole: {what}" if check else f"imported {what}")
    if part.missing(head):
        click.echo("it has no secrets; enter again:")
    for words in part.missing(head):
        click.echo(f"  {words}")


def _about(file: Path, head: Any, rows: int, missing: list[str]) -> dict[str, Any]:
    return {
        "file": str(file),
        "trimtab": head.trimtab,
        "revision": head.revision,
        "made_at": head.made_at,
        "secrets": head.secrets,
        "tables": len(head.tables),
        "rows": rows,
        "missing": missing,
    }


def _part() -> ModuleType:
    try:
        return importlib.import_module("trimtab.store.state.portable.local")
    except ModuleNotFoundError as problem:
        raise SetupError(
            "cannot read the state: this is the light install, which has no server; "
            f"pip install 'trimtab[server]' (missing: {problem.name})"
        ) from None
