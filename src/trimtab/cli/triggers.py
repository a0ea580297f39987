"""`trimtab triggers`: rules about events, what they sent, and the pipelines that they started."""

from pathlib import Path

import click

from trimtab.base.clock import SystemClock, iso
from trimtab.base.errors import SetupError
from trimtab.cli.connection import Connection, server_options
from trimtab.cli.output import ago, day, json_option, print_json, print_table
from trimtab.cli.trigger_connections import connection as connections
from trimtab.cli.trigger_pipelines import pipeline, runs
from trimtab.cli.trigger_sources import archive, archives, drift, replay, sources, unwatch, watch
from trimtab.client import triggers_wire as wire
from trimtab.client.triggers import Triggers


@click.group("triggers")
def triggers() -> None:
    """Let events act: rules, deliveries, archives, watched places, and pipelines started once.

    A rule matches events by a pattern, or fires on a schedule; its targets are told, and pipelines are started.
    """


for command in (connections, pipeline, runs, archive, archives, replay, sources, watch, unwatch, drift):
    triggers.add_command(command)


@triggers.command("list")
@json_option
@server_options
def list_(connection: Connection, as_json: bool) -> None:
    """List the rules with their targets and what they sent in the last day."""
    with connection.client() as client:
        found = Triggers(client).rules()
    if as_json:
        print_json(found)
        return
    rows = [
        (
            one.name,
            one.bus,
            "on" if one.enabled else "off",
            one.schedule or one.pattern or "",
            ", ".join(target.arn for target in one.targets) or "–",
            ", ".join(f"{count} {state}" for state, count in sorted(one.last_day.items())) or "–",
        )
        for one in found
    ]
    print_table(("rule", "bus", "state", "when", "targets", "last day"), rows)


@triggers.command("put")
@click.argument("name")
@click.option("--pattern", help="Event pattern, JSON; or @FILE.")
@click.option("--schedule", help="rate(5 minutes), cron(0 9 ? * MON-FRI *) or at(2026-12-24T18:00:00).")
@click.option("--zone", default="UTC", show_default=True, help="Time zone of the schedule.")
@click.option("--target", "targets", multiple=True, metavar="ARN|URL", help="Where to send; repeatable, at most five.")
@click.option("--template", help="What is sent: a template with <variables>; or @FILE.")
@click.option("--path", "paths", multiple=True, metavar="VARIABLE=PATH", help="A variable of the template; repeatable.")
@click.option("--dead-letter", metavar="ARN|URL", help="Where what is given up goes.")
@click.option("--bus", default="default", show_default=True, help="Event bus.")
@click.option("--description", default="", help="What it is for.")
@click.option("--disabled", is_flag=True, help="Put it, but let it match nothing yet.")
@json_option
@server_options
def put(
    connection: Connection,
    name: str,
    pattern: str | None,
    schedule: str | None,
    zone: str,
    targets: tuple[str, ...],
    template: str | None,
    paths: tuple[str, ...],
    dead_letter: str | None,
    bus: str,
    description: str,
    disabled: bool,
    as_json: bool,
) -> None:
    """Make or replace a rule with all of its targets."""
    forms = [
        wire.TargetForm(
            id=str(at),
            arn=arn,
            template=text_of(template),
            paths=dict(_pair(one) for one in paths),
            dead_letter=dead_letter,
        )
        for at, arn in enumerate(targets, 1)
    ]
    wanted = wire.PutRule(name, bus, text_of(pattern), schedule, zone, not disabled, description, forms)
    with connection.client() as client:
        made = Triggers(client).put_rule(wanted)
    if as_json:
        print_json(made)
        return
    click.echo(f"{made.name}: {made.arn}")
    for target in made.targets:
        if not target.reachable:
            click.echo(f"trimtab cannot reach {target.arn}: what it is to get ends as a dead letter", err=True)
    if made.due_ms:
        click.echo(f"fires next at {iso(made.due_ms)}")


@triggers.command("remove")
@click.argument("name")
@click.option("--bus", default="default", show_default=True, help="Event bus.")
@server_options
def remove(connection: Connection, name: str, bus: str) -> None:
    """Remove a rule with its targets; what waits is still delivered."""
    with connection.client() as client:
        click.echo(Triggers(client).remove_rule(name, bus).done)


@triggers.command("test")
@click.option("--pattern", required=True, help="Event pattern, JSON; or @FILE.")
@click.option("--event", required=True, help="Event, JSON; or @FILE.")
@server_options
def test(connection: Connection, pattern: str, event: str) -> None:
    """Say whether a pattern matches an event; exit status 1 if not, 2 if the pattern is not valid."""
    with connection.client() as client:
        found = Triggers(client).test_pattern(text_of(pattern) or "", text_of(event) or "")
    click.echo(found.reason or ("matches" if found.matches else "does not match"))
    raise SystemExit(2 if found.reason else int(not found.matches))


@triggers.command("preview")
@click.argument("schedule")
@click.option("--zone", default="UTC", show_default=True, help="Time zone.")
@click.option("--times", type=click.IntRange(1, 50), default=5, show_default=True, help="How many.")
@server_options
def preview(connection: Connection, schedule: str, zone: str, times: int) -> None:
    """Show the next times of a schedule (UTC)."""
    with connection.client() as client:
        for at in Triggers(client).preview(schedule, zone, times):
            click.echo(iso(at))


@triggers.command("send")
@click.argument("source")
@click.argument("detail_type")
@click.option("--detail", default="{}", help="JSON object; or @FILE.")
@click.option("--bus", default="default", show_default=True, help="Event bus.")
@click.option("--key", help="With the same key the same call changes nothing.")
@server_options
def send(connection: Connection, source: str, detail_type: str, detail: str, bus: str, key: str | None) -> None:
    """Put one event on a bus."""
    event = wire.PutEvent(source, detail_type, text_of(detail) or "{}", bus)
    with connection.client() as client:
        taken = Triggers(client).put_events([event], key)
    click.echo(f"{taken.ids[0]} matched {taken.rules[0]} rules")


@triggers.command("deliveries")
@click.option("--state", type=click.Choice(["waiting", "delivered", "dead"]), help="In this state only.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True, help="How many at most.")
@json_option
@server_options
def deliveries(connection: Connection, state: str | None, limit: int, as_json: bool) -> None:
    """Show what rules sent, the newest first."""
    with connection.client() as client:
        page = Triggers(client).deliveries(state=state, limit=limit)
    if as_json:
        print_json(page)
        return
    rows = [
        (
            day(one.created_ms),
            one.title,
            one.rule.rpartition("/")[2],
            one.arn,
            one.state,
            one.attempts,
            one.reason,
            one.id,
        )
        for one in page.deliveries
    ]
    print_table(("when", "event", "rule", "target", "state", "attempts", "outcome", "id"), rows, right=("attempts",))


@triggers.command("delivery")
@click.argument("id_", metavar="ID")
@json_option
@server_options
def delivery(connection: Connection, id_: str, as_json: bool) -> None:
    """Show one delivery: what was sent, and every attempt."""
    with connection.client() as client:
        found = Triggers(client).delivery(id_)
    if as_json:
        print_json(found)
        return
    one, now_ms = found.delivery, SystemClock().now_ms()
    click.echo(f"{one.title}, {ago(one.at_ms, now_ms)}\nto {one.arn}: {one.state} {one.reason}\nsent: {found.input}")
    rows = [(day(at.at_ms), at.outcome, at.status, at.reason, f"{at.took_ms} ms") for at in found.attempts]
    print_table(("at", "outcome", "status", "reason", "took"), rows, right=("took",))


@triggers.command("retry")
@click.argument("id_", metavar="ID")
@server_options
def retry(connection: Connection, id_: str) -> None:
    """Send a delivery that waits or was given up again now."""
    with connection.client() as client:
        Triggers(client).retry(id_)
    click.echo(f"{id_} is sent again now")


def text_of(given: str | None) -> str | None:
    """What an option says: itself, or what is in the file after an @. Raises SetupError."""
    if given is None or not given.startswith("@"):
        return given
    try:
        return Path(given[1:]).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        raise SetupError(f"cannot read {given[1:]}: {problem}") from None


def _pair(text: str) -> tuple[str, str]:
    name, equals, path = text.partition("=")
    if not equals:
        raise click.BadParameter(f"{text}: expected VARIABLE=PATH", param_hint="--path")
    return name, path
