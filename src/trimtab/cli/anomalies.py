"""`trimtab anomalies`: what was unusual, what changed with it, and what nobody wants to see."""

from collections import Counter

import click

from trimtab.base.clock import SystemClock, iso
from trimtab.cli.connection import Connection, pairs, server_options
from trimtab.cli.output import ago, day, json_option, print_json, print_table, remark, sparkline
from trimtab.client import anomalies_wire as wire
from trimtab.client.anomalies import Anomalies

_DIRECTION = {"above": "high", "below": "low", "shape": "shape"}


@click.group("anomalies")
def anomalies() -> None:
    """See what was unusual: every series is watched, with nothing to set up."""


@anomalies.command("list")
@click.option("--start", default="-24h", show_default=True, help="Start of the range: -3h, ISO 8601 or epoch.")
@click.option("--end", default="now", show_default=True, help="End of the range.")
@click.option("--namespace", help="Of metrics of this namespace only.")
@click.option("--name", help="Of this metric only.")
@click.option(
    "-d", "--dimension", "dimensions", multiple=True, metavar="NAME=VALUE", help="Of series with this; repeatable."
)
@click.option("--muted", is_flag=True, help="Those of muted series too.")
@click.option("--slight", is_flag=True, help="Those in which the value moved by less than 2 %, too.")
@click.option(
    "--order", type=click.Choice(("score", "time")), default="score", show_default=True, help="What comes first."
)
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="How many at most.")
@click.option("--all", "every", is_flag=True, help="Each by itself, not by occasion.")
@json_option
@server_options
def list_(
    connection: Connection,
    start: str,
    end: str,
    namespace: str | None,
    name: str | None,
    dimensions: tuple[str, ...],
    muted: bool,
    slight: bool,
    order: str,
    limit: int,
    every: bool,
    as_json: bool,
) -> None:
    """List anomalies, the most unusual first; those of one place and time in one line."""
    with connection.client() as client:
        found = Anomalies(client).find(
            start=start,
            end=end,
            namespace=namespace,
            name=name,
            dimensions=pairs(dimensions, "--dimension"),
            muted=muted,
            slight=slight,
            order=order,
            limit=limit if every or as_json else 1000,
        )
    if as_json:
        print_json(found)
        return
    more = Counter(one.occasion for one in found.anomalies)
    shown = [one for one in found.anomalies if every or one.id == one.occasion]
    rows = [
        (
            iso(one.start_ms),
            "goes on" if one.open else _lasted(one),
            f"{one.score:.1f}",
            one.what + (f" And {more[one.id] - 1} more of {one.place}." if not every and more[one.id] > 1 else ""),
            one.id,
        )
        for one in shown[:limit]
    ]
    print_table(("began", "lasted", "score", "what", "id"), rows, right=("score",))
    if len(shown) > len(rows) or found.total > len(found.anomalies):
        remark(f"{len(rows)} of {found.total} anomalies shown; --limit shows more, --all each by itself.")
    if found.slight:
        remark(f"{found.slight} more in which the value hardly moved; --slight shows them.")
    _say_watch(found.watch)


@anomalies.command("show")
@click.argument("id_", metavar="ID")
@json_option
@server_options
def show(connection: Connection, id_: str, as_json: bool) -> None:
    """Show one anomaly and what changed together with it."""
    with connection.client() as client:
        found = Anomalies(client).get(id_)
    if as_json:
        print_json(found)
        return
    one = found.anomaly
    click.echo(f"{iso(one.start_ms)}  {one.what}")
    click.echo(sparkline(found.points))
    click.echo(found.what_else)
    rows = [
        (other.name, other.place, f"{other.score:.2f}", f"{other.likeness:+.2f}", _lag(other.lag_ms), other.series)
        for other in found.changed
    ]
    if rows:
        columns = ("metric", "of", "score", "likeness", "left its usual", "series")
        print_table(columns, rows, right=("score", "likeness"))


@anomalies.command("mute")
@click.argument("series")
@click.option("--hours", type=click.FloatRange(0, 8760, min_open=True), help="For so many hours; without: for good.")
@server_options
def mute(connection: Connection, series: str, hours: float | None) -> None:
    """Do not show the anomalies of a series; it is still watched."""
    with connection.client() as client:
        made = Anomalies(client).mute(series, hours)
    click.echo(f"muted {made.name} of {made.place}" + (f" until {iso(made.until_ms)}" if made.until_ms else ""))


@anomalies.command("unmute")
@click.argument("series")
@server_options
def unmute(connection: Connection, series: str) -> None:
    """Show the anomalies of a series again."""
    with connection.client() as client:
        Anomalies(client).unmute(series)
    click.echo(f"unmuted series {series}")


@anomalies.command("mutes")
@json_option
@server_options
def mutes(connection: Connection, as_json: bool) -> None:
    """List the muted series."""
    with connection.client() as client:
        found = Anomalies(client).mutes()
    if as_json:
        print_json(found)
        return
    rows = [
        (one.name, one.place, day(one.until_ms) if one.until_ms else "for good", one.muted_by, one.series)
        for one in found
    ]
    print_table(("metric", "of", "until", "by", "series"), rows)


def _lasted(one: wire.Anomaly) -> str:
    minutes = (one.end_ms - one.start_ms) // 60_000
    return f"{minutes} min" if minutes < 120 else f"{minutes / 60:.1f} h"


def _lag(lag_ms: int | None) -> str:
    if lag_ms is None:
        return "–"
    minutes = abs(lag_ms) // 60_000
    return "at the same time" if not minutes else f"{minutes} min {'later' if lag_ms > 0 else 'earlier'}"


def _say_watch(watch: wire.Watch | None) -> None:
    if watch is None:
        remark("The jobs process has not looked at any series yet.")
        return
    learning = f", {watch.learning} of them still learning from their history" if watch.learning else ""
    beyond = f"; {watch.beyond} more than TRIMTAB_ANOMALY_SERIES allows" if watch.beyond else ""
    until = ago(watch.until_ms, SystemClock().now_ms())
    remark(f"{watch.watched} series are watched{learning}{beyond}; all looked at until {until} ago.")
