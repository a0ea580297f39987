"""`trimtab advice`: what to change, what it saves, and what came of it."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import IO

import click

from trimtab.base.clock import SystemClock, to_ms
from trimtab.base.coins import money
from trimtab.base.errors import InvalidInput
from trimtab.cli.connection import Connection, server_options
from trimtab.cli.output import ago, day, json_option, print_json, print_table, remark
from trimtab.cli.purchases import purchases
from trimtab.cli.rightsizing import rightsizing
from trimtab.client import advice_wire as wire
from trimtab.client.advice import AdviceCalls

_HEADS = ("id", "cash/month", "GPU-h/month", "sure", "effort", "owner", "resource", "what")
_RECORD = ("lines", "taken", "measured", "predicted", "realised", "ratio", "80 % range", "cases", "")
_PILLARS = (
    "cost_optimizing", "performance", "fault_tolerance", "security", "service_limits", "operational_excellence",
)  # fmt: skip


@click.group()
def advice() -> None:
    """Advice: what to change, with evidence, owner, cash off the next invoice and GPU-hours freed."""


@advice.command("list")
@click.option("--check", default="", help="Id of a check.")
@click.option("--pillar", type=click.Choice(_PILLARS), default=None, help="What the check looks after.")
@click.option("--owner", default="", help="Whose.")
@click.option("--kind", default="", help="Kind of resource, such as ec2:volume.")
@click.option(
    "--effort", type=click.Choice(("VeryLow", "Low", "Medium", "High", "VeryHigh")), default=None, help="Work."
)
@click.option("--text", default="", help="Words that must all be in it.")
@click.option("--resolved", is_flag=True, help="What is not found any more.")
@click.option("--all", "hidden", is_flag=True, help="Dismissed and suppressed ones too.")
@json_option
@server_options
def list_(
    connection: Connection,
    check: str,
    pillar: str | None,
    owner: str,
    kind: str,
    effort: str | None,
    text: str,
    resolved: bool,
    hidden: bool,
    as_json: bool,
) -> None:
    """List findings, the ones most worth doing first."""
    filters = {
        "check": check,
        "pillar": pillar or "",
        "owner": owner,
        "kind": kind,
        "effort": effort or "",
        "text": text,
    }
    with connection.client() as client:
        found = AdviceCalls(client).listed(**filters, state="resolved" if resolved else "active", hidden=hidden)
    if as_json:
        print_json(found.advice)
        return
    print_table(_HEADS, [_row(one) for one in found.advice], right=_HEADS[1:4])
    if not found.advice:
        remark("nothing found; `trimtab advice refresh` computes it now, `trimtab connect aws` brings resources")


@advice.command("show")
@click.argument("id_", metavar="ID")
@json_option
@server_options
def show(connection: Connection, id_: str, as_json: bool) -> None:
    """Show a finding: its evidence, what it saves and why, its fix, and what was decided."""
    with connection.client() as client:
        calls = AdviceCalls(client)
        one, decisions = calls.get(id_), calls.decisions(id_)
    if as_json:
        print_json({"advice": one, "decisions": decisions})
        return
    click.echo(f"{one.name}: {one.summary}")
    facts = [
        ("check", f"{one.check_name} ({one.check})"),
        ("resource", one.resource),
        *((("machine", one.machine),) if one.machine else ()),
        ("owner", f"{one.owner or 'nobody'}{' – ' if one.owner_reason else ''}{one.owner_reason}"),
        ("cash a month", f"{_cash(one)} – {one.cash_note}"),
        *((("so far", one.warning),) if one.warning else ()),
        *((("costs a month", f"{one.cost} {one.currency} – {one.cost_note}"),) if one.cost is not None else ()),
        ("GPU-hours a month", f"{one.gpu_hours:g}"),
        ("confidence", f"{one.confidence:.0%}"),
        ("effort", one.effort),
        ("found since", day(one.first_ms)),
        ("state", " ".join(filter(None, (one.state, one.decision, one.reason)))),
        *((fact.name, fact.value) for fact in one.evidence),
        ("fix", one.fix),
    ]
    print_table(("", ""), facts)
    for said in decisions:
        remark(f"{day(said.at_ms)} {said.decision} by {said.who} {said.reason}")


@advice.command("plan")
@click.option("--without", multiple=True, metavar="ID", help="Leave a finding out, and see what is left.")
@click.option(
    "--currency",
    default="",
    help="All plans in this currency, each at a dated rate; with --without the part of the bill.  "
    "[default: the presentation currency]",
)
@click.option("--backtest", is_flag=True, help="Show what the plans of 30 and 7 days ago promised and came to.")
@json_option
@server_options
def plan(connection: Connection, without: tuple[str, ...], currency: str, backtest: bool, as_json: bool) -> None:
    """Show the plan: the best set of actions, what each adds to it, and the next three invoices."""
    if backtest:
        _backtest(connection, currency, as_json)
        return
    with connection.client(timeout_s=600.0) as client:
        calls = AdviceCalls(client)
        found = wire.AdvicePlans(calls.plans(without, currency)) if without else calls.every_plan(currency)
    plans = found.plans
    if as_json:
        print_json(found if found.together else plans)
        return
    if found.together:
        _print_together(found.together)
    if not plans:
        remark("no plan yet; it needs a bill: `trimtab import FILE`, then `trimtab advice refresh`")
    for one in plans:
        click.echo(
            f"{_money(one.total, one.currency)} a month off {_money(one.billed, one.currency)} if all is done; likely "
            f"{_money(one.low, one.currency)} to {_money(one.high, one.currency)}"
        )
        rows = [
            (row.verb, _money(row.adds, one.currency), _money(row.alone, one.currency), row.owner or "nobody",
             _some(row.names), _when(row, one.currency), row.reason)
            for row in one.rows
        ]  # fmt: skip
        print_table(("do", "adds", "alone", "owner", "what", "cash", ""), rows, right=("adds", "alone"))
        invoices = [
            (each.month, *(_money(value, one.currency) for value in (each.before, each.after, each.low, each.high)))
            for each in one.invoices
        ]
        heads = ("invoice", "without", "all of it done", "likely, at best", "likely, at worst")
        print_table(heads, invoices, right=heads[1:])
        for note in (f"found so: {one.how}", *one.notes):
            remark(note)


def _print_together(one: wire.PlansTogether) -> None:
    total, billed = _money(one.total, one.currency), _money(one.billed, one.currency)
    click.echo(f"all currencies together: {total} a month off {billed}")
    rows = [
        (part.currency, _money(part.original, part.currency), _money(part.total, one.currency), part.rate or "",
         part.day or "", ", ".join(part.sources))
        for part in one.parts
    ]  # fmt: skip
    print_table(("plan", "its own", f"in {one.currency}", "rate", "of", "source"), rows, right=("its own", "rate"))
    for currency, why in sorted(one.missing.items()):
        remark(f"{currency} is left out: {why}")


def _backtest(connection: Connection, currency: str, as_json: bool) -> None:
    with connection.client() as client:
        found = [one for one in AdviceCalls(client).backtests() if currency in ("", one.currency)]
    if as_json:
        print_json(found)
        return
    if not found:
        remark("no backtest yet; it needs more than a week of bill and a plan: `trimtab advice refresh`")
    for one in found:
        ratio = "" if one.ratio is None else f" ({one.ratio:.1%})"
        promised, came, alike = (_money(each, one.currency) for each in (one.promised, one.came, one.at_prices))
        click.echo(f"the plan of {day(one.as_of_ms)} would have promised {promised} a month; it came to {came}")
        click.echo(f"at the prices of then it came to {alike}{ratio}")
        rows = [(each.verb, _money(each.promised, one.currency), _money(each.came, one.currency)) for each in one.verbs]
        print_table(("do", "promised", "came"), rows, right=("promised", "came"))
        for each in one.left_out:
            remark(f"left out: {each.name}: {each.reason}")


def _when(row: wire.PlanRow, currency: str) -> str:
    """When a row becomes cash, and what it adds beside that later on."""
    if not float(row.later):
        return row.cash_from
    later = _money(row.later, currency)
    return (
        f"{row.cash_from}, {later} more on {day(row.later_ms)[:10]}" if float(row.adds) else f"{row.cash_from}: {later}"
    )


def _some(names: Sequence[str]) -> str:
    """The first names, and how many more."""
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


@advice.command("refresh")
@click.argument("checks", nargs=-1)
@json_option
@server_options
def refresh(connection: Connection, checks: tuple[str, ...], as_json: bool) -> None:
    """Judge checks now (all of them where none is named), as every night."""
    with connection.client(timeout_s=600.0) as client:
        found = AdviceCalls(client).refresh(list(checks))
    if as_json:
        print_json(found)
        return
    click.echo(f"{len(found.new)} new, {len(found.gone)} gone, {len(found.changed)} changed")


@advice.command("suppress")
@click.argument("id_", metavar="ID")
@click.option("--reason", required=True, help="Why it is hidden.")
@click.option("--until", default="", help="A day (2027-03-31) or a time from now (30d); empty: for good.")
@server_options
def suppress(connection: Connection, id_: str, reason: str, until: str) -> None:
    """Hide a finding, with a reason and until a time."""
    until_ms = _until(until) if until else None
    _decide(connection, id_, wire.Decide("suppressed", reason, until_ms))


@advice.command("accept")
@click.argument("id_", metavar="ID")
@click.option("--reason", default="", help="A note.")
@server_options
def accept(connection: Connection, id_: str, reason: str) -> None:
    """Say that it will be done: the ledger then waits for it."""
    _decide(connection, id_, wire.Decide("accepted", reason))


@advice.command("dismiss")
@click.argument("id_", metavar="ID")
@click.option("--reason", required=True, help="Why not.")
@server_options
def dismiss(connection: Connection, id_: str, reason: str) -> None:
    """Say that it will not be done."""
    _decide(connection, id_, wire.Decide("dismissed", reason))


@advice.command("reopen")
@click.argument("id_", metavar="ID")
@server_options
def reopen(connection: Connection, id_: str) -> None:
    """Take a decision back."""
    _decide(connection, id_, wire.Decide("reopened"))


@advice.command("export")
@click.argument("file", type=click.File("w", encoding="utf-8", lazy=False), default="-")
@click.option("--all", "hidden", is_flag=True, help="Dismissed and suppressed ones too.")
@server_options
def export(connection: Connection, file: IO[str], hidden: bool) -> None:
    """Write every finding as CSV."""
    query = [("hidden", "true")] if hidden else []
    with connection.client() as client:
        for part in client.stream("/rest/v1/advice.csv", query):
            file.write(part.decode())


@advice.command("checks")
@click.argument("id_", metavar="[ID]", default="")
@click.option("--set", "knobs", multiple=True, metavar="NAME=VALUE", help="Change a threshold of the check ID.")
@json_option
@server_options
def checks(connection: Connection, id_: str, knobs: tuple[str, ...], as_json: bool) -> None:
    """List the checks and how they went, or show one with its thresholds."""
    with connection.client() as client:
        calls = AdviceCalls(client)
        if knobs:
            calls.set_check(id_, dict(map(_knob, knobs)))
        found = [one for one in calls.checks() if id_ in ("", one.id)]
    if not found:
        raise InvalidInput(f"cannot find check {id_!r}: `trimtab advice checks` lists them")
    if as_json:
        print_json(found)
        return
    if id_:
        _show_check(found[0])
        return
    now_ms = SystemClock().now_ms()
    heads = ("id", "name", "pillar", "looked at", "found", "undecided", "ran")
    rows = [
        (one.id, one.name, one.pillar, one.looked_at, one.flagged, len(one.undecided), ago(one.ran_ms, now_ms))
        for one in found
    ]
    print_table(heads, rows, right=heads[3:6])


@advice.command("savings")
@json_option
@server_options
def savings(connection: Connection, as_json: bool) -> None:
    """Show the savings ledger: what was accepted and applied, and what it saved."""
    with connection.client() as client:
        found = AdviceCalls(client).savings()
    if as_json:
        print_json(found)
        return
    heads = ("resource", "do", "owner", "state", "applied", "predicted/month", "realised/month", "grade")
    rows = [
        (
            one.resource.split("/", 3)[-1],
            one.verb,
            one.owner,
            one.state,
            day(one.applied_ms),
            _money(one.predicted, one.currency),
            _money(one.realised, one.currency),
            one.grade,
        )
        for one in found.entries
    ]
    print_table(heads, rows, right=heads[5:7])
    for head, records in (("taken in", found.sets), ("do", found.verbs), ("check", found.checks)):
        if records:
            print_table((head, *_RECORD), [_record(one) for one in records], right=_RECORD[:-1])
    for currency, amount in found.saved.items():
        remark(f"saved so far: {amount} {currency}")


def _record(one: wire.SavingsRecord) -> tuple[object, ...]:
    amounts = [_money(amount, one.currency) for amount in (one.taken, one.predicted, one.realised)]
    ratio = "–" if one.ratio is None else f"{one.ratio:.2f}"
    spread = "" if one.low is None or one.high is None else f"{one.low:.2f} – {one.high:.2f}"
    return one.name, one.lines, amounts[0], one.measured, *amounts[1:], ratio, spread, one.cases, one.warning


def _decide(connection: Connection, id_: str, decision: wire.Decide) -> None:
    with connection.client() as client:
        one = AdviceCalls(client).decide(id_, decision)
    click.echo(f"{one.name}: {one.decision or 'open'}" + (f" until {day(one.until_ms)}" if one.until_ms else ""))


def _show_check(one: wire.AdviceCheck) -> None:
    click.echo(f"{one.name} ({one.id}, {one.pillar})\n{one.about}\nAlert: {one.alert}\nSource: {one.source}")
    rows = [
        (knob.name, f"{knob.value:g}", f"{knob.default:g}", knob.unit, knob.meaning, knob.source)
        for knob in one.settings
    ]
    print_table(("setting", "value", "default", "unit", "meaning", "source"), rows, right=("value", "default"))
    for resource, reason in list(one.undecided.items())[:20]:
        remark(f"undecided {resource}: {reason}")


def _row(one: wire.Advice) -> tuple[object, ...]:
    what = f"{one.summary} [{one.decision}]" if one.decision else one.summary
    what = f"{what} ({one.warning})" if one.warning else what
    hours = f"{one.gpu_hours:,.0f}" if one.gpu_hours else ""
    return one.id, _cash(one), hours, f"{one.confidence:.0%}", one.effort, one.owner or "nobody", one.name, what


def _cash(one: wire.Advice) -> str:
    return "not known" if one.cash is None else _money(one.cash, one.currency)


def _money(amount: str | None, currency: str) -> str:
    return "–" if amount is None else money(amount, currency)


def _knob(text: str) -> tuple[str, float]:
    name, _, value = text.partition("=")
    try:
        return name, float(value)
    except ValueError:
        raise InvalidInput(f"cannot set {text!r}: expected NAME=NUMBER, such as days=14") from None


def _until(text: str) -> int:
    try:
        if text.endswith("d") and text[:-1].isdecimal():
            return SystemClock().now_ms() + int(timedelta(days=int(text[:-1])).total_seconds() * 1000)
        return to_ms(datetime.fromisoformat(text).replace(tzinfo=UTC))
    except (ValueError, OverflowError):
        raise InvalidInput(f"cannot read --until {text!r}: expected a day such as 2027-03-31, or 30d") from None


advice.add_command(purchases)
advice.add_command(rightsizing)
