"""Facts of a made-up week, as the readers would answer."""

from decimal import Decimal
from types import SimpleNamespace

from trimtab.base.clock import ManualClock
from trimtab.costs.explorer.compare import Compared
from trimtab.fleet.figures import FIGURES
from trimtab.fleet.frame import Totals
from trimtab.kpis.formulas import FORMULAS
from trimtab.kpis.model import GroupKpis, Kpi, Level, Report
from trimtab.reports.written.document import Age
from trimtab.reports.written.facts import Ask, Money

DAY_MS = 86_400_000
MONDAY_MS = 1_795_392_000_000  # 2026-11-23
NOW_MS = MONDAY_MS + 7 * 3_600_000
HOURS = {"vision": (800.0, 700.0, 200.0), "search": (200.0, 150.0, 140.0)}


class PretendedFacts:
    """What `Facts` answers, without any store."""

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock

    async def money(self, ask: Ask) -> Money:
        owners = [
            Compared(("vision",), "USD", "", Decimal("100.10"), Decimal("300.15")),
            Compared(("",), "USD", "", Decimal("50.00"), Decimal("40.05")),
        ]
        mine = [one for one in owners if not ask.owner or one.keys == (ask.owner,)]
        sums = [sum((getattr(one, side) for one in mine), Decimal(0)) for side in ("before", "after")]
        total = [Compared((), "USD", "", *sums)]
        return Money(total, mine, [Compared(("AmazonEC2",), "USD", "", *sums)], [], ask.end_ms)

    async def kpis(self, ask: Ask, level: Level) -> Report:
        sums = tuple(map(sum, zip(*HOURS.values(), strict=True)))
        rows = {"fleet": sums} if level is Level.FLEET else HOURS if level is Level.TEAM else {}
        groups = [_group(name, *values) for name, values in rows.items()]
        return Report(level, level.value, ask.start_ms, ask.end_ms, 3600, groups)

    async def run_reports(self, ask: Ask) -> list[SimpleNamespace]:
        return []

    async def alarm_changes(self, ask: Ask) -> dict[str, list[SimpleNamespace]]:
        fired = [SimpleNamespace(summary="Alarm updated from OK to ALARM", at_ms=ask.start_ms + at) for at in range(12)]
        return {"loud": fired, "quiet": []}

    async def cost_anomalies(self, ask: Ask) -> list[SimpleNamespace]:
        return []

    async def advised(self, ask: Ask) -> list[SimpleNamespace]:
        return []

    async def ages(self, ask: Ask) -> list[Age]:
        return [Age("Bill", ask.end_ms), Age("Telemetry", None, "nothing reports")]


def _group(name: str, existing: float, held: float, active: float) -> GroupKpis:
    hours = Totals(existing=existing, held=held, free=existing - held, active=active)
    known = {id_: figure.of(hours) for id_, figure in FIGURES.items()}
    return GroupKpis(name, tuple(Kpi(id_, known.get(id_)) for id_ in FORMULAS))
