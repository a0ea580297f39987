"""`trimtab metrics streams`: where metrics are sent on to, and how that goes."""

import click

from trimtab.base.clock import iso
from trimtab.cli.connection import Connection, server_options
from trimtab.cli.output import json_option, print_json, print_table
from trimtab.client import metric_streams_wire as wire


@click.command("streams")
@json_option
@server_options
def streams(connection: Connection, as_json: bool) -> None:
    """List metric streams: what has arrived of each, and what went wrong last."""
    with connection.client() as client:
        found = client.call("GET", "/rest/v1/metric-streams", wire.MetricStreamList).streams
    if as_json:
        print_json(found)
        return
    rows = [
        (
            one.name,
            "running" if one.running else "stopped",
            one.format,
            iso(one.position_ms),
            f"{one.sent:,}",
            one.last_error if (one.last_error_ms or 0) > (one.last_ok_ms or 0) else "",
            one.destination,
        )
        for one in found
    ]
    print_table(("stream", "state", "form", "sent until", "records", "problem", "to"), rows, right=("records",))
