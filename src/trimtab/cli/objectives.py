"""`trimtab objectives`: what is promised of services, and what is left of each error budget."""

import click

from trimtab.base.clock import iso
from trimtab.base.errors import InvalidInput
from trimtab.cli.alarm_files import read_document
from trimtab.cli.alarm_place import Place, Placed, place_options
from trimtab.cli.connection import Connection, server_options
from trimtab.cli.output import json_option, print_json, print_table
from trimtab.client import objectives_wire as wire
from trimtab.client.objectives import of_requests

PATH = "/rest/v1/objectives"


@click.group("objectives")
def objectives() -> None:
    """Objectives of service levels: what is promised, and what is left of the error budgets."""


@objectives.command("list")
@place_options
@json_option
@server_options
def list_(connection: Connection, place: Place, as_json: bool) -> None:
    """List the objectives with what is left of their budgets."""
    found = Placed(PATH, connection, place).call("GET", wire.ObjectiveList).objectives
    if as_json:
        print_json(found)
        return
    rows = [
        (one.name, one.status, f"{one.promised:g} %", _percent(one.attainment), left(one), _burns(one), one.problem)
        for one in found
    ]
    print_table(("name", "status", "promised", "attained", "budget left", "burn rates", "problem"), rows)


@objectives.command("show")
@click.argument("name")
@place_options
@json_option
@server_options
def show(connection: Connection, place: Place, name: str, as_json: bool) -> None:
    """Show an objective, its interval and the times that do not count."""
    _tell(Placed(PATH, connection, place).call("GET", wire.Objective, name), as_json)


@objectives.command("put")
@click.argument("name")
@click.option("--file", "file", type=click.Path(exists=True, dir_okay=False),
              help="YAML or JSON as CreateServiceLevelObjective.")  # fmt: skip
@click.option("--service", help="The service whose requests count, as its spans name it.")
@click.option("--operation", default="", help="One operation of it: the name of its entry spans.")
@click.option("--latency-ms", type=float, help="Requests answered within this are good; else those that did not fail.")
@click.option("--goal", type=float, default=99.9, show_default=True, help="The percentage that is promised.")
@click.option("--days", type=int, default=28, show_default=True, help="Over the last so many days.")
@place_options
@json_option
@server_options
def put(
    connection: Connection,
    place: Place,
    name: str,
    file: str | None,
    service: str | None,
    operation: str,
    latency_ms: float | None,
    goal: float,
    days: int,
    as_json: bool,
) -> None:
    """Create or replace an objective: on the requests of a service, or from a file."""
    if (file is None) == (service is None):
        raise InvalidInput("cannot put an objective: expected --service or --file, and not both")
    if service is not None:
        definition = of_requests(service, goal, days, operation=operation, within_ms=latency_ms)
    else:
        definition = read_document(file or "")
    body = wire.PutObjective(definition)
    _tell(Placed(PATH, connection, place).call("PUT", wire.Objective, name, body=body), as_json)


@objectives.command("exclude")
@click.argument("name")
@click.option("--hours", type=int, required=True, help="How long each time lasts.")
@click.option("--schedule", default="", help="cron(0 2 ? * SUN *) or rate(7 days); once, from now on, by default.")
@click.option("--reason", default="", help="Why it does not count.")
@click.option("--remove", is_flag=True, help="Remove such a window instead.")
@place_options
@json_option
@server_options
def exclude(
    connection: Connection, place: Place, name: str, hours: int, schedule: str, reason: str, remove: bool, as_json: bool
) -> None:
    """Add a time that does not count for an objective, such as maintenance, or remove it."""
    window = {
        "Window": {"DurationUnit": "HOUR", "Duration": hours},
        **({"RecurrenceRule": {"Expression": schedule}} if schedule else {}),
        **({"Reason": reason} if reason else {}),
    }
    body = wire.Exclude([], [window]) if remove else wire.Exclude([window])
    _tell(Placed(PATH, connection, place).call("POST", wire.Objective, name, "exclusions", body=body), as_json)


@objectives.command("delete")
@click.argument("name")
@place_options
@json_option
@server_options
def delete(connection: Connection, place: Place, name: str, as_json: bool) -> None:
    """Delete an objective."""
    found = Placed(PATH, connection, place).call("DELETE", wire.DeletedObjective, name)
    if as_json:
        print_json(found)
        return
    click.echo(f"deleted {found.name}")


def left(one: wire.Objective) -> str:
    """What is left of the budget: 82 % (43 min), or requests."""
    if one.left_share is None:
        return "–"
    amount = f"{one.left / 60:,.0f} min" if one.unit == "seconds" else f"{one.left:,.0f} requests"
    return f"{one.left_share * 100:.1f} % ({amount})"


def _tell(one: wire.Objective, as_json: bool) -> None:
    if as_json:
        print_json(one)
        return
    click.echo(f"{one.name}: {one.status}, {_percent(one.attainment)} of {one.promised:g} % promised")
    click.echo(
        f"from {iso(one.start_ms)} to {iso(one.end_ms)}: {one.bad:,.0f} bad of {one.total:,.0f}; left {left(one)}"
    )
    for text in (f"burn rates: {_burns(one)}" if one.burn_rates else "", one.problem):
        if text:
            click.echo(text)
    for window in one.exclusions:
        span = window["Window"]
        when = window.get("RecurrenceRule", {}).get("Expression") or iso(window.get("StartTime", 0))
        click.echo(
            f"does not count: {when}, {span['Duration']} {span['DurationUnit'].lower()} {window.get('Reason', '')}"
        )


def _burns(one: wire.Objective) -> str:
    return ", ".join(
        f"{burn.minutes} min {'–' if burn.rate is None else f'{burn.rate:.2f}'}" for burn in one.burn_rates
    )


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f} %"
