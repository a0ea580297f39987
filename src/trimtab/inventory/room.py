"""The room as doors, pages and other rooms are given it: what there is, what runs, and what it costs by list."""

from collections.abc import Sequence

from msgspec import Struct

from trimtab.base.clock import Clock
from trimtab.base.records import replace
from trimtab.inventory.catalog.book import Catalog, load
from trimtab.inventory.catalog.instance_prices import InstancePriceStore
from trimtab.inventory.catalog.model import ListPrice
from trimtab.inventory.catalog.price_book import PriceBook
from trimtab.inventory.catalog.price_lists import PriceListStore
from trimtab.inventory.catalog.pricing import Pricing
from trimtab.inventory.catalog.rates import RateStore
from trimtab.inventory.catalog.spot import SpotPriceStore
from trimtab.inventory.readings import Readings
from trimtab.inventory.resources import ResourceStore
from trimtab.inventory.runs.marks import MarkStore
from trimtab.inventory.runs.nodes import NodeStore
from trimtab.inventory.runs.quotas import QuotaStore
from trimtab.inventory.runs.store import RunStore
from trimtab.inventory.tagging import Tagging
from trimtab.store.state.database import State


class Imported(Struct):
    """Prices that were imported, in front of the package's in one mapping that every holder of the catalogue reads."""

    store: InstancePriceStore
    prices: dict[str, tuple[ListPrice, ...]]
    mark: tuple[int, int] = (0, 0)

    async def refresh(self) -> None:
        """Take in what was imported since, by this process or another."""
        mark = await self.store.mark()
        if mark == self.mark:
            return
        found: dict[str, list[ListPrice]] = {}
        for one in await self.store.listed():
            found.setdefault(one.type, []).append(one)
        own = {name: _begun(prices) for name, prices in load().prices.items()}
        self.prices |= {name: (*found.get(name, ()), *own.get(name, ())) for name in {*self.prices, *found}}
        self.mark = mark


def _begun(prices: Sequence[ListPrice]) -> list[ListPrice]:
    """Prices of the package, each from when the one before it ended."""
    before = [None, *(one.until_ms for one in prices)]
    return [replace(one, from_ms=at) for one, at in zip(prices, before, strict=False)]


class InventoryRoom(Struct, frozen=True):
    """Everything that may be asked of the inventory. `catalog` has imported prices as of the last `refresh`."""

    catalog: Catalog
    rates: RateStore
    resources: ResourceStore
    readings: Readings
    runs: RunStore
    nodes: NodeStore
    marks: MarkStore
    imported: Imported
    price_lists: PriceListStore
    spot: SpotPriceStore
    tagging: Tagging
    book: PriceBook
    quotas: QuotaStore

    @classmethod
    def of(cls, state: State, clock: Clock) -> "InventoryRoom":
        """The room over a state database."""
        packaged = load()
        prices = dict(packaged.prices)
        catalog = replace(packaged, prices=prices)
        return cls(
            catalog,
            RateStore(state, clock),
            ResourceStore(state),
            Readings(state),
            RunStore(state),
            NodeStore(state),
            MarkStore(state),
            Imported(InstancePriceStore(state), prices),
            PriceListStore(state, clock),
            SpotPriceStore(state),
            Tagging(state),
            PriceBook(PriceListStore(state, clock), catalog, clock),
            QuotaStore(state),
        )

    async def pricing(self) -> Pricing:
        """Prices as they are now: the catalogue's and one's own."""
        await self.imported.refresh()
        return Pricing(self.catalog, await self.rates.all())
