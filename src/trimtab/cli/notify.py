"""`trimtab notify`: whom to tell, a test, and what came of every delivery."""

import threading
from pathlib import Path
from typing import get_args

import click

from trimtab.base.clock import Clock, SystemClock
from trimtab.base.errors import TrimtabError
from trimtab.cli.connection import Connection, server_options
from trimtab.cli.output import ago, day, json_option, print_json, print_table, remark
from trimtab.cli.text_files import secret_in
from trimtab.client import notify_wire as wire
from trimtab.client.notify import Notify

_PATH = click.Path(exists=True, dir_okay=False, path_type=Path)
_POLL_S = 0.5


@click.group("notify")
def notify() -> None:
    """Tell people and machines: channels, tests and the delivery log.

    A channel gets what is sent to its topics (an alarm's action arn:aws:sns:…:<topic>) and the events it asks for.
    """


@notify.command("add")
@click.argument("name")
@click.argument("kind", type=click.Choice(get_args(wire.ChannelKind)))
@click.argument("endpoint", required=False, default="")
@click.option("--topic", "topics", multiple=True, metavar="NAME", help="Topic that it gets; made if new; repeatable.")
@click.option("--event", "events", multiple=True, metavar="KIND", help="Events it gets: alarm.*, alert.received, *.")
@click.option(
    "--owner", "owners", multiple=True, metavar="TEAM", help="Owner who is asked here: findings, budgets, runs."
)
@click.option(
    "--group", "group_s", type=click.FloatRange(0, 3600), help="Seconds people's messages wait for others [5]."
)
@click.option("--routing-key-file", type=_PATH, help="pagerduty: file with the key of an Events API v2 integration.")
@click.option("--signing-secret-file", type=_PATH, help="webhook: file with whsec_…; one is made without.")
@click.option(
    "--authorization-file", type=_PATH, help="webhook, alertmanager: file with an Authorization header's value."
)
@json_option
@server_options
def add(
    connection: Connection,
    name: str,
    kind: wire.ChannelKind,
    endpoint: str,
    topics: tuple[str, ...],
    events: tuple[str, ...],
    owners: tuple[str, ...],
    group_s: float | None,
    routing_key_file: Path | None,
    signing_secret_file: Path | None,
    authorization_file: Path | None,
    as_json: bool,
) -> None:
    """Make a channel. ENDPOINT is a URL, or addresses separated by commas; pagerduty has one of its own."""
    wanted = wire.CreateChannel(
        name=name,
        kind=kind,
        endpoint=endpoint,
        topics=list(topics),
        events=list(events),
        owners=list(owners),
        group_s=group_s,
        routing_key=secret_in(routing_key_file),
        signing_secret=secret_in(signing_secret_file),
        authorization=secret_in(authorization_file),
    )
    with connection.client() as client:
        made = Notify(client).add(wanted)
    if as_json:
        print_json(made)
        return
    rows = [
        ("endpoint", made.channel.endpoint),
        ("topics", ", ".join(topics) or "–"),
        ("events", ", ".join(events) or "–"),
        ("owners", ", ".join(owners) or "–"),
    ]
    if made.signing_secret:
        rows.append(("signing secret", made.signing_secret))
    print_table((name, kind), rows)
    if made.signing_secret:
        remark("Keep the secret now: it is not shown again. The guide says how a receiver verifies with it.")
    if not topics and not events and not owners:
        remark(f"It gets nothing but tests yet: name a --topic, an --event or an --owner, or send to …:{name} itself.")


@notify.command("list")
@json_option
@server_options
def list_(connection: Connection, as_json: bool) -> None:
    """List the channels and how each does."""
    with connection.client() as client:
        found = Notify(client).channels()
    if as_json:
        print_json(found)
        return
    now_ms = SystemClock().now_ms()
    rows = [
        (
            one.name,
            one.kind,
            one.endpoint,
            ", ".join(one.topics + one.events + one.owners) or "–",
            _state(one, now_ms),
            ago(one.last_ok_ms, now_ms),
            one.last_error if one.failures or not one.last_ok_ms else "",
        )
        for one in found
    ]
    print_table(("name", "kind", "endpoint", "gets", "state", "last arrived", "last failure"), rows)


@notify.command("remove")
@click.argument("name")
@server_options
def remove(connection: Connection, name: str) -> None:
    """Remove a channel; what waits for it is marked failed."""
    with connection.client() as client:
        Notify(client).remove(name)
    click.echo(f"removed {name}")


@notify.command("test")
@click.argument("name")
@click.option("--wait", "wait_s", type=click.FloatRange(0, 300), default=15, show_default=True, help="Seconds to wait.")
@json_option
@server_options
def test(connection: Connection, name: str, wait_s: float, as_json: bool) -> None:
    """Send a test and say what came of it; exit status 1 if it did not arrive."""
    with connection.client() as client:
        calls = Notify(client)
        found = _settled(calls, calls.test(name).id, wait_s, SystemClock())
    if as_json:
        print_json(found)
    if found.delivery.state != "delivered":
        raise TrimtabError(
            f"the test has not arrived: {found.delivery.reason or 'the jobs process has not sent it yet'}"
        )
    if not as_json:
        click.echo(f"delivered to {name} in {found.attempts[-1].took_ms} ms")


@notify.command("deliveries")
@click.option("--channel", metavar="NAME", help="Of this channel only.")
@click.option("--state", type=click.Choice(get_args(wire.StateName)), help="In this state only.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True, help="How many at most.")
@json_option
@server_options
def deliveries(connection: Connection, channel: str | None, state: str | None, limit: int, as_json: bool) -> None:
    """Show the delivery log, the newest first, with the reason of every failure."""
    with connection.client() as client:
        page = Notify(client).deliveries(channel=channel, state=state, limit=limit)
    if as_json:
        print_json(page)
        return
    rows = [
        (day(one.created_ms), one.target, one.title, one.state, one.attempts, one.reason, one.id)
        for one in page.deliveries
    ]
    print_table(("when", "to", "what", "state", "attempts", "reason", "id"), rows, right=("attempts",))


@notify.command("delivery")
@click.argument("id_", metavar="ID")
@json_option
@server_options
def delivery(connection: Connection, id_: str, as_json: bool) -> None:
    """Show one delivery and every attempt."""
    with connection.client() as client:
        found = Notify(client).delivery(id_)
    if as_json:
        print_json(found)
        return
    click.echo(f"{found.delivery.title}\nto {found.delivery.target}: {found.delivery.state}")
    rows = [(day(one.at_ms), one.outcome, one.status, one.reason, f"{one.took_ms} ms") for one in found.attempts]
    print_table(("at", "outcome", "status", "reason", "took"), rows, right=("took",))


@notify.command("retry")
@click.argument("id_", metavar="ID")
@server_options
def retry(connection: Connection, id_: str) -> None:
    """Try a delivery that waits or failed again now."""
    with connection.client() as client:
        Notify(client).retry(id_)
    click.echo(f"{id_} is tried again now")


def _settled(calls: Notify, id_: str, wait_s: float, clock: Clock) -> wire.DeliveryDetail:
    """The delivery once it has been tried, or as it is when the wait is over."""
    until_s = clock.monotonic() + wait_s
    pause = threading.Event()
    while True:
        found = calls.delivery(id_)
        if found.delivery.attempts or clock.monotonic() >= until_s:
            return found
        pause.wait(_POLL_S)


def _state(one: wire.Channel, now_ms: int) -> str:
    if one.away_until_ms > now_ms:
        return "away"
    if one.failures:
        return "failing"
    return "answers" if one.last_ok_ms else "not used yet"
