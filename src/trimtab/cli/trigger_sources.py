"""`trimtab triggers watch`, `drift`, `archive` and `replay`: where events come from, and what is kept of them."""

import click

from trimtab.base.clock import SystemClock
from trimtab.cli.connection import Connection, server_options
from trimtab.cli.output import ago, day, json_option, print_json, print_table
from trimtab.client import triggers_wire as wire
from trimtab.client.triggers import Triggers


@click.command("sources")
@json_option
@server_options
def sources(connection: Connection, as_json: bool) -> None:
    """List the watched places and metrics."""
    with connection.client() as client:
        found = Triggers(client).sources()
    if as_json:
        print_json(found)
        return
    now_ms = SystemClock().now_ms()
    rows = [
        (one.name, one.url, f"{one.objects} objects", ago(one.looked_ms, now_ms), one.reason) for one in found.places
    ]
    rows += [(one.name, one.metric, one.state, ago(one.looked_ms, now_ms), one.reason) for one in found.drifts]
    print_table(("watch", "what", "state", "looked", "said"), rows)


@click.command("watch")
@click.argument("name")
@click.argument("where", metavar="FOLDER|s3://…")
@click.option("--every", "every_s", type=click.IntRange(1, 86_400), default=30, show_default=True, help="Seconds.")
@server_options
def watch(connection: Connection, name: str, where: str, every_s: int) -> None:
    """Let new objects of a folder of the server, or of an S3 prefix, be "Object Created" events."""
    with connection.client() as client:
        made = Triggers(client).watch(wire.PutWatch(name, where, every_s))
    click.echo(f"{made.url} is looked at every {made.every_s} s; what is there now is no news")


@click.command("unwatch")
@click.argument("name")
@click.option("--drift", "is_drift", is_flag=True, help="NAME is a drift watch.")
@server_options
def unwatch(connection: Connection, name: str, is_drift: bool) -> None:
    """Watch a place, or a metric, no more."""
    with connection.client() as client:
        calls = Triggers(client)
        click.echo((calls.unwatch_drift(name) if is_drift else calls.unwatch(name)).done)


@click.command("drift")
@click.argument("name")
@click.argument("namespace")
@click.argument("metric")
@click.option("--dimension", "dimensions", multiple=True, metavar="NAME=VALUE", help="Repeatable.")
@click.option("--statistic", default="Average", show_default=True, help="What is compared.")
@click.option("--period", "period_s", type=int, default=300, show_default=True, help="Seconds of a point.")
@click.option("--window", "window_s", type=int, default=86_400, show_default=True, help="Seconds that are compared.")
@click.option("--baseline", "baseline_s", type=int, default=604_800, show_default=True, help="Seconds before them.")
@click.option("--psi", type=float, default=0.25, show_default=True, help="Population stability index that is drift.")
@server_options
def drift(
    connection: Connection,
    name: str,
    namespace: str,
    metric: str,
    dimensions: tuple[str, ...],
    statistic: str,
    period_s: int,
    window_s: int,
    baseline_s: int,
    psi: float,
) -> None:
    """Let the drift of a metric against its own past be an event."""
    wanted = wire.PutDrift(
        name=name,
        namespace=namespace,
        metric=metric,
        dimensions=dict(one.partition("=")[::2] for one in dimensions),
        statistic=statistic,
        period_s=period_s,
        window_s=window_s,
        baseline_s=baseline_s,
        psi=psi,
    )
    with connection.client() as client:
        made = Triggers(client).watch_drift(wanted)
    click.echo(f"{made.metric} is compared with its past every five minutes")


@click.command("archive")
@click.argument("name")
@click.option("--bus", default="default", show_default=True, help="Event bus.")
@click.option("--pattern", help="Only events that match (JSON).")
@click.option("--days", "retention_days", type=click.IntRange(0), default=0, help="Days to keep; 0: for ever.")
@click.option("--remove", "is_removed", is_flag=True, help="Remove the archive with its events instead.")
@server_options
def archive(
    connection: Connection, name: str, bus: str, pattern: str | None, retention_days: int, is_removed: bool
) -> None:
    """Keep the events of a bus, to be replayed."""
    with connection.client() as client:
        calls = Triggers(client)
        if is_removed:
            click.echo(calls.remove_archive(name).done)
            return
        made = calls.create_archive(wire.PutArchive(name, bus, pattern, retention_days))
    click.echo(f"{made.name}: {made.arn}")


@click.command("archives")
@json_option
@server_options
def archives(connection: Connection, as_json: bool) -> None:
    """List archives and replays."""
    with connection.client() as client:
        found = Triggers(client).archives()
    if as_json:
        print_json(found)
        return
    rows = [(one.name, one.bus, one.events, one.bytes, one.pattern or "everything") for one in found.archives]
    print_table(("archive", "bus", "events", "bytes", "what"), rows, right=("events", "bytes"))
    if found.replays:
        told = [(one.name, one.archive, one.state, one.events, day(one.started_ms)) for one in found.replays]
        print_table(("replay", "archive", "state", "events", "started"), told, right=("events",))


@click.command("replay")
@click.argument("name")
@click.argument("archive_name", metavar="ARCHIVE")
@click.option("--start", default="-24h", show_default=True, help="-3h, ISO 8601 or epoch.")
@click.option("--end", default="now", show_default=True, help="The same.")
@click.option("--rule", "rules", multiple=True, metavar="NAME", help="Only this rule; repeatable.")
@server_options
def replay(connection: Connection, name: str, archive_name: str, start: str, end: str, rules: tuple[str, ...]) -> None:
    """Send the events of an archive through the rules once more."""
    with connection.client() as client:
        made = Triggers(client).replay(wire.StartReplay(name, archive_name, start, end, list(rules)))
    click.echo(f"{made.name}: {made.state}")
