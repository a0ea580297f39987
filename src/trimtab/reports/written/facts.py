"""What reports are written from: the same readers that pages and the API use, asked for a period and the one before."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal

from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.advice.store import FindingStore
from trimtab.advice.together import Together, together
from trimtab.alarms.history import STATE, Item
from trimtab.alarms.history import Wanted as HistoryWanted
from trimtab.alarms.room import AlarmRoom
from trimtab.base.clock import Clock
from trimtab.costs.anomalies.found import FoundStore
from trimtab.costs.anomalies.found import Wanted as AnomaliesWanted
from trimtab.costs.anomalies.model import Anomaly
from trimtab.costs.explorer.compare import Compared
from trimtab.costs.explorer.drivers import Change
from trimtab.costs.model import Dimension, Facet, Filter, Where
from trimtab.costs.read_sql import DAY_MS
from trimtab.costs.room import CostsRoom
from trimtab.economics.room import EconomicsRoom
from trimtab.fleet.basis import DEFAULT, Basis
from trimtab.inventory.runs.filter import RunFilter
from trimtab.inventory.sources import SourceLedger
from trimtab.kpis.model import Level, Report
from trimtab.kpis.report import report
from trimtab.kpis.runs.reader import RunReports
from trimtab.kpis.runs.report import RunReport
from trimtab.metrics.read import MetricReader
from trimtab.metrics.registry import SeriesRegistry
from trimtab.reports.written.document import Age

MOST_RUNS = 2_000
"""Runs of a period that a report adds up: the last submitted of more, which it says."""
_MOST_CHANGES = 1_000
_BASIS = DEFAULT
"""What reports tell all money on: costs of runs and of GPU-hours too."""


class Ask(Struct, frozen=True):
    """Who asks for what: `[start_ms, end_ms)`, compared with the same length before; `owner` "" is everybody."""

    scope: Scope
    start_ms: int
    end_ms: int
    owner: str = ""

    @property
    def before(self) -> tuple[int, int]:
        """The period that this one is compared with."""
        return 2 * self.start_ms - self.end_ms, self.start_ms


class Money(Struct, frozen=True):
    """Costs of two periods: all of them, by owner and by service, one of each a currency; and why they changed.

    `end_ms` is where the bill ends, when that is before the period does. All amounts are on one `basis`.
    """

    total: Sequence[Compared]
    owners: Sequence[Compared]
    services: Sequence[Compared]
    changes: Sequence[Change]
    end_ms: int
    basis: Basis = _BASIS

    @property
    def currencies(self) -> list[str]:
        """The currency that most was spent in first."""
        return [one.currency for one in sorted(self.total, key=lambda one: -abs(one.after))]


class Facts(Struct, frozen=True):
    """The readers. `advice` is None where nothing is advised yet. `account` is whose schedules callers of none make."""

    costs: CostsRoom
    economics: EconomicsRoom
    reader: MetricReader
    registry: SeriesRegistry
    runs: RunReports
    alarms: AlarmRoom
    anomalies: FoundStore
    advice: FindingStore | None
    sources: SourceLedger
    clock: Clock
    account: str

    async def money(self, ask: Ask) -> Money | None:
        """What was spent, by whom and why; None where no bill covers any of the period. Whole days are compared."""
        extent = await self.costs.reader.extent()
        if extent is None or extent[1] <= ask.start_ms:
            return None
        end_ms = min(ask.end_ms, extent[1])
        after = ask.start_ms, end_ms
        before = ask.start_ms - (end_ms - ask.start_ms), ask.start_ms
        owner, explorer = await self.owner_facet(), self.costs.explorer
        mine: Filter | None = Where(owner, (ask.owner,)) if ask.owner else None
        total, owners, services, changes = await asyncio.gather(
            explorer.compare(ask.scope, before, after, _BASIS.metric, (), mine),
            explorer.compare(ask.scope, before, after, _BASIS.metric, (owner,), mine),
            explorer.compare(ask.scope, before, after, _BASIS.metric, (Dimension.SERVICE,), mine),
            explorer.drivers(ask.scope, before, after, _BASIS.metric, None, mine),
        )
        return Money(total, owners, services, changes, end_ms)

    async def owner_facet(self) -> Facet:
        """What owners are told by: the category of the allocation, or its tag where no allocation is made."""
        return (await self.economics.rules.current()).owner_facet

    async def kpis(self, ask: Ask, level: Level) -> Report:
        """The KPIs of the period."""
        span = ask.start_ms, min(ask.end_ms, self.clock.now_ms())
        return await report(self.reader, self.registry, ask.scope, level, *span, ledger=self.runs.ledger)

    async def run_reports(self, ask: Ask) -> list[RunReport]:
        """Runs that waited or ran in the period, of the owner."""
        wanted = RunFilter(start_ms=ask.start_ms, end_ms=ask.end_ms, team=ask.owner)
        return await self.runs.listed(ask.scope, wanted, MOST_RUNS)

    async def alarm_changes(self, ask: Ask) -> Mapping[str, Sequence[Item]]:
        """Changes of state in the period by alarm that the scope covers, the first to the last."""
        known = {one.alarm.key for one in (await self.alarms.listing.within(ask.scope)).alarms}
        found: dict[str, list[Item]] = defaultdict(list)
        for account, region in sorted({(key.account, key.region) for key in known}):
            wanted = HistoryWanted(
                account, region, item_type=STATE, start_ms=ask.start_ms, end_ms=ask.end_ms, ascending=True
            )
            for item in await self.alarms.store.history(wanted, _MOST_CHANGES):
                if item.key in known:
                    found[item.key.name].append(item)
        return found

    async def cost_anomalies(self, ask: Ask) -> list[Anomaly]:
        """Cost anomalies whose last day is in the period, the largest first."""
        found = await self.anomalies.listed(ask.scope, AnomaliesWanted(ask.start_ms, ask.end_ms))
        return sorted(found, key=lambda one: -one.finding.impact.total)

    async def advised(self, ask: Ask) -> list[Together]:
        """What is to be changed now, of the owner, the most worth first: findings of one check are one thing to do."""
        if self.advice is None:
            return []
        found = await self.advice.listed(ask.scope)
        return together(one for one in found if not ask.owner or one.finding.owner == ask.owner)

    async def ages(self, ask: Ask) -> list[Age]:
        """How new what a report says is."""
        extent = await self.costs.reader.extent()
        mine = ask.scope.accounts
        seen = [one for one in self.sources.list() if mine is None or one.account in mine]
        late = sorted(one.name for one in seen if one.last_seen_ms < self.clock.now_ms() - DAY_MS)
        silent = f"silent for a day: {', '.join(late[:3])}{' …' if len(late) > 3 else ''}" if late else ""
        return [
            Age("Bill", extent[1] if extent else None, "" if extent else "no bill was imported"),
            Age("Telemetry", max((one.last_seen_ms for one in seen), default=None), silent),
        ]


def sum_of(rows: Sequence[Compared], currency: str) -> tuple[Decimal, Decimal]:
    """Before and after, of one currency."""
    own = [one for one in rows if one.currency == currency]
    return sum((one.before for one in own), Decimal(0)), sum((one.after for one in own), Decimal(0))
