"""`trimtab statements`, `trimtab allocation` and `trimtab tags`: whose the bill is."""

import sys
from decimal import Decimal
from pathlib import Path

import click

from trimtab.base.coins import coins, money
from trimtab.base.errors import SetupError
from trimtab.cli.connection import Connection, server_options
from trimtab.cli.output import day, json_option, print_json, print_table, remark
from trimtab.cli.text_files import text_of
from trimtab.client import economics_wire as wire
from trimtab.client.economics import Economics

_MONTH = click.option("--month", default="", metavar="YYYY-MM", help="Billing month [the newest with a bill].")
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group("statements")
def statements() -> None:
    """What each team is charged: statements that add up to the bill, and months that are closed."""


@statements.command("list")
@json_option
@server_options
def list_(connection: Connection, as_json: bool) -> None:
    """List the months with a bill, open and closed."""
    with connection.client() as client:
        found = Economics(client).months()
    if as_json:
        print_json(found)
        return
    if not found.months:
        remark("No bill was imported yet. Try `trimtab import FILE`.")
        return
    rows = [(one.month, one.state, _amounts(one.billed), ", ".join(one.sources)) for one in found.months]
    print_table(("month", "state", "billed", "from"), rows, right=("billed",))
    remark(f"Statements are by {found.owner_category}, on {found.basis} cost.")


@statements.command("show")
@click.argument("month", metavar="YYYY-MM")
@click.option("--owner", default="", help="One owner's lines.")
@json_option
@server_options
def show(connection: Connection, month: str, owner: str, as_json: bool) -> None:
    """Show a month: what each owner is charged, or one owner's lines; and the bill beside it."""
    with connection.client() as client:
        found = Economics(client).statement(month, owner)
    if as_json:
        print_json(found)
        return
    if owner:
        lines = [
            (one.kind, one.service, one.account, _how(one), one.currency, coins(one.coins, one.currency))
            for one in found.lines
        ]
        print_table(("charge", "service", "account", "how it came", "", "charged"), lines, right=("charged",))
    else:
        owners = [(one.owner, one.currency, coins(one.coins, one.currency)) for one in found.owners]
        for line in found.to_invoice:
            owners.append((line.name, line.currency, coins(line.coins, line.currency)))
            owners.append((f"Invoice of {found.month}", line.currency, coins(line.invoice_coins, line.currency)))
        print_table((found.owner_category, "", "charged"), owners, right=("charged",))
    rows = [(one.kind, one.currency, one.bill, one.statement, one.difference) for one in found.reconciliation]
    print_table(("charge", "", "bill", "statement", "apart"), rows, right=("bill", "statement", "apart"))
    _remarks(found)


@statements.command("close")
@click.argument("month", metavar="YYYY-MM")
@click.option("--yes", is_flag=True, help="Do not ask.")
@server_options
def close(connection: Connection, month: str, yes: bool) -> None:
    """Freeze a month's statement with its rules and receipts. It cannot be undone.

    Later corrections of its bill become lines of the next open month.
    """
    if not yes:
        click.confirm(f"Close {month}? Its statement then stays as it is", abort=True)
    with connection.client() as client:
        found = Economics(client).close(month)
    click.echo(f"{found.month} is closed: {_amounts(found.totals)} in {len(found.owners)} statements")


@statements.command("export")
@click.argument("month", metavar="YYYY-MM")
@click.option("--format", "format_", type=click.Choice(("csv", "pdf")), default="csv", show_default=True, help="Form.")
@click.option("--owner", default="", help="One owner's statement.")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="File to write [standard output].")
@server_options
def export(connection: Connection, month: str, format_: str, owner: str, output: Path | None) -> None:
    """Write a statement as CSV (exact amounts, and whole coins that add up) or PDF."""
    with connection.client(timeout_s=300) as client:
        content = b"".join(Economics(client).export(month, format_, owner))
    if output is None:
        sys.stdout.buffer.write(content)
    else:
        output.write_bytes(content)
        remark(f"{len(content)} bytes written to {output}")


@click.group("allocation")
def allocation() -> None:
    """The rules by which the bill is divided: tags, cost categories, splits, shared machines."""


@allocation.command("show")
@click.option("--version", "number", type=int, help="An earlier version.")
@server_options
def show_allocation(connection: Connection, number: int | None) -> None:
    """Print the rules in force, as YAML."""
    with connection.client() as client:
        calls = Economics(client)
        found = calls.allocation() if number is None else _version(calls.versions(), number)
    click.echo(found.document, nl=not found.document.endswith("\n"))
    told = f"version {found.version} by {found.created_by}, {day(found.created_ms)}" if found.version else "built in"
    remark(f"# {told}")


@allocation.command("versions")
@json_option
@server_options
def versions(connection: Connection, as_json: bool) -> None:
    """List the versions that were applied."""
    with connection.client() as client:
        found = Economics(client).versions()
    if as_json:
        print_json(found)
        return
    rows = [(one.version, day(one.created_ms), one.created_by, one.note) for one in found]
    print_table(("version", "applied", "by", "note"), rows)


@allocation.command("check")
@click.argument("file", type=_FILE)
@click.option("--month", default="", metavar="YYYY-MM", help="Billing month to try it on [the newest open one].")
@json_option
@server_options
def check(connection: Connection, file: Path, month: str, as_json: bool) -> None:
    """Try the rules in FILE on a month: what moves, what nobody owns, whether it adds up. Changes nothing."""
    with connection.client() as client:
        found = Economics(client).check(text_of(file), month)
    if as_json:
        print_json(found)
        return
    _print_preview(found)


@allocation.command("apply")
@click.argument("file", type=_FILE)
@click.option("--note", default="", help="Why, for the list of versions.")
@click.option("--based-on", type=int, help="Apply only if this version is still the newest.")
@server_options
def apply(connection: Connection, file: Path, note: str, based_on: int | None) -> None:
    """Make the rules in FILE count from now on, for every month that is not closed."""
    with connection.client() as client:
        found = Economics(client).apply(text_of(file), note, based_on)
    click.echo(f"allocation version {found.version} is in force")


@click.group("tags")
def tags() -> None:
    """Tags on the bill: keys, who keeps the policies, and cost that nobody owns."""


@tags.command("keys")
@_MONTH
@json_option
@server_options
def keys(connection: Connection, month: str, as_json: bool) -> None:
    """List the tag keys of a month, what they carry, and what the allocation makes of them."""
    with connection.client() as client:
        found = Economics(client).tag_keys(month)
    if as_json:
        print_json(found)
        return
    rows = [
        (
            one.key,
            one.meant or "–",
            one.note,
            f"{one.share:.0%}",
            one.currency,
            coins(one.cost, one.currency),
            one.values,
        )
        for one in found.keys
    ]
    print_table(("key", "is", "", "of the bill", "", "cost", "values"), rows, right=("of the bill", "cost", "values"))


@tags.command("untagged")
@_MONTH
@click.option("--limit", default=50, show_default=True, help="Rows to show.")
@json_option
@server_options
def untagged(connection: Connection, month: str, limit: int, as_json: bool) -> None:
    """List usage that nobody owns, the most expensive first, with a suggested owner and why."""
    with connection.client() as client:
        found = Economics(client).untagged(month)
    if as_json:
        print_json(found)
        return
    rows = [
        (
            one.resource or "(no resource)",
            one.account,
            one.service,
            one.currency,
            coins(one.cost, one.currency),
            one.suggested,
            one.reason,
        )
        for one in found.rows[:limit]
    ]
    print_table(("resource", "account", "service", "", "cost", "suggested", "because"), rows, right=("cost",))
    remark(f"{found.month}: {_amounts(found.total)} of usage is {found.default!r}. The bill, of which that is a part:")
    parts = [("owned", currency, coins(cost, currency)) for currency, cost in found.owned.items()]
    parts += [(f"{found.default}: usage", currency, coins(cost, currency)) for currency, cost in found.total.items()]
    parts += [(f"{found.default}: {one.kind}", one.currency, coins(one.cost, one.currency)) for one in found.apart]
    parts += [("billed", currency, coins(cost, currency)) for currency, cost in found.billed.items()]
    print_table(("", "", "cost"), parts, right=("cost",))


@tags.command("compliance")
@_MONTH
@json_option
@server_options
def compliance(connection: Connection, month: str, as_json: bool) -> None:
    """Show how far each owner keeps each tag policy, by cost."""
    with connection.client() as client:
        found = Economics(client).compliance(month)
    if as_json:
        print_json(found)
        return
    if not found.compliance:
        remark("The allocation has no policies. Add them under `policies:`; the guide shows how.")
        return
    rows = [
        (one.key, one.owner, "–" if one.share is None else f"{one.share:.0%}", one.currency, *_three(one), one.example)
        for one in found.compliance
    ]
    columns = ("key", "owner", "kept", "", "compliant", "missing", "wrong", "for example")
    print_table(columns, rows, right=("kept", "compliant", "missing", "wrong"))


def _print_preview(found: wire.Preview) -> None:
    if found.month is None:
        click.echo("The rules can be applied. No bill was imported yet, so nothing moves.")
        return
    rows = [
        (one.owner, one.currency, *(coins(text, one.currency) for text in (one.before, one.after, one.change)))
        for one in found.moves
        if Decimal(one.change) or Decimal(one.after)
    ]
    print_table(("owner", "", "before", "after", "change"), rows, right=("before", "after", "change"))
    for total in found.totals:
        billed, moved, before, after = (
            coins(text, total.currency)
            for text in (total.billed, total.moved, total.unowned_before, total.unowned_after)
        )
        sums = "adds up to the bill exactly" if total.adds_up else f"does NOT add up: {total.total} for {total.billed}"
        click.echo(
            f"{found.month}, {total.currency}: {billed} billed, {sums}; {moved} moves; "
            f"{found.default} {before} → {after}"
        )
    if found.closed:
        remark(f"{found.month} is closed: its own statement would stay as it is.")
    for name in found.unweighed:
        remark(f"{name} cannot be split: there is nothing to weigh it by; it stays where it is.")


def _remarks(found: wire.Statement) -> None:
    if found.state == "closed":
        remark(f"Closed {day(found.closed_ms)} by {found.closed_by}, with allocation version {found.rules_version}.")
    for name in found.unweighed:
        remark(f"{name} was not split: there is nothing to weigh it by.")
    corrections = sorted({one.about for one in found.lines if one.about})
    if corrections:
        remark(
            f"With corrections of {', '.join(corrections)}, which {'is' if len(corrections) == 1 else 'are'} closed."
        )


def _version(found: list[wire.Allocation], number: int) -> wire.Allocation:
    for one in found:
        if one.version == number:
            return one
    raise SetupError(f"cannot show version {number}: there is none; `trimtab allocation versions` lists them")


def _how(one: wire.Line) -> str:
    return "; ".join(part for part in (one.via, f"corrects {one.about}" if one.about else "") if part)


def _three(one: wire.Compliance) -> tuple[str, str, str]:
    return coins(one.compliant, one.currency), coins(one.missing, one.currency), coins(one.wrong, one.currency)


def _amounts(amounts: dict[str, str]) -> str:
    return ", ".join(money(amount, currency) for currency, amount in amounts.items()) or "0"
