"""`savings`: the ledger of advice that was taken: what was predicted of it, and what came."""

from trimtab.access.principal import Role
from trimtab.advice.ledger.model import Entry
from trimtab.advice.ledger.store import LedgerStore
from trimtab.reports.datasets.field import Field, money, number, text, time
from trimtab.reports.datasets.source import Rows, Source, Window

FIELDS: tuple[Field, ...] = (
    text("finding", "Id of the advice."), text("check", "Which check found it."), text("verb", "What the plan did."),
    text("account", "Account."), text("region", "Region."), text("resource", "What was changed, by its path."),
    text("resource_id", "The id of what was changed."), text("billed_as", "Its machine as the bill names it."),
    text("owner", "Team."), text("state", "accepted, applied or measured."), text("grade", "Against prediction."),
    time("accepted", "Accepted by somebody."), time("applied", "Seen done."),
    time("planned", "The plan that said what it adds."),
    money("predicted", "What it added in the plan when it was taken, a month."),
    money("realised", "What it saves, a month."), money("realised_total", "What it saved so far."),
    text("currency", "Currency."), number("gpu_hours", "Capacity that it was to make free, a month.", "GPU-h"),
)  # fmt: skip


def savings(ledger: LedgerStore) -> Source:
    """The source over the ledger."""

    async def read(window: Window) -> Rows:
        found = await ledger.listed(window.scope)
        newest = max((max(one.accepted_ms, one.applied_ms, one.measured_ms) for one in found), default=None)
        return Rows([_row(one) for one in found], newest)

    return Source("savings", "Savings", "a piece of advice that was taken", FIELDS, read, Role.FINANCE, whole=True)


def _row(one: Entry) -> tuple[object, ...]:
    what = one.finding, one.check, one.verb, one.account, one.region, one.resource, one.resource.split("/", 4)[-1]
    stands = one.billed_as, one.owner, one.state.value, one.grade.value
    times = one.accepted_ms or None, one.applied_ms or None, one.planned_ms or None
    worth = one.predicted, one.realised, one.realised_total, one.currency, one.predicted_gpu_hours
    return (*what, *stands, *times, *worth)
