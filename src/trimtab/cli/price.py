"""`trimtab price`: what files ask for, before they run: GPUs, money an hour, the wait, the budget that is left."""

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path

import click

from trimtab.base.clock import SystemClock
from trimtab.base.coins import sums
from trimtab.base.errors import AccessDenied, InvalidInput, TrimtabError, Unauthenticated
from trimtab.cli.connection import Connection, server_options
from trimtab.cli.output import json_option, print_json, print_table, remark
from trimtab.cli.price_files import Read, read_base, read_places
from trimtab.client.api import Client
from trimtab.client.budgets import Budgets
from trimtab.client.budgets_wire import Budget
from trimtab.client.job_prices import JobPrices
from trimtab.client.job_prices_wire import JobPrice
from trimtab.jobfiles import comment
from trimtab.jobfiles.model import Reading
from trimtab.jobfiles.report import Limits, PriceReport, asked, fits, report_of
from trimtab.jobfiles.sums import all_needs

_OVER, _CANNOT_TELL = 1, 2


@click.command("price")
@click.argument("places", nargs=-1, metavar="FILE|DIR…", type=click.Path(exists=True, allow_dash=True, path_type=Path))
@click.option("--base", default="", metavar="REVISION", help="Price what changed since this git revision.")
@click.option("--team", default="", help="For this team; else the one that the file names.")
@click.option("--queue", default="", help="Partition or queue, where the file names none.")
@click.option("--cluster", default="", help="Cluster, where the file names none.")
@click.option("--budget", "names", multiple=True, metavar="NAME", help="This budget too; repeatable.")
@click.option("--max-gpus", type=click.FloatRange(min=0), help="Exit with 1 for more GPUs at once.")
@click.option("--max-per-hour", metavar="AMOUNT", default="", help="Exit with 1 for more money an hour.")
@click.option("--max-cost", metavar="AMOUNT", default="", help="Exit with 1 for more money by the time limits.")
@click.option("--strict", is_flag=True, help="Exit with 2 where GPUs, or a price that a limit needs, are not known.")
@click.option("--markdown", is_flag=True, help="Print a comment for a pull request.")
@click.option("--offline", is_flag=True, help="Ask no server: GPUs only.")
@json_option
@server_options
def price(
    connection: Connection,
    places: tuple[Path, ...],
    base: str,
    team: str,
    queue: str,
    cluster: str,
    names: tuple[str, ...],
    max_gpus: float | None,
    max_per_hour: str,
    max_cost: str,
    strict: bool,
    markdown: bool,
    offline: bool,
    as_json: bool,
) -> None:
    """Price sbatch scripts, Kubernetes manifests, Helm values, SkyPilot tasks, or a git diff, before they run.

    A place may be a file, a folder or - (standard input: manifests, or a diff). Exit status 1: a limit or a budget is
    passed; 2: it cannot be told (--strict), or the files cannot be read.

    Example: git diff origin/main | trimtab price - --markdown --max-per-hour 200
    """
    if not places and not base:
        raise click.UsageError("cannot price nothing: name a file or a folder, or use --base REVISION")
    limits = Limits(max_gpus, _amount(max_per_hour, "--max-per-hour"), _amount(max_cost, "--max-cost"))
    read = read_base(base, places) if base else read_places(places)
    prices: dict[str, list[JobPrice]] = {}
    budgets: list[Budget] = []
    if not offline:
        try:
            with connection.client() as client:
                prices = _prices(client, read, team, queue, cluster)
                budgets = _budgets(client, read, team, names)
        except TrimtabError as problem:
            remark(f"Without prices: {problem}")
    report = report_of(read.after, read.before, prices, budgets, limits, SystemClock().now_ms())
    if as_json:
        print_json(report)
    elif markdown:
        click.echo(comment.markdown_of(report), nl=False)
    else:
        _print(report)
    click.get_current_context().exit(_status(report, limits, strict))


def _prices(client: Client, read: Read, team: str, queue: str, cluster: str) -> dict[str, list[JobPrice]]:
    """Prices of what is asked after and before."""

    def of(readings: Sequence[Reading]) -> list[JobPrice]:
        needs = all_needs(ask for one in readings for ask in one.asks)
        return JobPrices(client).of(asked(needs, team, queue, cluster)) if needs else []

    return {"after": of(read.after), "before": of(read.before or [])}


def _budgets(client: Client, read: Read, team: str, names: tuple[str, ...]) -> list[Budget]:
    """The budgets that are named, and those of the teams that the files name; none without the right to see them."""
    teams = [team] if team else [ask.team for one in read.after for ask in one.asks]
    try:
        known = Budgets(client).listed()
    except (AccessDenied, Unauthenticated):
        if names:
            raise
        return []
    missing = sorted(set(names) - {one.name for one in known})
    if missing:
        raise InvalidInput(
            f"cannot find budget {missing[0]!r}: expected one of those that `trimtab budgets list` shows"
        )
    return [one for one in known if one.type == "COST" and (one.name in names or fits(one, teams))]


def _status(report: PriceReport, limits: Limits, strict: bool) -> int:
    if report.over:
        return _OVER
    unread = bool(report.problems) and not report.asks
    unknown = any(ask.unknown for ask in report.asks) or bool(report.problems)
    unpriced = (limits.per_hour is not None or limits.cost is not None) and any(ask.unpriced for ask in report.asks)
    return _CANNOT_TELL if unread or (strict and (unknown or unpriced)) else 0


def _print(report: PriceReport) -> None:
    rows = [
        (
            ask.file,
            ask.kind,
            ask.name or "",
            "unknown" if ask.replicas is None else f"{ask.replicas}" + (f" × {ask.tasks}" if ask.tasks > 1 else ""),
            comment.gpus_words(ask),
            sums(ask.per_hour),
            sums(ask.cost),
            comment.wait_words(ask),
        )
        for ask in report.asks
    ]
    columns = ("file", "kind", "name", "replicas", "GPUs", "an hour", "by time limit", "expected wait (80 %)")
    if rows:
        print_table(columns, rows, right=columns[3:])
    click.echo(comment.headline(report))
    for one in report.limits:
        click.echo(
            f"{'OVER' if one.over else 'within'} the limit: {one.what}, {one.value or 'not known'} of {one.limit}"
        )
    for left in report.budgets:
        click.echo(("OVER " if left.over else "") + comment.budget_words(left))
    for line in (*report.problems, *comment.remarks(report)):
        remark(line)


def _amount(text: str, option: str) -> Decimal | None:
    if not text:
        return None
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or amount < 0:
        raise InvalidInput(f"cannot use {option} {text!r}: expected an amount such as 250.00", field=option)
    return amount
