"""`trimtab costs`, `costs drivers`, `coverage`, `savings-rate`, `values`: what a bill says, what changed and why."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, TypeVar

import click

from trimtab.base.coins import coins, money, signed
from trimtab.cli.connection import Connection, server_options
from trimtab.cli.output import day_of, json_option, print_json, print_table, remark, sparkline
from trimtab.client import cost_explorer_wire as wire
from trimtab.client.cost_explorer import Asked, CostExplorer

F = TypeVar("F", bound=Callable[..., Any])
GRANULARITIES = ("hourly", "daily", "monthly", "total")
_MOST_COLUMNS = 13  # a year of months and the total fit a wide terminal


def range_options(command: F) -> F:
    """Add `--from`, `--to` and `--filter`; the command gets `start`, `end` and `filters`."""
    for option in (
        click.option("--filter", "filters", multiple=True, metavar="FACET=VALUE",
                     help="Only these lines; also !=, ~ (contains), !~. May be repeated."),
        click.option("--to", "--end", "end", metavar="DAY", help="The day after the last.  [default: all there is]"),
        click.option("--from", "--start", "start", metavar="DAY",
                     help="First day: 2026-08-01, -30d.  [default: the last three months that the bill has]"),
    ):  # fmt: skip
        command = option(command)
    return command


def metric_option(default: str) -> Callable[[F], F]:
    """Add `--metric`."""
    return click.option(
        "--metric", default=default, show_default=True,
        help="unblended, amortized, net_unblended, net_amortized, blended, list, contracted, usage; split and "
        "split_unused are containers' shares.",
    )  # fmt: skip


def show_costs(connection: Connection, asked: Asked, metric: str, granularity: str, *, as_json: bool) -> None:
    """Print sums: a table of periods across, or a row a period where there are many."""
    with connection.client() as client:
        found = CostExplorer(client).costs(asked, metric=metric, granularity=granularity)
    if as_json:
        print_json(found)
        return
    if not found.cells:
        remark(
            f"No lines from {day_of(found.start_ms)} to {day_of(found.end_ms)}. `trimtab costs imports` lists bills."
        )
        return
    periods = sorted({cell.start_ms for cell in found.cells})
    sums: dict[tuple[str, ...], dict[int, Decimal]] = {}
    units: dict[tuple[str, ...], str] = {}
    is_money = found.metric not in ("usage", "normalized_usage")
    for cell in found.cells:
        key = (*cell.keys, cell.currency)
        row = sums.setdefault(key, {})
        row[cell.start_ms] = row.get(cell.start_ms, Decimal(0)) + Decimal(cell.amount)
        units[key] = cell.currency if is_money else cell.unit
    order = sorted(sums, key=lambda key: -sum(sums[key].values()))
    names = (*found.groups, "currency" if is_money else "unit")
    if len(periods) < _MOST_COLUMNS:
        heads = [day_of(at)[: 7 if found.granularity == "monthly" else 10] for at in periods]
        columns = (*names, *heads, *(["total"] if len(periods) > 1 else []))
        rows = [_across(key, units[key], sums[key], periods) for key in order]
        print_table(columns, rows, right=columns[len(names) :])
    else:
        rows = [
            [*_shown(key), units[key], sparkline([float(sums[key].get(at, 0)) for at in periods]),
             coins(sum(sums[key].values(), Decimal(0)), units[key])]
            for key in order
        ]  # fmt: skip
        print_table((*names, f"{len(periods)} × {found.granularity}", "total"), rows, right=("total",))
    if is_money:
        for currency, amount in found.totals.items():
            click.echo(f"total {money(amount, currency)}, {found.metric}, "
                       f"{day_of(found.start_ms)} to {day_of(found.end_ms)} (not included)")  # fmt: skip
        if (whole := found.together) is not None:
            by = " and ".join(whole.sources)
            told = "; ".join(f"{currency}: {why}" for currency, why in whole.missing.items())
            amount_ = f"unknown {whole.currency}" if whole.total is None else money(whole.total, whole.currency)
            click.echo(f"together {amount_}, {f'by the rates of {by}' if whole.total else told}")


@click.command("drivers")
@range_options
@click.option("--baseline-from", metavar="DAY", help="First day to compare with.  [default: the same length before]")
@click.option("--baseline-to", metavar="DAY", help="The day after the last.")
@click.option("--by", "group", metavar="FACET", help="Take apart by account, region, tag:KEY … too.")
@metric_option("amortized")
@click.option("--limit", type=click.IntRange(1, 1000), default=10, show_default=True, help="Drivers at most.")
@json_option
@server_options
def drivers(
    connection: Connection, start: str | None, end: str | None, filters: tuple[str, ...], baseline_from: str | None,
    baseline_to: str | None, group: str | None, metric: str, limit: int, as_json: bool,
) -> None:  # fmt: skip
    """Show what changed between two periods, as price × quantity × mix. The parts add up to the change."""
    asked = Asked(start, end, (group,) if group else (), filters)
    if (baseline_from is None) != (baseline_to is None):
        raise click.UsageError("--baseline-from and --baseline-to go together")
    baseline = (baseline_from, baseline_to) if baseline_from and baseline_to else None
    with connection.client() as client:
        found = CostExplorer(client).drivers(asked, metric=metric, baseline=baseline, limit=limit)
    if as_json:
        print_json(found)
        return
    remark(
        f"{day_of(found.baseline_start_ms)} to {day_of(found.baseline_end_ms)} → "
        f"{day_of(found.start_ms)} to {day_of(found.end_ms)}, {found.metric}"
    )
    if not found.changes:
        remark("No lines in either period.")
    for change in found.changes:
        click.echo(change.text)
        rows = [
            (
                one.title,
                coins(one.before, change.currency),
                coins(one.after, change.currency),
                signed(Decimal(one.after) - Decimal(one.before), change.currency),
                one.text,
            )
            for one in change.drivers
        ]
        columns = ("what", "before", "after", "change")
        print_table((*columns, "why"), rows, right=columns[1:])
        if change.more:
            remark(f"and {change.more} more; --limit shows them")


@click.command("coverage")
@range_options
@click.option("--by", "groups", multiple=True, metavar="FACET", help="Coverage of each service, account, region …")
@click.option(
    "--granularity", type=click.Choice(GRANULARITIES[1:]), default="total", show_default=True, help="Periods."
)
@json_option
@server_options
def coverage(
    connection: Connection, start: str | None, end: str | None, filters: tuple[str, ...], groups: tuple[str, ...],
    granularity: str, as_json: bool,
) -> None:  # fmt: skip
    """Show how much of commitments was used, and how much of each provider's own usage they covered."""
    with connection.client() as client:
        found = CostExplorer(client).coverage(Asked(start, end, groups, filters), granularity=granularity)
    if as_json:
        print_json(found)
        return
    if found.commitments:
        rows = [
            (one.provider, one.type, one.name or one.id, f"{one.years} y" if one.years else "–", one.currency,
             _percent(one.utilization),
             *(coins(each, one.currency) for each in (one.total, one.unused, one.net_savings)))
            for one in found.commitments
        ]  # fmt: skip
        right = ("used", "cost", "unused", "net savings")
        print_table(("provider", "type", "commitment", "term", "currency", *right), rows, right=right)
    else:
        remark("The bill has no commitment in this time.")
    _print_providers(found.providers)
    covered = [
        (day_of(one.start_ms), *one.keys, one.currency, _percent(one.hours_covered), _percent(one.spend_covered),
         coins(one.on_demand_spend, one.currency))
        for one in found.coverage
    ]  # fmt: skip
    shares = ("reserved hours", "spend under plans", "on demand")
    print_table(("from", *found.groups, "currency", *shares), covered, right=shares)


def _print_providers(found: Sequence[wire.ProviderCoverage]) -> None:
    rows = [
        (one.provider, one.currency, _percent(one.coverage), _percent(one.utilization), _percent(one.savings_rate),
         coins(one.on_demand, one.currency), coins(one.unused, one.currency))
        for one in found
    ]  # fmt: skip
    if rows:
        right = ("covered", "used", "savings rate", "on demand", "unused")
        print_table(("provider", "currency", *right), rows, right=right)


@click.command("savings-rate")
@range_options
@click.option("--by", "groups", multiple=True, metavar="FACET", help="The rate of each service, account, region …")
@click.option(
    "--granularity", type=click.Choice(GRANULARITIES[1:]), default="total", show_default=True, help="Periods."
)
@json_option
@server_options
def savings_rate(
    connection: Connection, start: str | None, end: str | None, filters: tuple[str, ...], groups: tuple[str, ...],
    granularity: str, as_json: bool,
) -> None:  # fmt: skip
    """Show the effective savings rate: what commitments saved, unused ones deducted, of the on-demand equivalent."""
    with connection.client() as client:
        found = CostExplorer(client).savings_rate(Asked(start, end, groups, filters), granularity=granularity)
    if as_json:
        print_json(found)
        return
    if not found.rows:
        remark("The bill has no usage in this time that commitments could cover.")
        return
    right = ("on-demand equivalent", "paid", "of it unused", "saved", "rate")
    rows = [
        (day_of(one.start_ms), *one.keys, one.currency,
         *(coins(each, one.currency) for each in (one.on_demand, one.paid, one.unused, one.savings)),
         _percent(one.rate))
        for one in found.rows
    ]  # fmt: skip
    print_table(("from", *found.groups, "currency", *right), rows, right=right)
    for one in found.total:
        click.echo(f"effective savings rate {_percent(one.rate)}: {money(one.savings, one.currency)} saved")


@click.command("values")
@click.argument("facet", required=False, default="")
@range_options
@click.option("--search", default="", help="Part of the value.")
@json_option
@server_options
def values(
    connection: Connection, facet: str, start: str | None, end: str | None, filters: tuple[str, ...], search: str,
    as_json: bool,
) -> None:  # fmt: skip
    """List what a bill can be grouped and filtered by, or the values of FACET by cost."""
    with connection.client() as client:
        found = CostExplorer(client).values(facet, Asked(start, end, (), filters), search=search)
    if as_json:
        print_json(found)
    elif not facet:
        for one in found.facets:
            click.echo(one)
    else:
        rows = [(one.value or "(none)", coins(one.amount, one.currency), one.currency) for one in found.values]
        print_table((facet, "billed", "currency"), rows, right=("billed",))


def _across(key: Sequence[str], unit: str, sums: dict[int, Decimal], periods: Sequence[int]) -> list[str]:
    amounts = [coins(sums[at], unit) if at in sums else "–" for at in periods]
    total = [coins(sum(sums.values(), Decimal(0)), unit)] if len(periods) > 1 else []
    return [*_shown(key), unit, *amounts, *total]


def _shown(key: Sequence[str]) -> list[str]:
    """The group's keys, without the currency."""
    return [value or "(none)" for value in key[:-1]]


def _percent(share: str | None) -> str:
    return "–" if share is None else f"{float(share) * 100:.1f} %"
