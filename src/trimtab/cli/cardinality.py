"""`trimtab metrics cardinality` and `rules`: what costs most series, and what is not kept of new ones."""

from typing import cast, get_args

import click

from trimtab.base.clock import SystemClock
from trimtab.cli.connection import Connection, server_options
from trimtab.cli.output import ago, json_option, print_json, print_table, remark
from trimtab.client import cardinality as api
from trimtab.client import cardinality_wire as wire


@click.command("cardinality")
@click.option("--by", type=click.Choice(get_args(wire.ByName)), default="metric", show_default=True, help="By what.")
@click.option("--namespace", default="", metavar="NAME", help="Of one namespace only.")
@click.option("--name", default="", metavar="METRIC", help="Of one metric only: --by label says which label costs.")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="Rows at most.")
@json_option
@server_options
def cardinality(connection: Connection, by: str, namespace: str, name: str, limit: int, as_json: bool) -> None:
    """Show what costs most series."""
    with connection.client() as client:
        found = api.report(client, cast(wire.ByName, by), namespace, name, limit)
    if as_json:
        print_json(found)
        return
    now_ms = SystemClock().now_ms()
    rows = [
        (
            f"{one.namespace} {one.key}".strip(),
            *((f"{one.values:,}", one.example) if by == "label" else ()),
            f"{one.series:,}",
            f"{one.created:,}",
            f"{one.live:,}",
            ago(one.last_seen_ms, now_ms) if one.last_seen_ms else "",
        )
        for one in found.groups
    ]
    more = ("values", "such as") if by == "label" else ()
    counts = ("series", "created today", "live")
    print_table((by, *more, *counts, "last seen"), rows, right=(*more[:1], *counts))
    total = found.total
    remark(f"{total.series:,} series in all, {total.created:,} created within a day; {len(rows)} of {found.of} rows.")


@click.group("rules")
def rules() -> None:
    """Rules of what is not kept of new series: dropped, or without some labels."""


@rules.command("list")
@json_option
@server_options
def list_(connection: Connection, as_json: bool) -> None:
    """List rules in the order in which they are asked, with what each took since the server started."""
    with connection.client() as client:
        _show(api.rules(client), as_json)


@rules.command("put")
@click.argument("name")
@click.argument("action", type=click.Choice(get_args(wire.ActionName)))
@click.argument("match", metavar="SELECTOR")
@click.option("--only", default="", metavar="SELECTOR", help="keep_only: which of those that match are kept.")
@click.option("--label", "labels", multiple=True, metavar="REGEX", help="drop_labels, keep_labels: may be repeated.")
@json_option
@server_options
def put(
    connection: Connection, name: str, action: str, match: str, only: str, labels: tuple[str, ...], as_json: bool
) -> None:
    """Keep a rule: trimtab metrics rules put "no go" drop '{__name__=~"go_.*"}'."""
    rule = wire.PutDropRule(
        name=name, action=cast(wire.ActionName, action), match=match, only=only, labels=list(labels)
    )
    with connection.client() as client:
        _show(api.put(client, rule), as_json)


@rules.command("remove")
@click.argument("name")
@json_option
@server_options
def remove(connection: Connection, name: str, as_json: bool) -> None:
    """Take a rule out: what it matched is kept again from the next point on."""
    with connection.client() as client:
        _show(api.remove(client, name), as_json)


def _show(found: list[wire.DropRule], as_json: bool) -> None:
    if as_json:
        print_json(found)
        return
    if not found:
        remark("No rules: every series within the limits is kept. `trimtab metrics rules put` makes one.")
        return
    rows = [
        (one.name, one.action, one.match, one.only or ", ".join(one.labels), f"{one.rows:,}", f"{one.series:,}")
        for one in found
    ]
    print_table(("rule", "action", "match", "only, labels", "rows", "series"), rows, right=("rows", "series"))
