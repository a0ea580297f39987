"""`trimtab secrets`: the key under which the secrets in the state are sealed.

It works on the key file of this machine, so it loads a part of the server, by name.
"""

import importlib

import click

from trimtab import settings as settings_module
from trimtab.base.errors import SetupError
from trimtab.cli.output import json_option, print_json


@click.group("secrets")
def secrets() -> None:
    """The key file under which keys, passwords, and secrets of channels and connections are sealed in the state."""


@secrets.command("rotate")
@json_option
def rotate(as_json: bool) -> None:
    """Seal every secret in the state under a new key. trimtab may run; the old key opens nothing any more."""
    settings = settings_module.load()
    try:
        database = importlib.import_module("trimtab.store.state.database")
    except ModuleNotFoundError as problem:
        raise SetupError(
            "cannot open the state: this is the light install, which has no server; "
            f"pip install 'trimtab[server]' (missing: {problem.name})"
        ) from None
    state = database.State.open(settings.state_url, settings.data_dir, settings.state_key_file)
    try:
        count = state.rotate_seals()
    finally:
        state.close()
    path = settings.state_key_file or str(settings.data_dir / "state.key")
    if as_json:
        print_json({"sealed": count, "key_file": path})
    else:
        click.echo(f"sealed {count} secrets under a new key; {path} has it: back it up with the state")
