"""`trimtab advice rightsizing`: sizes that are recommended, proved on the past."""

import click

from trimtab.cli.connection import Connection, server_options
from trimtab.cli.output import json_option, print_json, print_table, remark
from trimtab.client import rightsizing_wire as wire
from trimtab.client.rightsizing import Rightsizing

_HEADS = (
    "id",
    "resource",
    "kind",
    "now",
    "advised",
    "finding",
    "in the plan/month",
    "at list/month",
    "over size",
    "owner",
)


@click.group()
def rightsizing() -> None:
    """Sizes of machines, volumes, functions, services and containers; every recommendation shows its replay."""


@rightsizing.command("list")
@click.option("--kind", default="", help="ec2-instance, auto-scaling-group, ebs-volume, lambda-function, …")
@click.option("--finding", default="", help="Underprovisioned, Overprovisioned, Optimized, NotOptimized, Unavailable.")
@click.option("--owner", default="", help="Whose resources.")
@click.option("--text", default="", help="Words of the resource.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 10_000), help="How many.")
@json_option
@server_options
def list_(connection: Connection, kind: str, finding: str, owner: str, text: str, limit: int, as_json: bool) -> None:
    """List recommendations, the most worth first."""
    with connection.client() as client:
        found = Rightsizing(client).listed(kind, finding, owner, text, limit)
    if as_json:
        print_json(found)
        return
    if not found.recommendations:
        remark("nothing is recommended: `trimtab advice rightsizing recompute` judges what there is now")
        return
    print_table(_HEADS, [_row(one) for one in found.recommendations], right=_HEADS[6:9])
    if found.more:
        remark(f"there are more than {limit}: --limit shows them")


@rightsizing.command("show")
@click.argument("id")
@click.option("--strategy", default="", help="portfolio, documented, p95, vpa or max.  [default: by preferences]")
@json_option
@server_options
def show(connection: Connection, id: str, strategy: str, as_json: bool) -> None:
    """Show one, judged now, with its replays and how to apply it."""
    with connection.client() as client:
        found = Rightsizing(client).get(id, strategy)
    if as_json:
        print_json(found)
        return
    click.echo(f"{found.name} ({found.kind}, {found.type}): {found.finding} {', '.join(found.reasons)}".rstrip())
    for text in (found.reason, found.idle_reason, found.pick and f"chosen: {found.pick}", *found.notes):
        if text:
            remark(text)
    if found.planned:
        remark(f"{found.planned} {found.planned_currency} a month off the invoice: {found.planned_note}")
    if found.advised:
        click.echo()
        options = [
            (str(one.rank), one.option.name, one.saving or "-", f"{one.risk:g}", one.option.effort, _shares(one))
            for one in found.advised
        ]
        print_table(("rank", "size", "at list/month", "risk", "effort", "highest use then"), options, right=("rank",))
    if found.replays:
        click.echo()
        rows = [
            (one.strategy, one.cost or "-", f"{one.over:.1%}", f"{one.headroom:.0%}", str(one.changes))
            for one in found.replays
        ]
        print_table(("replay", "cost", "over size", "headroom", "changes"), rows, right=("cost", "over size"))
    for text in (found.diff, found.command):
        if text:
            click.echo(f"\n{text}")


@rightsizing.command("recompute")
@click.option("--kind", default="", help="One kind only.")
@server_options
def recompute(connection: Connection, kind: str) -> None:
    """Judge everything anew; the nightly run does it too."""
    with connection.client() as client:
        done = Rightsizing(client).recompute(kind)
    click.echo(f"{done.recommendations} recommendations in {done.took_ms / 1000:.1f} s")


@rightsizing.command("left-out")
@json_option
@server_options
def left_out(connection: Connection, as_json: bool) -> None:
    """List every resource of the inventory that is not judged, with the reason."""
    with connection.client() as client:
        found = Rightsizing(client).left_out()
    if as_json:
        print_json(found)
        return
    print_table(("resource", "why"), [(one.resource, one.reason) for one in found])


def _row(one: wire.Recommendation) -> tuple[str, ...]:
    first = one.advised[0].option.name if one.advised else "nothing" if one.idle else "-"
    over = f"{one.replays[0].over:.1%}" if one.replays else "-"
    finding = "Idle" if one.idle else one.finding
    return (
        one.id,
        one.name,
        one.kind,
        one.type,
        first,
        finding,
        one.planned or "-",
        one.saving or "-",
        over,
        one.owner or "-",
    )


def _shares(one: wire.Advised) -> str:
    return ", ".join(f"{axis} {share:.0%}" for axis, share in one.projected.items() if axis != "CPUSustained")
