"""`trimtab costs anomalies`, `costs monitors` and `costs subscriptions`: what the bill has too much of, what is watched
for it, and who is told."""

from datetime import UTC, datetime
from decimal import Decimal

import click

from trimtab.base.coins import money
from trimtab.cli.connection import Connection, server_options
from trimtab.cli.output import day_of, json_option, print_json, print_table, remark, sparkline
from trimtab.client import cost_anomalies_wire as wire
from trimtab.client.cost_anomalies import CostAnomalies

_HEADS = ("id", "days", "what", "impact", "more", "of which", "feedback")
_FEEDBACK: dict[str, wire.FeedbackName] = {"yes": "YES", "no": "NO", "planned": "PLANNED_ACTIVITY"}
_DAY_MS = 86_400_000


@click.group("anomalies")
def anomalies() -> None:
    """Days on which the bill had more than expected, with root causes and what happened then."""


@anomalies.command("list")
@click.option("--from", "--start", "start", default="", metavar="DAY", help="First day.  [default: 90 days ago]")
@click.option("--to", "--end", "end", default="", metavar="DAY", help="The day after the last.")
@click.option("--monitor", default="", help="Only those of this monitor (its id).")
@click.option("--least", default="", metavar="AMOUNT", help="Only those that cost at least this much more.")
@click.option("--open", "open_only", is_flag=True, help="Only those that go on.")
@json_option
@server_options
def list_(
    connection: Connection, start: str, end: str, monitor: str, least: str, open_only: bool, as_json: bool
) -> None:
    """List cost anomalies, the last to begin first.

    Example: trimtab costs anomalies list --least 100
    """
    with connection.client() as client:
        found = CostAnomalies(client).listed(start, end, monitor=monitor, least=least, open_only=open_only)
    if as_json:
        print_json(found)
        return
    print_table(_HEADS, [_row(one) for one in found.anomalies], right=_HEADS[3:5])
    if found.judged_ms is None:
        remark("The bill was not judged yet: it is within seconds of an import.")
    elif found.problem:
        remark(f"{found.problem}.")
    elif not found.anomalies:
        remark("None found.")


@anomalies.command("show")
@click.argument("anomaly")
@json_option
@server_options
def show(connection: Connection, anomaly: str, as_json: bool) -> None:
    """Show one anomaly: its days, its root causes, and what happened when it began."""
    with connection.client() as client:
        found = CostAnomalies(client).one(anomaly)
    if as_json:
        print_json(found)
        return
    print_table(_HEADS, [_row(found.anomaly)], right=_HEADS[3:5])
    click.echo(f"\n{sparkline([one.actual for one in found.days])}  by day, to {day_of(found.days[-1].start_ms)}"
               if found.days else "")  # fmt: skip
    causes = [
        (
            money(one.contribution, found.anomaly.currency),
            one.service,
            one.account_name or one.account,
            one.region,
            one.usage_type,
        )
        for one in found.anomaly.causes
    ]
    print_table(("contribution", "service", "account", "region", "usage type"), causes, right=("contribution",))
    for part in found.anomaly.wider:
        remark(
            f"Seen also in {part.name}: {money(part.impact, found.anomaly.currency)} more than "
            f"{money(part.expected, found.anomaly.currency)}."
        )
    if found.resources:
        click.echo(f"\nCost most: {', '.join(found.resources[:5])}")
    if found.around:
        click.echo()
        around = [(_minute(one.at_ms), one.sort, one.title, ", ".join(one.about)) for one in found.around]
        print_table(("when", "what", "who did what", "in common"), around)
    else:
        remark("Nothing is known that happened around it: the audit has no change of these services then.")


@anomalies.command("feedback")
@click.argument("anomaly")
@click.argument("feedback", type=click.Choice(list(_FEEDBACK)))
@server_options
def say(connection: Connection, anomaly: str, feedback: str) -> None:
    """Say whether it was an anomaly: yes, no, or activity that was planned. Nobody is told of it again then."""
    with connection.client() as client:
        said = CostAnomalies(client).say(anomaly, _FEEDBACK[feedback])
    click.echo(f"{said.id}: {said.feedback}")


@click.group("monitors")
def monitors() -> None:
    """What of the bill is watched for anomalies. A monitor of services exists by itself.

    Monitors of services look into them: at each usage type in an account and region, and at each resource.
    """


@monitors.command("list")
@json_option
@server_options
def list_monitors(connection: Connection, as_json: bool) -> None:
    """List the monitors."""
    with connection.client() as client:
        found = CostAnomalies(client).monitors()
    if as_json:
        print_json(found)
        return
    rows = [(one.id, one.name, one.dimension or "custom", one.values, _minute(one.judged_ms)) for one in found]
    print_table(("id", "monitor", "by", "values", "judged"), rows, right=("values",))
    for one in found:
        if one.problem:
            remark(f"{one.name}: {one.problem}")


@monitors.command("add")
@click.argument("name")
@click.option("--by", required=True, metavar="WHAT", help="service, account, tag:KEY or category:NAME.")
@server_options
def add_monitor(connection: Connection, name: str, by: str) -> None:
    """Watch each value of a dimension, a tag or a cost category by itself.

    Example: trimtab costs monitors add teams --by tag:team
    """
    kind, _, key = by.partition(":")
    names = {"service": "SERVICE", "account": "LINKED_ACCOUNT", "tag": "TAG", "category": "COST_CATEGORY"}
    if kind not in names or bool(key) != (kind in ("tag", "category")):
        raise click.BadParameter(f"got {by!r}; expected service, account, tag:KEY or category:NAME", param_hint="--by")
    with connection.client() as client:
        wanted = wire.PutMonitor(name, names[kind], key)  # type: ignore[arg-type]  # one of the names above
        click.echo(CostAnomalies(client).add_monitor(wanted).id)


@monitors.command("rename")
@click.argument("monitor")
@click.argument("name")
@server_options
def rename(connection: Connection, monitor: str, name: str) -> None:
    """Give a monitor another name."""
    with connection.client() as client:
        click.echo(CostAnomalies(client).rename_monitor(monitor, name).name)


@monitors.command("remove")
@click.argument("monitor")
@server_options
def remove_monitor(connection: Connection, monitor: str) -> None:
    """Remove a monitor with what it found."""
    with connection.client() as client:
        click.echo(f"removed {CostAnomalies(client).remove_monitor(monitor).removed}")


@click.group("subscriptions")
def subscriptions() -> None:
    """Who is told of cost anomalies."""


@subscriptions.command("list")
@json_option
@server_options
def list_subscriptions(connection: Connection, as_json: bool) -> None:
    """List the subscriptions."""
    with connection.client() as client:
        found = CostAnomalies(client).subscriptions()
    if as_json:
        print_json(found)
        return
    rows = [
        (one.id, one.name, one.frequency.lower(), ", ".join([*one.emails, *([one.topic] if one.topic else [])]))
        for one in found
    ]
    print_table(("id", "subscription", "when", "tells"), rows)


@subscriptions.command("add")
@click.argument("name")
@click.option("--monitor", "only", multiple=True, help="Id of a monitor. May be repeated.  [default: all]")
@click.option("--when", type=click.Choice(("immediate", "daily", "weekly")), default="daily", show_default=True)
@click.option("--absolute", metavar="AMOUNT", help="Only anomalies that cost at least this much more.")
@click.option("--percentage", metavar="PERCENT", help="Only anomalies that cost at least so many percent more.")
@click.option("--any", "either", is_flag=True, help="One of --absolute and --percentage is enough.")
@click.option("--email", "emails", multiple=True, help="Whom to tell. May be repeated.")
@click.option("--topic", default="", help="ARN of the topic or channel to tell.")
@server_options
def subscribe(
    connection: Connection, name: str, only: tuple[str, ...], when: str, absolute: str | None, percentage: str | None,
    either: bool, emails: tuple[str, ...], topic: str,
) -> None:  # fmt: skip
    """Have somebody told of anomalies from an impact on.

    Example: trimtab costs subscriptions add money --absolute 100 --percentage 40 --email ops@example.com
    """
    wanted = wire.PutSubscription(
        name,
        list(only),
        when.upper(),  # type: ignore[arg-type]  # one of the choices above
        absolute,
        percentage,
        any=either,
        emails=list(emails),
        topic=topic,
    )
    with connection.client() as client:
        click.echo(CostAnomalies(client).subscribe(wanted).id)


@subscriptions.command("remove")
@click.argument("subscription")
@server_options
def unsubscribe(connection: Connection, subscription: str) -> None:
    """Tell nobody any more."""
    with connection.client() as client:
        click.echo(f"removed {CostAnomalies(client).unsubscribe(subscription).removed}")


def _row(one: wire.CostAnomaly) -> tuple[str, ...]:
    first, last = day_of(one.start_ms), day_of(one.end_ms - _DAY_MS)
    days = f"{first} …" if one.open else first if first == last else f"{first} to {last[5:]}"
    cause = one.causes[0] if one.causes else None
    words = (cause.account_name or cause.account, cause.region, cause.usage_type) if cause else ()
    part = " ".join(word for word in (*words, one.place.resource) if word) or "–"
    more = one.kind if one.percentage is None or one.kind == "new" else f"+{Decimal(one.percentage):,.0f} %"
    impact = money(one.impact, one.currency)
    return one.id, days, one.value or one.monitor_name, impact, more, part, one.feedback or "–"


def _minute(ms: int | None) -> str:
    return f"{datetime.fromtimestamp(ms / 1000, UTC):%Y-%m-%d %H:%M}" if ms else "–"
