"""`trimtab logs anomalies`: log patterns that are new, gone, or come at an unusual rate."""

import click

from trimtab.base.clock import iso
from trimtab.cli.connection import Connection, server_options
from trimtab.cli.output import json_option, print_json, print_table
from trimtab.client import log_anomalies_wire as wire

_TIMES = "now, -3h, ISO 8601 or epoch milliseconds."


@click.command("anomalies")
@click.option("--group", default="", help="One log group only.")
@click.option("--start", default="-24h", show_default=True, help=_TIMES)
@click.option("--end", default="now", show_default=True, help="The same; not included.")
@json_option
@server_options
def anomalies(connection: Connection, group: str, start: str, end: str, as_json: bool) -> None:
    """List log patterns that are new, gone, or come at an unusual rate."""
    query = [("start", start), ("end", end), *([("group", group)] if group else [])]
    with connection.client() as client:
        found = client.call("GET", "/rest/v1/logs/anomalies", wire.LogAnomalyList, query=query)
    if as_json:
        print_json(found)
        return
    rows = [
        (iso(one.first_ms), one.unusual, "goes on" if one.active else "", one.severity, one.log_group, one.template)
        for one in found.anomalies
    ]
    print_table(("began", "what", "", "severity", "group", "pattern"), rows)
