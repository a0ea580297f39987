"""`trimtab audit`: who did what, from the command line."""

import json
from collections.abc import Sequence

import click

from trimtab.cli.connection import Connection, server_options
from trimtab.cli.output import day, json_option, print_json, print_table, remark
from trimtab.client import audit_wire as wire
from trimtab.client.audit import Audit, Query

_FACETS = ("user", "source", "name", "error", "ip", "account", "region", "about")


@click.group("audit")
def audit() -> None:
    """Audit: who did what, when, from where; and whether the records are what they were."""


@audit.command("lookup")
@click.argument("text", required=False, default="")
@click.option("--user", multiple=True, metavar="NAME", help="Who; may be repeated, as all of these.")
@click.option("--name", multiple=True, metavar="EVENT", help="Event name, such as CreateRole.")
@click.option("--source", multiple=True, metavar="SOURCE", help="Event source, such as iam.amazonaws.com.")
@click.option("--about", multiple=True, metavar="RESOURCE", help="An ARN or a resource's name.")
@click.option("--error", multiple=True, metavar="CODE", help="Error code.")
@click.option("--ip", multiple=True, metavar="ADDRESS", help="Address that it came from.")
@click.option("--account", multiple=True, metavar="ID", help="Account.")
@click.option("--region", multiple=True, metavar="REGION", help="Region.")
@click.option("--changes", is_flag=True, help="Only what is not read-only.")
@click.option("--errors", is_flag=True, help="Only what failed.")
@click.option("--start", default="-24h", show_default=True, help="now, -3h, ISO 8601 or epoch milliseconds.")
@click.option("--end", default="now", show_default=True, help="The same; not included.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="Events at the most.")
@json_option
@server_options
def lookup(
    connection: Connection, text: str, changes: bool, errors: bool, start: str, end: str, limit: int, as_json: bool,
    **facets: Sequence[str],
) -> None:  # fmt: skip
    """Find events, the newest first; TEXT is looked for anywhere in them.

    \b
    trimtab audit lookup --user alice --changes --start -7d
    trimtab audit lookup --about chat-endpoint
    """
    query = [(name, value) for name in _FACETS for value in facets[name]]
    query += [("start", start), ("end", end), *([("text", text)] if text else [])]
    query += [(name, "true") for name, given in (("changes", changes), ("errors", errors)) if given]
    with connection.client() as client:
        found = list(Audit(client).every(query, limit))
    if as_json:
        print_json(found)
        return
    rows = [
        (day(one.time_ms), one.user or one.session, one.name, one.source.removesuffix(".amazonaws.com"), _thing(one),
         one.source_ip, one.error_code)
        for one in found
    ]  # fmt: skip
    print_table(("time", "who", "did", "service", "to", "from", "error"), rows)


def _thing(one: wire.AuditEvent) -> str:
    names = [name for name in (*one.touched, *one.resources) if not name.startswith("arn:")]
    return names[0] if names else ""


@audit.command("show")
@click.argument("event_id")
@server_options
def show(connection: Connection, event_id: str) -> None:
    """Print the whole record of one event."""
    with connection.client() as client:
        click.echo(json.dumps(Audit(client).one(event_id).record, indent=2, ensure_ascii=False))


@audit.command("changes")
@click.argument("words", nargs=-1)
@click.option("--at", default="now", show_default=True, help="Before when: now, -3h, ISO 8601 or epoch milliseconds.")
@click.option("--window", default="1h", show_default=True, help="How far back: 30m, 6h, 1d.")
@json_option
@server_options
def changes(connection: Connection, words: tuple[str, ...], at: str, window: str, as_json: bool) -> None:
    """Say what changed before a time; changes that speak of one of WORDS come first."""
    with connection.client() as client:
        found = Audit(client).changes(at, words, window)
    if as_json:
        print_json(found)
        return
    rows = [
        (f"{one.minutes:.0f} min before", one.summary, ", ".join(one.about), one.event.source, one.event.id)
        for one in found.changes
    ]
    print_table(("when", "what", "about", "service", "event"), rows)


@audit.command("findings")
@click.option("--start", default="-7d", show_default=True, help="now, -3h, ISO 8601 or epoch milliseconds.")
@click.option("--end", default="now", show_default=True, help="The same; not included.")
@json_option
@server_options
def findings(connection: Connection, start: str, end: str, as_json: bool) -> None:
    """List what the rules say is worth a look."""
    query: Query = [("start", start), ("end", end)]
    with connection.client() as client:
        found = Audit(client).findings(query).findings
    if as_json:
        print_json(found)
        return
    rows = [
        (day(one.first_ms), one.severity, one.title, one.user, one.events, ", ".join(one.names[:3]), one.technique)
        for one in found
    ]
    print_table(("time", "severity", "what", "who", "calls", "such as", "technique"), rows, right=("calls",))


@audit.command("trails")
@json_option
@server_options
def trails(connection: Connection, as_json: bool) -> None:
    """List trails, and how their deliveries go."""
    with connection.client() as client:
        found = Audit(client).trails().trails
    if as_json:
        print_json(found)
        return
    rows = [
        (one.name, one.region, f"{one.bucket}/{one.prefix}".rstrip("/"), "yes" if one.logging else "no",
         day(one.delivered_ms), one.problem)
        for one in found
    ]  # fmt: skip
    print_table(("trail", "region", "delivers to", "logs", "last delivery", "problem"), rows)


@audit.command("query")
@click.argument("statement", metavar="SELECT")
@click.option("-p", "--parameter", "parameters", multiple=True, metavar="TEXT", help="Value of a question mark.")
@click.option("--explain", is_flag=True, help="Print the engine's statement instead of running it.")
@json_option
@server_options
def query(connection: Connection, statement: str, parameters: tuple[str, ...], explain: bool, as_json: bool) -> None:
    """Run one SELECT over the records; FROM takes audit_events, or the id of an event data store.

    \b
    trimtab audit query "SELECT eventName, count(*) AS n FROM audit_events GROUP BY eventName ORDER BY n DESC LIMIT 5"
    """
    with connection.client(timeout_s=150) as client:
        found = Audit(client).query(wire.AuditQuery(statement, list(parameters), explain))
    if as_json:
        print_json(found)
    elif explain:
        click.echo(found.sql)
        for name, value in sorted(found.parameters.items()):
            remark(f"{name} = {value}")
    else:
        print_table(found.columns, [["–" if cell is None else cell for cell in row] for row in found.rows])
        remark(f"{len(found.rows)} rows")


@audit.command("verify")
@click.option("--since", default="", help="Look at the records of hours that end after this only.")
@click.option("--last-hash", default="", help="The hash of a digest that you kept: it must be in the chain.")
@json_option
@server_options
def verify(connection: Connection, since: str, last_hash: str, as_json: bool) -> None:
    """Verify the chain of digests, and every record in it; ends with status 1 where something does not hold."""
    with connection.client(timeout_s=600) as client:
        found = Audit(client).verify(since, last_hash)
    if as_json:
        print_json(found)
    else:
        rows = [(one.kind, one.digest, one.account, one.event_id, one.text) for one in found.problems]
        if rows:
            print_table(("what", "digest", "account", "event", "problem"), rows, right=("digest",))
        through = f" through {day(found.through_ms)}" if found.through_ms else ": no hour was closed yet"
        remark(f"{found.records} records in {found.digests} digests{through}")
        if found.last_hash:
            click.echo(f"last digest {found.last_hash}")
    if not found.whole:
        raise click.ClickException(f"{found.problem_count} things do not hold")
