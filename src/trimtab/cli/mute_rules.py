"""`trimtab alarms mute`: when alarms are silent."""

import click

from trimtab.base.errors import InvalidInput
from trimtab.cli.alarm_files import read_document
from trimtab.cli.alarm_place import Place, place_options
from trimtab.cli.connection import Connection, server_options
from trimtab.cli.output import json_option, print_json, print_table, remark
from trimtab.client import alarms_wire as wire
from trimtab.client.alarms import Alarms


@click.group("mute")
def mute() -> None:
    """Mute rules: at some times the actions of some alarms are silent; the alarms are evaluated all the same."""


@mute.command("list")
@place_options
@json_option
@server_options
def list_(connection: Connection, place: Place, as_json: bool) -> None:
    """List the mute rules."""
    with connection.client() as client:
        found = Alarms(client, *place).mute_rules()
    if as_json:
        print_json(found)
        return
    rows = [(one.name, one.status, one.schedule, one.duration, one.timezone, ", ".join(one.alarms)) for one in found]
    print_table(("name", "status", "begins", "lasts", "time zone", "alarms"), rows)


@mute.command("put")
@click.argument("name")
@click.option("--alarm", "alarms", multiple=True, metavar="NAME", help="An alarm to mute; repeatable.")
@click.option("--schedule", help="cron(0 22 * * SAT,SUN) in the time zone, or at(2026-12-24T18:00).")
@click.option("--duration", help="How long a window lasts: PT8H, P2D (ISO 8601).")
@click.option("--timezone", default="UTC", show_default=True, help="IANA name or offset.")
@click.option("--description", default="", help="What it is for.")
@click.option("--file", "file", type=click.Path(exists=True, dir_okay=False), help="YAML or JSON as PutAlarmMuteRule.")
@place_options
@json_option
@server_options
def put(
    connection: Connection,
    place: Place,
    name: str,
    alarms: tuple[str, ...],
    schedule: str | None,
    duration: str | None,
    timezone: str,
    description: str,
    file: str | None,
    as_json: bool,
) -> None:
    """Create or replace a mute rule, from options or from a file."""
    if file is not None:
        document = read_document(file)
        document.pop("Name", None)
    elif schedule is None or duration is None or not alarms:
        raise InvalidInput("cannot put a mute rule: expected --alarm, --schedule and --duration, or --file")
    else:
        document = {
            "Rule": {"Schedule": {"Expression": schedule, "Duration": duration, "Timezone": timezone}},
            "MuteTargets": {"AlarmNames": list(alarms)},
        }
        if description:
            document["Description"] = description
    with connection.client() as client:
        found: wire.MuteRule = Alarms(client, *place).put_mute_rule(name, document)
    if as_json:
        print_json(found)
        return
    click.echo(f"{found.name}: {found.status.lower()}, {found.schedule} for {found.duration} ({found.timezone})")
    if not found.alarms:
        remark("It names no alarm yet.")


@mute.command("delete")
@click.argument("name")
@place_options
@server_options
def delete(connection: Connection, place: Place, name: str) -> None:
    """Delete a mute rule; what it held back is run at the next evaluation."""
    with connection.client() as client:
        Alarms(client, *place).delete_mute_rule(name)
    click.echo(f"deleted {name}")
