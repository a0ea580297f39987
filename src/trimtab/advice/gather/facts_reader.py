"""Reads the facts that checks need: what all of them declare, together, with few queries."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from decimal import Decimal

from msgspec import Struct

from trimtab.access.scope import EVERYTHING, Scope
from trimtab.advice.check import Check, Want
from trimtab.advice.facts import BILL_DAYS, DAY_MS, Ask, Facts, GpuLoss, MachineUse, RunHours, Thing, Watch
from trimtab.advice.gather.bills import Billed, billed
from trimtab.advice.gather.gpus import GpuReader
from trimtab.advice.gather.machines import KnownFleet, known_fleet
from trimtab.advice.gather.measures import measures
from trimtab.advice.gather.things import read_kinds, things
from trimtab.advice.gather.training import TrainingReader
from trimtab.advice.gather.uses import machine_uses
from trimtab.advice.rules import Rules, no_rules
from trimtab.base.clock import Clock
from trimtab.base.records import replace
from trimtab.costs.model import Facet
from trimtab.costs.room import CostsRoom
from trimtab.fleet.health.actions import Proposal
from trimtab.fleet.health.room import HealthReader
from trimtab.fleet.reading import HoursReader
from trimtab.genai.habits import NO_HABITS, Habits
from trimtab.inventory.catalog.book import HOME
from trimtab.inventory.room import InventoryRoom
from trimtab.metrics.read import MetricReader
from trimtab.metrics.registry import SeriesRegistry

ALARMS = "cloudwatch:alarm"
OwnerFacet = Callable[[], Awaitable[Facet]]
"""What of the bill says whose a line is: the category of the allocation rules, or a tag."""
Watches = Callable[[Scope], Awaitable[Sequence[Watch]]]
"""Asks for the alarms that are kept here."""
Phases = Callable[[Scope], Awaitable[Sequence[RunHours]]]
"""Asks what the GPUs of the runs of the last days did."""

ReadHabits = Callable[[Scope], Awaitable[Habits]]
"""Asks how callers used models in the last days."""


async def no_habits(scope: Scope) -> Habits:
    """Where nobody says how models are used."""
    del scope
    return NO_HABITS


async def no_phases(scope: Scope) -> Sequence[RunHours]:
    """Where nobody says what GPUs did."""
    del scope
    return ()


class FactsReader(Struct, frozen=True):
    """The port of facts over the rooms that own them."""

    inventory: InventoryRoom
    reader: MetricReader
    registry: SeriesRegistry
    costs: CostsRoom
    watches: Watches
    owner: OwnerFacet
    clock: Clock
    hours: HoursReader | None = None
    rules: Rules = no_rules
    health: HealthReader | None = None
    phases: Phases = no_phases
    habits: ReadHabits = no_habits

    async def read(
        self, checks: Iterable[Check], scope: Scope = EVERYTHING, wants: frozenset[Want] = frozenset()
    ) -> Facts:
        """What `checks` need (and `wants` beside that), as of now."""
        wanted = list(checks)
        wants |= {want for one in wanted for want in one.wants}
        now_ms = self.clock.now_ms()
        kinds = sorted({kind for one in wanted for kind in one.kinds})
        found = await things(self.inventory, scope, kinds)
        asks: dict[Ask, Sequence[Thing]] = {}
        for one in wanted:
            for ask in one.asks:
                mine = (thing for kind in one.kinds for thing in found.get(kind, ()) if one.picks(thing))
                asks[ask] = [*asks.get(ask, ()), *mine]
        unique = {ask: list({thing.path: thing for thing in many}.values()) for ask, many in asks.items()}
        await self.reader.fresh()
        values = await measures(self.reader, self.registry, scope, unique, now_ms)
        bill = await billed(self.costs, scope, now_ms, await self.owner()) if Want.BILL in wants else Billed()
        watches = [*_aws_alarms(found.get(ALARMS, ())), *(await self.watches(scope))] if Want.WATCHES in wants else []
        fleet = await self._fleet(scope, now_ms, bill)
        facts = Facts(
            now_ms,
            found,
            values,
            bill.bills,
            bill.commitments,
            bill.on_demand,
            bill.transfers,
            watches,
            prices=self._prices(now_ms) if Want.PRICES in wants else {},
            billed=bill.any,
            read=await read_kinds(self.inventory, scope),
            machines=fleet.machines,
            rules=await self.rules(),
            billed_owners=bill.owners,
        )
        gpus, training = self._gpu_reader(), TrainingReader(self.reader, self.registry, self.inventory)
        return replace(
            facts,
            things={kind: [_owned(one, facts) for one in many] for kind, many in found.items()},
            gpus=await gpus.gpus(scope, now_ms, fleet, facts) if Want.GPUS in wants else (),
            gpu_losses=await gpus.losses(scope, now_ms) if Want.LOSSES in wants else (),
            gpu_actions=await self._actions(scope, now_ms) if Want.ACTIONS in wants else (),
            ports=await training.ports(scope, now_ms) if Want.FABRIC in wants else (),
            program_faults=await training.faults(scope, now_ms) if Want.LINES in wants else (),
            run_hours=await self.phases(scope) if Want.PHASES in wants else (),
            habits=await self.habits(scope) if Want.HABITS in wants else NO_HABITS,
            machine_uses=await self._uses(scope, now_ms, fleet) if Want.USES in wants else (),
        )

    async def _fleet(self, scope: Scope, now_ms: int, bill: Billed) -> KnownFleet:
        if self.hours is None:
            return KnownFleet()
        today = now_ms // DAY_MS * DAY_MS
        span = bill.span if bill.any else (today - BILL_DAYS * DAY_MS, today)
        return await known_fleet(self.hours, self.inventory, scope, span, now_ms, bill.bills)

    async def _actions(self, scope: Scope, now_ms: int) -> Sequence[Proposal]:
        """Of who sees a part of the owners none: machines are whole."""
        if self.health is None or scope.rows:
            return ()
        return (await self.health.report(scope, now_ms - BILL_DAYS * DAY_MS, now_ms)).proposals

    async def _uses(self, scope: Scope, now_ms: int, fleet: KnownFleet) -> Sequence[MachineUse]:
        if self.hours is None:
            return ()
        return await machine_uses(self.hours, scope, now_ms, fleet)

    def _gpu_reader(self) -> GpuReader:
        return GpuReader(self.reader, self.registry, self.inventory, self.hours)

    async def losses(self, scope: Scope) -> list[GpuLoss]:
        """GPU-hours lost by node and cause: the evidence of a claim."""
        return await self._gpu_reader().losses(scope, self.clock.now_ms())

    def _prices(self, now_ms: int) -> dict[str, Decimal]:
        catalog = self.inventory.catalog
        prices = ((name, catalog.price(name, now_ms, HOME)) for name in catalog.types)
        return {name: price.per_hour for name, price in prices if price is not None}


def _owned(thing: Thing, facts: Facts) -> Thing:
    owner = facts.owner(thing)
    return replace(thing, owner=owner.name, owner_reason=owner.reason)


def _aws_alarms(alarms: Sequence[Thing]) -> list[Watch]:
    """Alarms of CloudWatch, one for each metric that they look at."""
    found = []
    for one in alarms:
        tells = bool(one.get("AlarmActions")) and bool(one.get("ActionsEnabled", default=True))
        metrics = [one.attributes, *one.get("MetricDimensions", default=[])]
        found += [
            Watch(one.shown, part["Namespace"], part["MetricName"], part.get("Dimensions") or {}, tells)
            for part in metrics
            if part.get("Namespace") and part.get("MetricName")
        ]
    return found
