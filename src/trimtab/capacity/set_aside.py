"""Machines of the fleet that are set aside for a time: by training plans, capacity blocks and capacity reservations.

All take from the same machines: those of a region's clusters that are in use. They cost what the fleet's machines of
the type cost, by own rates, else by list prices, for the whole time, whether they are used or not.
"""

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal

from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.capacity.training_plans import HOUR_MS, Block
from trimtab.inventory.catalog.pricing import Machine
from trimtab.inventory.room import InventoryRoom
from trimtab.inventory.runs.clusters import ZONE, clusters_in
from trimtab.inventory.runs.filter import RunFilter
from trimtab.inventory.runs.model import Condition, Node, RunState
from trimtab.inventory.served.model import RESERVATION, TRAINING_PLAN, Served
from trimtab.inventory.served.store import ServedStore

CANCELLED = "cancelled"
_CENT = Decimal("0.01")
_MOST_RUNS = 10_000
Place = tuple[str, str]


class Fee(Struct, frozen=True):
    """What a time costs, and by which price."""

    amount: Decimal
    currency: str
    note: str


class SetAside(Struct, frozen=True):
    """The machines of a place and what has been set aside of them; `region` is the server's."""

    served: ServedStore
    inventory: InventoryRoom
    region: str

    async def nodes(self, place: Place) -> list[Node]:
        """The machines that are not out of use."""
        account, region = place
        nodes = await self.inventory.nodes.all(Scope(frozenset({account})))
        some = clusters_in(region, nodes, self.region).values()
        return [one for nodes in some for one in nodes if one.condition in (Condition.UP, Condition.RESERVED)]

    async def machines(self, place: Place) -> Counter[str]:
        """Their number by type."""
        return Counter(type_of(one) for one in await self.nodes(place))

    async def zone(self, place: Place, type_: str) -> str:
        """Where most machines of a type are, as their labels say; else the region's first zone."""
        zones = Counter(one.labels[ZONE] for one in await self.nodes(place)
                        if type_of(one) == type_ and one.labels.get(ZONE))  # fmt: skip
        return zones.most_common(1)[0][0] if zones else f"{place[1]}a"

    async def plans(self, place: Place) -> list[Served]:
        """The training plans."""
        return await self.served.listed(Scope.of(*place), TRAINING_PLAN)

    async def reservations(self, place: Place) -> list[Served]:
        """The capacity reservations, those of capacity blocks too."""
        return await self.served.listed(Scope.of(*place), RESERVATION)

    async def taken(self, place: Place) -> list[Block]:
        """What is set aside now or later."""
        every = [*await self.plans(place), *await self.reservations(place)]
        return [block_of(one) for one in every if one.status != CANCELLED]

    async def busy(self, place: Place) -> Counter[str]:
        """Machines by type that runs hold now."""
        types = {(one.cluster, one.name): type_of(one) for one in await self.nodes(place)}
        running = RunFilter(states=(RunState.RUNNING.value,))
        runs = await self.inventory.runs.listed(Scope(frozenset({place[0]})), running, _MOST_RUNS)
        held = {(one.key.cluster, name) for one in runs for name in one.node_names}
        return Counter(types[one] for one in held if one in types)

    async def fee(self, block: Block, region: str) -> Fee | None:
        """What a block costs by own rates, else by list prices; None where neither says."""
        machine = Machine(block.type, region=region)
        pricing = await self.inventory.pricing()
        price, gpus = pricing.gpu_hour(machine, block.start_ms), pricing.gpus(machine)
        if price.per_gpu_hour is None:
            return None
        hours = Decimal(block.end_ms - block.start_ms) / HOUR_MS
        return Fee((price.per_gpu_hour * gpus * block.count * hours).quantize(_CENT), price.currency, price.note)


def type_of(node: Node) -> str:
    """The machine type of a node as EC2 names it."""
    return node.instance_type.removeprefix("ml.")


def block_of(one: Served) -> Block:
    """The machines and the time of a plan or a reservation."""
    form = one.form
    return Block(form["InstanceType"].removeprefix("ml."), form["InstanceCount"], form["StartTime"], form["EndTime"])


def used(reservations: Sequence[Served], busy: Counter[str], now_ms: int) -> dict[str, int]:
    """By name of those that are active now, how many of their machines runs hold: the oldest is filled first."""
    left, found = Counter(busy), {}
    for one in sorted(reservations, key=lambda one: (one.created_ms, one.name)):
        block = block_of(one)
        if one.status != CANCELLED and block.status(now_ms) == "Active":
            found[one.name] = min(block.count, left[block.type])
            left[block.type] -= found[one.name]
    return found
