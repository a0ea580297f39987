"""`trimtab logs schedules`: queries that run by a schedule."""

import click

from trimtab.base.clock import iso
from trimtab.cli.connection import Connection, server_options
from trimtab.cli.output import json_option, print_json, print_table
from trimtab.client import log_doors_wire as wire
from trimtab.client.log_doors import LogDoors


@click.group("schedules")
def schedules() -> None:
    """Scheduled queries: Logs Insights that runs by itself, its results kept and sent on."""


@schedules.command("list")
@json_option
@server_options
def list_(connection: Connection, as_json: bool) -> None:
    """List scheduled queries with when they run next."""
    with connection.client() as client:
        found = LogDoors(client).schedules()
    if as_json:
        print_json(found)
        return
    rows = [
        (
            one.name,
            one.schedule,
            iso(one.next_ms) if one.next_ms else "never" if one.enabled else "off",
            one.last_status or "not yet",
            one.destination or "kept",
            one.query,
        )
        for one in found
    ]
    print_table(("name", "schedule", "next", "last run", "results", "query"), rows)


@schedules.command("put")
@click.argument("name")
@click.argument("schedule")
@click.argument("query")
@click.option("--group", "groups", multiple=True, help="A log group; repeatable.")
@click.option("--zone", default="UTC", show_default=True, help="Time zone of cron and at, such as Europe/Berlin.")
@click.option("--span", default=3600, show_default=True, type=click.IntRange(1), help="Seconds that a run looks back.")
@click.option("--to", "destination", default="", help="URL, log group ARN, s3://…, folder:name or lookup:table.")
@click.option("--sql", is_flag=True, help="The query is one SELECT.")
@click.option("--off", is_flag=True, help="Keep it without running it.")
@server_options
def put(
    connection: Connection,
    name: str,
    schedule: str,
    query: str,
    groups: tuple[str, ...],
    zone: str,
    span: int,
    destination: str,
    sql: bool,
    off: bool,
) -> None:
    """Run QUERY by SCHEDULE: rate(5 minutes), cron(0 9 ? * MON-FRI *) or at(2026-12-24T18:00:00)."""
    body = wire.PutSchedule(
        name,
        query,
        schedule,
        list(groups),
        zone,
        language="SQL" if sql else "CWLI",
        start_offset_s=span,
        destination=destination,
        enabled=not off,
    )
    with connection.client() as client:
        made = LogDoors(client).schedule(body)
    click.echo(f"{made.name} runs next at {iso(made.next_ms)}" if made.next_ms else f"{made.name} does not run")


@schedules.command("delete")
@click.argument("name")
@server_options
def delete(connection: Connection, name: str) -> None:
    """Run the query NAME no more, and forget its runs."""
    with connection.client() as client:
        LogDoors(client).unschedule(name)
    click.echo(f"deleted {name}")


@schedules.command("runs")
@click.argument("name")
@json_option
@server_options
def runs(connection: Connection, name: str, as_json: bool) -> None:
    """List runs of the query NAME, the newest first."""
    with connection.client() as client:
        found = LogDoors(client).runs(name)
    if as_json:
        print_json(found)
        return
    rows = [
        (one.id, iso(one.triggered_ms), one.status, one.rows, one.delivery or "kept", one.error or one.delivery_error)
        for one in found
    ]
    print_table(("run", "at", "status", "rows", "delivery", "problem"), rows, right=("rows",))


@schedules.command("result")
@click.argument("run")
@json_option
@server_options
def result(connection: Connection, run: str, as_json: bool) -> None:
    """Show what RUN (an id that `runs` lists) found."""
    with connection.client() as client:
        found = LogDoors(client).result(run)
    if as_json:
        print_json(found)
        return
    print_table(found.columns, found.rows)
