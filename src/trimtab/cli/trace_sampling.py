"""`trimtab traces tail-sampling`: what is kept of traces when they have ended."""

import click

from trimtab.cli.connection import Connection, server_options
from trimtab.cli.output import json_option, print_json
from trimtab.client import trace_sampling as api
from trimtab.client import trace_sampling_wire as wire


@click.command("tail-sampling")
@click.option("--keep", type=click.FloatRange(0, 1), help="Share of the traces that neither failed nor were slow.")
@click.option("--slow-ms", type=click.IntRange(0), default=1000, show_default=True, help="From when a trace is slow.")
@click.option("--delay-s", type=click.IntRange(5, 3600), default=60, show_default=True, help="When a trace is judged.")
@click.option("--off", is_flag=True, help="Keep every trace.")
@json_option
@server_options
def tail_sampling(
    connection: Connection, keep: float | None, slow_ms: int, delay_s: int, off: bool, as_json: bool
) -> None:
    """Show what is kept of traces, or set it with --keep or --off."""
    with connection.client() as client:
        if off:
            found = api.put(client, wire.PutTailSampling(enabled=False))
        elif keep is not None:
            found = api.put(client, wire.PutTailSampling(True, keep, slow_ms, delay_s))
        else:
            found = api.get(client)
    if as_json:
        print_json(found)
    elif found.enabled:
        click.echo(
            f"kept: traces that failed or took {found.slow_ms} ms, and {found.share:.1%} of the others; "
            f"judged {found.delay_s} s after their last span"
        )
    else:
        click.echo("kept: every trace; tail sampling is off")
