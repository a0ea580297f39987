"""`allocated_costs`: the bill by owner as the allocation in force has it, splits carried; equal to statements, on the
basis that they name."""

from trimtab.access.principal import Role
from trimtab.costs.model import CostCategory, CostQuery, CostRow, Dimension, Facet, Granularity, Metric
from trimtab.economics.room import EconomicsRoom
from trimtab.reports.datasets.field import Field, integer, money, text, time
from trimtab.reports.datasets.source import Rows, Source, Window
from trimtab.reports.datasets.sources.times import days_of

FIELDS: tuple[Field, ...] = (
    time("day", "Day of the charge."), text("owner", "Team, project or whom the rules name."),
    text("account", "Account that used it."), text("region", "Region."), text("service", "Service."),
    text("currency", "Currency."), money("billed_cost", "What was billed."),
    money("effective_cost", "With commitments spread over what they cover."),
    money("net_effective_cost", "The same after every discount, as statements are where no rule names a basis."),
    integer("lines", "Lines of the bill."),
)  # fmt: skip


def allocated_costs(economics: EconomicsRoom) -> Source:
    """The source over the room."""

    async def owner() -> Facet:
        return CostCategory((await economics.rules.current()).rules.owner, owners=True)

    async def read(window: Window) -> Rows:
        extent = await economics.bills.extent()
        if extent is None:
            return Rows((), None, "no bill was imported")
        first, last = days_of(window.start_ms, window.end_ms)
        start, end = max(first, extent[0]), min(last, extent[1])
        if start >= end:
            return Rows((), extent[1], "the bill has no line in this range")
        query = CostQuery(
            start,
            end,
            (Metric.UNBLENDED, Metric.AMORTIZED, Metric.NET_AMORTIZED),
            Granularity.DAILY,
            (await owner(), Dimension.LINKED_ACCOUNT, Dimension.REGION, Dimension.SERVICE),
        )
        found = await economics.bills.costs(window.scope, query)
        return Rows([_row(one) for one in found], extent[1])

    return Source(
        "allocated_costs", "Costs by owner", "an owner's day of a service", FIELDS, read, Role.FINANCE, whole=True
    )


def _row(one: CostRow) -> tuple[object, ...]:
    owner, account, region, service = one.keys
    return one.start_ms, owner or "unowned", account, region, service, one.currency, *one.amounts, one.lines
