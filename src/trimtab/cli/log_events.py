"""`trimtab logs groups`, `put`, `get` and `tail`: log events from the command line."""

import sys
import threading
from datetime import UTC, datetime

import click

from trimtab.base.clock import SystemClock
from trimtab.base.timerange import parse_instant_ms
from trimtab.cli.connection import Connection, server_options
from trimtab.cli.output import json_option, print_json, print_table, remark
from trimtab.client import log_events_wire as wire
from trimtab.client.log_doors import LogDoors
from trimtab.client.log_doors_wire import TailedEvent
from trimtab.client.log_events import LogEvents

_POLL_S = 1.0
_END = "4102444800000"  # 2100: events may be some hours ahead of the clock
_A_REQUEST = 1000  # lines of standard input in one request
_TIMES = "now, -3h, ISO 8601 or epoch milliseconds."


@click.command("groups")
@click.option("--prefix", default="", help="Names that begin so.")
@click.option("--contains", default="", help="Names that have this part, in any case.")
@json_option
@server_options
def groups(connection: Connection, prefix: str, contains: str, as_json: bool) -> None:
    """List log groups."""
    with connection.client() as client:
        logs = LogEvents(client)
        page = logs.groups(prefix=prefix, contains=contains, limit=1000)
        found = page.groups
        while page.next:
            page = logs.groups(prefix=prefix, contains=contains, limit=1000, after=page.next)
            found += page.groups
    if as_json:
        print_json(found)
        return
    kept = [f"{one.retention_days} d" if one.retention_days else "for ever" for one in found]
    print_table(
        ("group", "kept", "class"), [(one.name, keeps, one.class_) for one, keeps in zip(found, kept, strict=True)]
    )


@click.command("put")
@click.argument("group")
@click.argument("message", required=False)
@click.option("--stream", default="default", show_default=True, help="The stream; made if new.")
@click.option("--severity", default="", help="INFO, ERROR …")
@server_options
def put(connection: Connection, group: str, message: str | None, stream: str, severity: str) -> None:
    """Store MESSAGE, or each line of standard input, as events of now. The group is made if new."""
    lines = [message] if message is not None else [line.rstrip("\n") for line in sys.stdin]
    events = [wire.NewLogEvent(line, severity=severity) for line in lines if line]
    accepted = 0
    with connection.client() as client:
        for at in range(0, len(events), _A_REQUEST):
            accepted += LogEvents(client).put(group, events[at : at + _A_REQUEST], stream=stream).accepted
    remark(f"{accepted} events stored in {group}")


@click.command("get")
@click.argument("group")
@click.option("--stream", default="", help="One stream only.")
@click.option("--filter", "pattern", default="", help='A filter pattern: terms, "a phrase", { $.level = "error" } …')
@click.option("--start", default="-1h", show_default=True, help=_TIMES)
@click.option("--end", default="now", show_default=True, help="The same; not included.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=1000, show_default=True, help="The newest that many.")
@click.option("--unmask", is_flag=True, help="Show what data protection masked (role admin).")
@json_option
@server_options
def get(
    connection: Connection,
    group: str,
    stream: str,
    pattern: str,
    start: str,
    end: str,
    limit: int,
    unmask: bool,
    as_json: bool,
) -> None:
    """Print the newest events of a group, oldest first."""
    with connection.client() as client:
        page = LogEvents(client).events(
            group, stream=stream, pattern=pattern, start=start, end=end, limit=limit, newest=True, unmask=unmask
        )
    found = page.events[::-1]
    if as_json:
        print_json(found)
        return
    for one in found:
        click.echo(_line(one))
    if page.next:
        remark(f"older ones were left out; --limit gives more than {limit}")


@click.command("tail")
@click.argument("group")
@click.option("--stream", default="", help="One stream only.")
@click.option("--filter", "pattern", default="", help="A filter pattern: only events that match it.")
@click.option("--since", default="-1m", show_default=True, help=f"Where to begin: {_TIMES}")
@click.option("--seconds", type=click.FloatRange(0), help="End after so long; without it, at Ctrl-C.")
@click.option("--live", is_flag=True, help="Straight from the ingest, an update a second; of a flood a sample.")
@server_options
def tail(
    connection: Connection, group: str, stream: str, pattern: str, since: str, seconds: float | None, live: bool
) -> None:
    """Print events of a group as they come, until Ctrl-C."""
    if live:
        _tail_live(connection, group, stream, pattern, seconds)
        return
    wait, waited, after = threading.Event(), 0.0, ""
    start = str(parse_instant_ms(since, SystemClock().now_ms()))  # else the range would move on while it is read
    with connection.client() as client:
        logs = LogEvents(client)
        while True:
            page = logs.events(group, stream=stream, pattern=pattern, start=start, end=_END, after=after)
            for one in page.events:
                click.echo(_line(one))
                after = one.position
            if page.next:
                continue
            if seconds is not None and waited >= seconds:
                return
            wait.wait(_POLL_S)
            waited += _POLL_S


def _tail_live(connection: Connection, group: str, stream: str, pattern: str, seconds: float | None) -> None:
    """Updates come every second, also empty ones, so that they are the clock."""
    with connection.client() as client:
        streams = [stream] if stream else []
        for waited, update in enumerate(LogDoors(client).tail([group], pattern=pattern, streams=streams), 1):
            for one in update.events:
                click.echo(_line(one))
            if update.seen > len(update.events):
                remark(f"{update.seen} events matched; {len(update.events)} are shown")
            if seconds is not None and waited * _POLL_S >= seconds:
                return


def _line(event: wire.LogEvent | TailedEvent) -> str:
    at = datetime.fromtimestamp(event.time_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    severity = f" {event.severity}" if event.severity else ""
    return f"{at} {event.stream}{severity} {event.message}"
