"""Reads the facts that checks need: what all of them declare, together, with few queries."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from trimtab.access.scope import EVERYTHING, Scope
from trimtab.advice.check import Check, Want
from trimtab.advice.facts import Ask, Bill, Facts, GpuLoss, Thing, Watch
from trimtab.advice.gather.bills import Billed, billed
from trimtab.advice.gather.gpus import GpuReader
from trimtab.advice.gather.measures import measures
from trimtab.advice.gather.things import read_kinds, things
from trimtab.base.clock import Clock
from trimtab.costs.model import Facet
from trimtab.costs.room import CostsRoom
from trimtab.fleet.reading import HoursReader
from trimtab.inventory.catalog.book import HOME
from trimtab.inventory.room import InventoryRoom
from trimtab.metrics.read import MetricReader
from trimtab.metrics.registry import SeriesRegistry

ALARMS = "cloudwatch:alarm"
OwnerFacet = Callable[[], Awaitable[Facet]]
"""What of the bill says whose a line is: the category of the allocation rules, or a tag."""
Watches = Callable[[Scope], Awaitable[Sequence[Watch]]]
"""Asks for the alarms that are kept here."""


@dataclass(frozen=True, slots=True)
class FactsReader:
    """The port of facts over the rooms that own them."""

    inventory: InventoryRoom
    reader: MetricReader
    registry: SeriesRegistry
    costs: CostsRoom
    watches: Watches
    owner: OwnerFacet
    clock: Clock
    hours: HoursReader | None = None

    async def read(self, checks: Iterable[Check], scope: Scope = EVERYTHING) -> Facts:
        """What `checks` need, as of now."""
        wanted = list(checks)
        wants = frozenset(want for one in wanted for want in one.wants)
        now_ms = self.clock.now_ms()
        kinds = sorted({kind for one in wanted for kind in one.kinds})
        found = await things(self.inventory, scope, kinds)
        asks: dict[Ask, Sequence[Thing]] = {}
        for one in wanted:
            for ask in one.asks:
                asks[ask] = [*asks.get(ask, ()), *(thing for kind in one.kinds for thing in found.get(kind, ()))]
        unique = {ask: list({thing.path: thing for thing in many}.values()) for ask, many in asks.items()}
        await self.reader.fresh()
        values = await measures(self.reader, self.registry, scope, unique, now_ms)
        bill = await billed(self.costs, scope, now_ms, await self.owner()) if Want.BILL in wants else Billed()
        gpus = GpuReader(self.reader, self.registry, self.inventory, self.hours)
        watches = [*_aws_alarms(found.get(ALARMS, ())), *(await self.watches(scope))] if Want.WATCHES in wants else []
        return Facts(
            now_ms,
            _owned(found, bill.owners),
            values,
            await self._with_nodes(scope, bill.bills),
            bill.commitments,
            bill.on_demand,
            bill.transfers,
            watches,
            gpus=await gpus.gpus(scope, now_ms) if Want.GPUS in wants else (),
            gpu_losses=await gpus.losses(scope, now_ms) if Want.LOSSES in wants else (),
            prices=self._prices(now_ms) if Want.PRICES in wants else {},
            billed=bill.any,
            read=await read_kinds(self.inventory, scope),
        )

    async def losses(self, scope: Scope) -> list[GpuLoss]:
        """GPU-hours lost by node and cause: the evidence of a claim."""
        return await GpuReader(self.reader, self.registry, self.inventory, self.hours).losses(
            scope, self.clock.now_ms()
        )

    async def _with_nodes(self, scope: Scope, bills: Mapping[str, Bill]) -> Mapping[str, Bill]:
        """The bills by names of nodes too: GPUs know their host, and the bill the instance under it."""
        nodes = await self.inventory.nodes.all(scope) if bills else []
        named = {one.name: bills[one.instance_id] for one in nodes if one.instance_id in bills}
        return {**named, **bills}

    def _prices(self, now_ms: int) -> dict[str, Decimal]:
        catalog = self.inventory.catalog
        prices = ((name, catalog.price(name, now_ms, HOME)) for name in catalog.types)
        return {name: price.per_hour for name, price in prices if price is not None}


def _owned(found: Mapping[str, Sequence[Thing]], owners: Mapping[str, str]) -> dict[str, Sequence[Thing]]:
    """The things with an owner each, as far as tags or allocation rules say one; rules come first."""
    return {
        kind: [replace(one, owner=owners.get(one.path) or owners.get(one.id) or one.owner) for one in many]
        for kind, many in found.items()
    }


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
