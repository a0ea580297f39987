"""`trimtab canaries`: scheduled checks of endpoints, and what they found."""

from typing import Any
from urllib.parse import urlsplit

import click

from trimtab.base.clock import iso
from trimtab.base.errors import InvalidInput
from trimtab.cli.alarm_files import read_document
from trimtab.cli.alarm_place import Place, Placed, place_options
from trimtab.cli.connection import Connection, server_options
from trimtab.cli.output import json_option, print_json, print_table
from trimtab.client import canaries_wire as wire

PATH = "/rest/v1/canaries"


@click.group("canaries")
def canaries() -> None:
    """Scheduled checks of endpoints by HTTP, TCP, gRPC or a model's answer."""


@canaries.command("list")
@place_options
@json_option
@server_options
def list_(connection: Connection, place: Place, as_json: bool) -> None:
    """List the canaries with their last run."""
    found = Placed(PATH, connection, place).call("GET", wire.CanaryList).canaries
    if as_json:
        print_json(found)
        return
    rows = [(one.name, one.state.lower(), one.schedule, _share(one), *_last(one)) for one in found]
    print_table(("name", "state", "schedule", "passed", "last run", "outcome"), rows)


@canaries.command("show")
@click.argument("name")
@place_options
@json_option
@server_options
def show(connection: Connection, place: Place, name: str, as_json: bool) -> None:
    """Show a canary with what the steps of its last runs found."""
    _tell(Placed(PATH, connection, place).call("GET", wire.CheckedCanary, name), as_json)


@canaries.command("put")
@click.argument("name")
@click.option("--file", "file", type=click.Path(exists=True, dir_okay=False),
              help="YAML or JSON: Synthetics' multi-check blueprint.")  # fmt: skip
@click.option(
    "--check", "checked", metavar="URL", help="One step that asks this: https://…, tcp://host:port or grpc://host:port."
)
@click.option("--schedule", default="rate(5 minutes)", show_default=True, help="rate(…), cron(…), or rate(0 minute).")
@click.option("--retries", type=click.IntRange(0, 2), default=0, show_default=True, help="Further attempts of a run.")
@click.option("--timeout-s", type=click.IntRange(3, 840), help="The longest run; else until the next one is due.")
@place_options
@json_option
@server_options
def put(
    connection: Connection,
    place: Place,
    name: str,
    file: str | None,
    checked: str | None,
    schedule: str,
    retries: int,
    timeout_s: int | None,
    as_json: bool,
) -> None:
    """Create a canary, or change what it does; `start` runs it."""
    if (file is None) == (checked is None):
        raise InvalidInput("cannot put a canary: expected --check or --file, and not both")
    blueprint = read_document(file) if file is not None else {"steps": {"1": step_of(checked or "")}}
    body = wire.PutCanary(blueprint, schedule, retries, timeout_s)
    _tell(Placed(PATH, connection, place).call("PUT", wire.CheckedCanary, name, body=body), as_json)


@canaries.command("start")
@click.argument("name")
@place_options
@json_option
@server_options
def start(connection: Connection, place: Place, name: str, as_json: bool) -> None:
    """Run a canary now, and from then on by its schedule."""
    _tell(Placed(PATH, connection, place).call("POST", wire.CheckedCanary, name, "start"), as_json)


@canaries.command("stop")
@click.argument("name")
@place_options
@json_option
@server_options
def stop(connection: Connection, place: Place, name: str, as_json: bool) -> None:
    """Run a canary no more."""
    _tell(Placed(PATH, connection, place).call("POST", wire.CheckedCanary, name, "stop"), as_json)


@canaries.command("delete")
@click.argument("name")
@place_options
@json_option
@server_options
def delete(connection: Connection, place: Place, name: str, as_json: bool) -> None:
    """Delete a canary that does not run, with its runs."""
    found = Placed(PATH, connection, place).call("DELETE", wire.DeletedCanary, name)
    if as_json:
        print_json(found)
        return
    click.echo(f"deleted {found.name}")


def step_of(url: str) -> dict[str, Any]:
    """The step that asks a URL, by its scheme. Raises InvalidInput."""
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        port = None
    match parts.scheme:
        case "http" | "https":
            return {"checkerType": "HTTP", "url": url}
        case "tcp" if port is not None:
            return {"checkerType": "TCP", "hostname": parts.hostname or "", "port": port}
        case "grpc" if port is not None:
            return {"checkerType": "GRPC", "url": f"http://{parts.netloc}"}
    raise InvalidInput(f"cannot check {url!r}: expected https://…, http://…, tcp://host:port or grpc://host:port")


def _tell(one: wire.CheckedCanary, as_json: bool) -> None:
    if as_json:
        print_json(one)
        return
    due = f", next at {iso(one.next_ms)}" if one.next_ms is not None else ""
    click.echo(f"{one.name}: {one.state.lower()}, {one.schedule}{due}; passed {_share(one)} of {len(one.runs)} runs")
    rows = [
        (iso(run.began_ms), step.name, "passed" if step.passed else "failed", f"{step.took_ms:,.0f}", step.reason)
        for run in one.runs[:10]
        for step in run.steps
    ]
    if rows:
        print_table(("run", "step", "outcome", "ms", "why"), rows, right=("ms",))


def _last(one: wire.CheckedCanary) -> tuple[str, str]:
    if not one.runs:
        return "–", "–"
    run = one.runs[0]
    return iso(run.began_ms), "passed" if run.passed else run.reason


def _share(one: wire.CheckedCanary) -> str:
    return "–" if one.passed_share is None else f"{one.passed_share * 100:.0f} %"
