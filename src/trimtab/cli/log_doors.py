"""`trimtab logs subscriptions`, `protect`, `schedules`, `exports` and `lookups`: what logs do beside being read."""

from pathlib import Path

import click

from trimtab.base.clock import SystemClock, iso
from trimtab.cli.connection import Connection, server_options
from trimtab.cli.output import ago, json_option, print_json, print_table, remark
from trimtab.client import log_doors_wire as wire
from trimtab.client.log_doors import LogDoors


@click.group("subscriptions")
def subscriptions() -> None:
    """Subscription filters: matching events go on to a URL, another log group or an event bus."""


@subscriptions.command("list")
@click.argument("group")
@json_option
@server_options
def list_subscriptions(connection: Connection, group: str, as_json: bool) -> None:
    """List the subscription filters of GROUP, and how sending goes."""
    with connection.client() as client:
        found = LogDoors(client).subscriptions(group)
    if as_json:
        print_json(found)
        return
    now_ms = SystemClock().now_ms()
    rows = [
        (
            one.name,
            one.filter or "every event",
            one.destination,
            one.sent,
            one.waiting,
            one.dropped,
            ago(one.last_ok_ms, now_ms),
        )
        for one in found
    ]
    columns = ("name", "filter", "destination", "sent", "waiting", "given up", "last arrived")
    print_table(columns, rows, right=("sent", "waiting", "given up"))
    for one in found:
        if one.last_error:
            remark(f"{one.name}: {one.last_error}")


@subscriptions.command("put")
@click.argument("group")
@click.argument("name")
@click.argument("destination")
@click.option("--filter", "pattern", default="", help="A filter pattern; without it every event goes on.")
@server_options
def put_subscription(connection: Connection, group: str, name: str, destination: str, pattern: str) -> None:
    """Send events of GROUP on to DESTINATION: an http(s) URL, or the ARN of a log group or an event bus."""
    with connection.client() as client:
        made = LogDoors(client).subscribe(wire.PutSubscription(group, name, destination, pattern))
    click.echo(f"{made.name} sends {made.filter or 'every event'} of {made.group} to {made.destination}")


@subscriptions.command("delete")
@click.argument("group")
@click.argument("name")
@server_options
def delete_subscription(connection: Connection, group: str, name: str) -> None:
    """Send no more by the filter NAME of GROUP."""
    with connection.client() as client:
        LogDoors(client).unsubscribe(group, name)
    click.echo(f"deleted {name}")


@click.group("protect")
def protect() -> None:
    """Data protection: e-mail addresses, card numbers and the like are masked as events come in."""


@protect.command("list")
@json_option
@server_options
def list_protection(connection: Connection, as_json: bool) -> None:
    """List what is masked, and what can be."""
    with connection.client() as client:
        found = LogDoors(client).protections()
    if as_json:
        print_json(found)
        return
    print_table(
        ("log group", "masked"), [(one.group or "every group", ", ".join(one.identifiers)) for one in found.policies]
    )
    remark(f"known identifiers: {', '.join(found.known)}")


@protect.command("put")
@click.argument("identifiers", nargs=-1)
@click.option("--group", default="", help="One log group; without it, all of the account.")
@click.option(
    "--policy", type=click.Path(exists=True, path_type=Path), help="A file with a whole data protection policy (JSON)."
)
@server_options
def put_protection(connection: Connection, identifiers: tuple[str, ...], group: str, policy: Path | None) -> None:
    """Mask IDENTIFIERS (EmailAddress, CreditCardNumber …) in what comes from now on."""
    body = wire.PutProtection(group, policy.read_text("utf-8") if policy else "", list(identifiers))
    with connection.client() as client:
        made = LogDoors(client).protect(body)
    click.echo(f"{made.group or 'every group'}: {', '.join(made.identifiers)} from now on")


@protect.command("delete")
@click.option("--group", default="", help="One log group; without it, the policy of the account.")
@server_options
def delete_protection(connection: Connection, group: str) -> None:
    """Mask no more. What was masked stays so."""
    with connection.client() as client:
        LogDoors(client).unprotect(group)
    click.echo(f"nothing more is masked in {group or 'every group'}")


@click.group("exports")
def exports() -> None:
    """Export tasks: events copied into files, in the layout of CloudWatch's exports."""


@exports.command("list")
@json_option
@server_options
def list_exports(connection: Connection, as_json: bool) -> None:
    """List export tasks, the newest first."""
    with connection.client() as client:
        found = LogDoors(client).exports()
    if as_json:
        print_json(found)
        return
    rows = [
        (one.id, one.group, f"{iso(one.from_ms)} – {iso(one.to_ms)}", one.destination, one.status, one.message)
        for one in found
    ]
    print_table(("id", "group", "range", "destination", "status", ""), rows)


@exports.command("create")
@click.argument("group")
@click.argument("destination")
@click.option("--start", default="-24h", show_default=True, help="now, -3h, ISO 8601 or epoch milliseconds.")
@click.option("--end", default="now", show_default=True, help="The same; not included.")
@click.option("--prefix", default="exportedlogs", show_default=True, help="Folders below the destination.")
@click.option("--stream-prefix", default="", help="Only streams that begin so.")
@server_options
def create_export(
    connection: Connection, group: str, destination: str, start: str, end: str, prefix: str, stream_prefix: str
) -> None:
    """Copy events of GROUP into DESTINATION: a folder's name below `exports` of the data directory, or s3://bucket."""
    body = wire.CreateExport(group, destination, start, end, prefix, stream_prefix)
    with connection.client() as client:
        made = LogDoors(client).export(body)
    click.echo(f"export {made.id} is {made.status.lower()}; see `trimtab logs exports list`")


@exports.command("cancel")
@click.argument("id")
@server_options
def cancel_export(connection: Connection, id: str) -> None:
    """Stop the export ID."""
    with connection.client() as client:
        LogDoors(client).cancel_export(id)
    click.echo(f"cancelled {id}")


@click.group("lookups")
def lookups() -> None:
    """Lookup tables: CSV that queries take values from with the command `lookup`."""


@lookups.command("list")
@json_option
@server_options
def list_lookups(connection: Connection, as_json: bool) -> None:
    """List lookup tables."""
    with connection.client() as client:
        found = LogDoors(client).lookups()
    if as_json:
        print_json(found)
        return
    rows = [(one.name, ", ".join(one.fields), one.records, one.description) for one in found]
    print_table(("table", "fields", "records", ""), rows, right=("records",))


@lookups.command("put")
@click.argument("name")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--description", default="")
@server_options
def put_lookup(connection: Connection, name: str, file: Path, description: str) -> None:
    """Keep the CSV in FILE, whose first line names the fields, as the table NAME."""
    with connection.client() as client:
        made = LogDoors(client).put_lookup(wire.PutLookup(name, file.read_text("utf-8"), description))
    click.echo(f"{made.name}: {made.records} records of {', '.join(made.fields)}")


@lookups.command("delete")
@click.argument("name")
@server_options
def delete_lookup(connection: Connection, name: str) -> None:
    """Remove the table NAME."""
    with connection.client() as client:
        LogDoors(client).delete_lookup(name)
    click.echo(f"deleted {name}")
