"""`gpu_costs`: what a machine's GPUs cost on a day by who held them and whether they worked; adds up to the bill."""

from trimtab.access.principal import Role
from trimtab.economics.unit.room import UnitCosts
from trimtab.inventory.runs.model import Run
from trimtab.reports.datasets.field import Field, money, number, text, truth
from trimtab.reports.datasets.source import Rows, Source, Window
from trimtab.reports.datasets.sources.times import DAY, days_of

FIELDS: tuple[Field, ...] = (
    DAY, text("account", "Account of the machine."), text("resource", "The machine as the inventory has it."),
    text("resource_id", "The id of the machine."), text("node", "Its name in the cluster."),
    text("run", "Job id of what held the GPUs."), text("run_name", "Its name."), text("cluster", "Its cluster."),
    text("owner", "Its team; (held by nobody)."), text("user", "Its user."),
    text("use", "active, idle, unknown … of the time."), number("gpu_hours", "GPU-hours.", "GPU-h"),
    money("cost", "What they cost, commitments spread."), text("currency", "Currency."),
    truth("estimated", "Whether the bill does not have it yet."),
)  # fmt: skip


def gpu_costs(units: UnitCosts) -> Source:
    """The source over unit costs."""

    async def read(window: Window) -> Rows:
        first, last = days_of(window.start_ms, min(window.end_ms, units.clock.now_ms()))
        if first >= last:
            return Rows(())
        ledger = await units.ledger(window.scope, first, last)
        rows = []
        for one in ledger.slices:
            run = ledger.holders.get(one.holder)
            account = ledger.accounts.get(one.resource) or (run.key.account if run else None)
            bare = one.resource.rsplit("/", 1)[-1]
            place = one.day_ms, account, one.resource, bare, one.node
            what = one.use.value, one.gpu_hours, one.cost, one.currency, one.estimated
            rows.append((*place, *_held_by(run, one.team), *what))
        return Rows(rows, ledger.now_ms or None)

    return Source(
        "gpu_costs", "Costs of GPUs", "a machine's day by holder and use", FIELDS, read, Role.FINANCE, whole=True
    )


def _held_by(run: Run | None, team: str) -> tuple[str | None, ...]:
    if run is None:
        return None, None, None, team, None
    return run.key.job, run.name, run.key.cluster, team, run.user
