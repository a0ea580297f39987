"""The room as doors, pages and other rooms are given it: what there is, what runs, and what it costs by list."""

from dataclasses import dataclass

from trimtab.base.clock import Clock
from trimtab.inventory.catalog.book import Catalog, load
from trimtab.inventory.catalog.pricing import Pricing
from trimtab.inventory.catalog.rates import RateStore
from trimtab.inventory.readings import Readings
from trimtab.inventory.resources import ResourceStore
from trimtab.inventory.runs.nodes import NodeStore
from trimtab.inventory.runs.store import RunStore
from trimtab.store.state.database import State


@dataclass(frozen=True, slots=True)
class InventoryRoom:
    """Everything that may be asked of the inventory."""

    catalog: Catalog
    rates: RateStore
    resources: ResourceStore
    readings: Readings
    runs: RunStore
    nodes: NodeStore

    @classmethod
    def of(cls, state: State, clock: Clock) -> "InventoryRoom":
        """The room over a state database."""
        return cls(
            load(), RateStore(state, clock), ResourceStore(state), Readings(state), RunStore(state), NodeStore(state)
        )

    async def pricing(self) -> Pricing:
        """Prices as they are now: the catalogue's and one's own."""
        return Pricing(self.catalog, await self.rates.all())
