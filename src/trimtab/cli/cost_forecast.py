"""`trimtab costs forecast`: where the bill is going, and how wrong that was before."""

import click

from trimtab.base.coins import coins, signed
from trimtab.cli.connection import Connection, server_options
from trimtab.cli.cost_views import metric_option
from trimtab.cli.output import day_of, json_option, print_json, print_table, remark
from trimtab.client import cost_explorer_wire as wire
from trimtab.client.cost_explorer import Asked, CostExplorer

_MONTH = 7  # characters of a day's text that name its month


@click.command("forecast")
@click.option("--filter", "filters", multiple=True, metavar="FACET=VALUE", help="Only these lines. May be repeated.")
@click.option(
    "--from", "--start", "start", metavar="DAY", help="First day.  [default: the month in which the bill ends]"
)
@click.option(
    "--to", "--end", "end", metavar="DAY", help="The day after the last.  [default: the end of the month after]"
)
@click.option("--granularity", type=click.Choice(("daily", "monthly")), default="monthly", show_default=True)
@click.option("--level", type=click.IntRange(51, 99), default=80, show_default=True,
              help="Percent of outcomes that intervals are to hold.")  # fmt: skip
@metric_option("unblended")
@json_option
@server_options
def forecast(
    connection: Connection, start: str | None, end: str | None, filters: tuple[str, ...], granularity: str, level: int,
    metric: str, as_json: bool,
) -> None:  # fmt: skip
    """Show what the coming days or months are expected to cost.

    Example: trimtab costs forecast --filter tag:team=search
    """
    asked = Asked(start, end, (), filters)
    with connection.client() as client:
        found = CostExplorer(client).forecast(asked, metric=metric, granularity=granularity, level=level)
    if as_json:
        print_json(found)
        return
    unit = found.currency if "usage" not in found.metric else found.unit
    rows = [_row(one, _period(one, granularity), unit) for one in found.periods]
    if len(found.periods) > 1:
        rows.append(_row(found.total, "total", unit))
    heads = ("period", f"expected {unit}", "from", "to", "on the bill")
    print_table(heads, rows, right=heads[1:])
    if found.closing is not None:
        _print_closing(found.closing, unit)
    for one in found.changes:
        remark(f"From {day_of(one.at_ms)} {one.note}: {signed(one.per_day, unit)} a day.")
    if found.note:
        remark(f"Other currencies: {found.note}.")
    remark(_proof(found))


def _print_closing(found: wire.MonthClose, unit: str) -> None:
    """What the open month is made of."""
    print_table(
        (f"{day_of(found.start_ms)[:_MONTH]}, by line", f"expected {unit}", "from", "to", "on the bill", "because"),
        [
            ["use so far", coins(found.use, unit), "", "", coins(found.use, unit), ""],
            ["use ahead", coins(found.ahead, unit), "", "", coins(0, unit), ""],
            *(
                [one.name, *_coins(unit, one.expected, one.lower, one.upper, one.so_far), one.why]
                for one in found.lines
            ),
        ],
        right=(f"expected {unit}", "from", "to", "on the bill"),
    )
    if found.error is not None and found.coverage is not None:
        remark(
            f"On the same day of {found.replayed} closed months the forecast was {found.error:.1%} off (median) "
            f"and {found.coverage:.0%} of them lay inside their interval."
        )
    if found.note:
        remark(f"{found.note[0].upper()}{found.note[1:]}.")


def _coins(unit: str, *amounts: str) -> list[str]:
    return [coins(one, unit) for one in amounts]


def _period(one: wire.ForecastPeriod, granularity: str) -> str:
    return day_of(one.start_ms)[: _MONTH if granularity == "monthly" else None]


def _row(one: wire.ForecastPeriod, name: str, unit: str) -> list[str]:
    return [name, *_coins(unit, one.mean, one.lower, one.upper, one.known)]


def _proof(found: wire.CostForecast) -> str:
    """How this very forecast did on the past."""
    until = f"The bill ends on {day_of(found.known_until_ms - 1)}."
    if not found.origins:
        return f"{until} Nothing had to be forecast."
    error = "unknown" if found.error is None else f"{found.error:.1%}"
    models = ", ".join(f"{one.name} {one.weight:.0%}" for one in found.models[:3])
    return (
        f"{until} Replayed from {found.origins} earlier days, forecasts by day were {error} off and "
        f"{found.coverage:.0%} of the days lay inside their {found.level:.0%} interval. Made of {models}."
    )
