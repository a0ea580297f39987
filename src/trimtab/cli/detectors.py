"""`trimtab detectors`: detectors of single metrics, whose bands charts and alarms use."""

import click

from trimtab.base.clock import SystemClock
from trimtab.cli.connection import Connection, pairs, server_options
from trimtab.cli.output import ago, json_option, print_json, print_table, remark
from trimtab.client import anomalies_wire as wire
from trimtab.client.anomalies import Anomalies

_STATES = {
    "PENDING_TRAINING": "not trained yet",
    "TRAINED_INSUFFICIENT_DATA": "too little history",
    "TRAINED": "trained",
}


@click.group("detectors")
def detectors() -> None:
    """Anomaly detectors of single metrics: the bands that charts draw and alarms compare with.

    The always-on detector needs none of them: see `trimtab anomalies`.
    """


@detectors.command("list")
@json_option
@server_options
def list_(connection: Connection, as_json: bool) -> None:
    """List the detectors and how far each is."""
    with connection.client() as client:
        found = Anomalies(client).detectors()
    if as_json:
        print_json(found)
        return
    now_ms = SystemClock().now_ms()
    rows = [
        (
            one.expression or f"{one.namespace} {one.name}",
            ", ".join(f"{key}={value}" for key, value in one.dimensions.items()),
            one.statistic or "–",
            _STATES.get(one.state, one.state),
            ago(one.trained_ms, now_ms),
            one.id,
        )
        for one in found.detectors
    ]
    print_table(("metric", "dimensions", "statistic", "state", "trained", "id"), rows)
    if found.watch is not None:
        remark(f"Beside these the always-on detector watches {found.watch.watched} series.")


@detectors.command("put")
@click.argument("namespace")
@click.argument("name")
@click.option("-d", "--dimension", "dimensions", multiple=True, metavar="NAME=VALUE", help="Repeatable; all of them.")
@click.option("--statistic", default="Average", show_default=True, help="Average, Sum, p99 …")
@click.option("--zone", default="", metavar="ZONE", help="Time zone whose days count, such as Europe/Berlin [UTC].")
@click.option("--spikes", is_flag=True, help="Spikes that come back every day are normal.")
@json_option
@server_options
def put(
    connection: Connection,
    namespace: str,
    name: str,
    dimensions: tuple[str, ...],
    statistic: str,
    zone: str,
    spikes: bool,
    as_json: bool,
) -> None:
    """Add a detector of a metric, or change how an existing one learns."""
    wanted = wire.PutDetector(namespace, name, pairs(dimensions, "--dimension"), statistic, zone, spikes)
    with connection.client() as client:
        made = Anomalies(client).put_detector(wanted)
    if as_json:
        print_json(made)
        return
    click.echo(f"detector {made.id} of {statistic} of {name}: {_STATES.get(made.state, made.state)}")


@detectors.command("delete")
@click.argument("id_", metavar="ID")
@server_options
def delete(connection: Connection, id_: str) -> None:
    """Forget a detector."""
    with connection.client() as client:
        Anomalies(client).delete_detector(id_)
    click.echo(f"deleted {id_}")
