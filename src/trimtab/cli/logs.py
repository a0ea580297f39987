"""`trimtab logs`: log groups from the command line."""

import click

from trimtab.cli.log_query import query


@click.group("logs")
def logs() -> None:
    """Search logs: Logs Insights queries over log groups."""


logs.add_command(query)
