"""`trimtab grafana`: files for people who live in Grafana."""

from pathlib import Path

import click

from trimtab.cli.connection import Connection, server_options
from trimtab.cli.output import remark
from trimtab.client import dashboards as calls


@click.group()
def grafana() -> None:
    """Bring trimtab's data and dashboards to Grafana."""


@grafana.command("export")
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--from-grafana", "seen", metavar="URL", help="This server as Grafana reaches it.  [default: its own URL]"
)
@click.option("--prefix", default="", help="Of the stored dashboards only those whose names begin so.")
@server_options
def export(connection: Connection, directory: Path, seen: str | None, prefix: str) -> None:
    """Write data source and dashboard provisioning for Grafana into DIRECTORY.

    Grafana reads trimtab by PromQL. Each dashboard links to trimtab's own over the same time range.
    """
    with connection.client() as client:
        files = calls.grafana(client, seen or connection.url, prefix).files
    for name, text in files.items():
        target = directory / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    remark(f"Wrote {len(files)} files to {directory}; README.md there says where Grafana wants them")
