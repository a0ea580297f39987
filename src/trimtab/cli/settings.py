"""`trimtab settings`: every setting, its value, where it came from and what it means."""

import click

from trimtab.cli.connection import connect
from trimtab.cli.output import json_option, print_json, print_table
from trimtab.settings import describe


@click.command("settings")
@click.option("--server", is_flag=True, help="Ask the running server for the settings it started with.")
@click.option("--url", metavar="URL", help="Server to ask, with --server (TRIMTAB_URL).")
@click.option("--token", metavar="TOKEN", help="Token to present, with --server (TRIMTAB_TOKEN).")
@json_option
def settings(server: bool, url: str | None, token: str | None, as_json: bool) -> None:
    """List every setting with its value and its meaning.

    A setting comes from the environment, else from the TOML file that TRIMTAB_CONFIG names, else from its default.
    """
    if server:
        with connect(url, token).client() as client:
            rows = [(row.name, row.value, row.default, row.source, row.help) for row in client.settings()]
    else:
        rows = [(row.name, row.value, row.default, row.source, row.help) for row in describe()]
    names = ("name", "value", "default", "source", "help")
    if as_json:
        print_json([dict(zip(names, row, strict=True)) for row in rows])
    else:
        shown = [(name, value, source, help_) for name, value, _, source, help_ in rows]
        print_table(("setting", "value", "from", "meaning"), shown)
