"""`advice`: what stands of advice now: what to change, what that saves, what was decided."""

from trimtab.access.principal import Role
from trimtab.advice.standing import Standing, Wanted
from trimtab.advice.store import FindingStore
from trimtab.base.clock import Clock
from trimtab.reports.datasets.field import Field, labels, money, number, text, time, truth
from trimtab.reports.datasets.source import Rows, Source, Window

FIELDS: tuple[Field, ...] = (
    text("finding", "Id of it."), text("check", "Which check found it."), text("pillar", "What it looks after."),
    text("account", "Account."), text("region", "Region."), text("resource", "What is to change, by its path."),
    text("resource_id", "The id of what is to change."), text("kind", "Kind of it."), text("name", "Its name."),
    text("owner", "Team."), text("status", "error, warning or ok."), text("summary", "In a sentence."),
    text("action", "What the fix does."), text("effort", "How much work it is."), text("current", "What is there."),
    text("advised", "What should be."), money("cash", "What leaves the next invoice, a month."),
    money("cost", "What it costs a month now."), text("currency", "Currency."),
    number("gpu_hours", "Capacity that becomes free, a month.", "GPU-h"), number("confidence", "From 0 to 1."),
    text("state", "active, or resolved since."), text("decision", "What a person said."),
    truth("hidden", "Dismissed, or suppressed for now."), time("first", "Found first."), time("last", "Found last."),
    labels("tags", "Tags of the resource."),
)  # fmt: skip


def advice(findings: FindingStore, clock: Clock) -> Source:
    """The source over the store of findings."""

    async def read(window: Window) -> Rows:
        found = await findings.listed(window.scope, Wanted(hidden=True))
        return Rows([_row(one, clock.now_ms()) for one in found], max((one.last_ms for one in found), default=None))

    return Source("advice", "Advice", "a finding as it stands", FIELDS, read, Role.FINANCE, whole=True)


def _row(one: Standing, now_ms: int) -> tuple[object, ...]:
    it = one.finding
    what = it.id, it.check, it.pillar.value, it.account, it.region, it.resource, it.resource.split("/", 4)[-1]
    words = it.kind, it.name, it.owner, it.status.value, it.summary, it.action.value, it.effort.value
    worth = it.current, it.advised, it.cash, it.cost, it.currency, it.gpu_hours, it.confidence
    stands = one.state.value, one.decision.value, one.hidden(now_ms), one.first_ms, one.last_ms
    return (*what, *words, *worth, *stands, it.tags)
