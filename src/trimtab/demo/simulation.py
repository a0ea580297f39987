"""The whole company over a slab, as requests to the public doors."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from msgspec import Struct

from trimtab.demo import gpus, otlp, remote_write, servers
from trimtab.demo.activity import Activities
from trimtab.demo.block import Block
from trimtab.demo.company import ACCOUNTS
from trimtab.demo.demand import Demand
from trimtab.demo.endpoints import TGI, TRITON, VLLM
from trimtab.demo.feed import Feed, Moment
from trimtab.demo.gpus import GpuFeed
from trimtab.demo.hosts import HostFeed
from trimtab.demo.kubernetes import KubernetesFeed
from trimtab.demo.ranks import RankFeed
from trimtab.demo.servers import ServerFeed
from trimtab.demo.slab import Slab
from trimtab.demo.slurm import QueueFeed
from trimtab.demo.totals import Totals
from trimtab.demo.world import World

_OTLP_POINTS = 50_000
"""Points of an OTLP request: some 5 MB."""


class Shipment(Struct, frozen=True):
    """One request: the account whose token it carries, where it goes, and how many samples it holds."""

    account: str
    path: str
    body: bytes
    samples: int


class Simulation:
    """Computes slabs in order: counters go on where the last slab left them."""

    def __init__(self, world: World, totals: Totals) -> None:
        self.world = world
        self.totals = totals
        self._demand = Demand(world)
        self._activities = Activities(world)
        self._hosts = HostFeed(world)
        self._feeds: Sequence[Feed] = (
            GpuFeed(world),
            ServerFeed(world, VLLM),
            ServerFeed(world, VLLM, old=True),
            ServerFeed(world, TGI),
            ServerFeed(world, TRITON),
            QueueFeed(world),
            KubernetesFeed(world),
            RankFeed(world),
        )

    def moment(self, slab: Slab) -> Moment:
        """What happens in a slab."""
        load = self._demand.of(slab)
        return Moment(slab, load, self._activities.of(slab, load), self.totals)

    def blocks(self, moment: Moment) -> Iterator[Block]:
        """Its Prometheus series."""
        for feed in self._feeds:
            yield from feed.blocks(moment)

    def shipments(self, slab: Slab) -> Iterator[Shipment]:
        """Its requests."""
        moment = self.moment(slab)
        yield from self._hosts_of(moment)
        waiting: dict[str, list[Block]] = defaultdict(list)
        sizes: dict[str, int] = defaultdict(int)
        for block in self.blocks(moment):
            waiting[block.account].append(block)
            sizes[block.account] += block.values.size
            if sizes[block.account] >= remote_write.REQUEST_SAMPLES:
                yield from _written(block.account, waiting.pop(block.account))
                sizes[block.account] = 0
        for account, blocks in waiting.items():
            yield from _written(account, blocks)

    def introductions(self) -> Iterator[Shipment]:
        """What Prometheus sends of metric families before their samples: which are counters."""
        body = remote_write.metadata([*gpus.kinds(), *servers.kinds()])
        for account in ACCOUNTS:
            yield Shipment(account.id, remote_write.PATH, body, 0)

    def _hosts_of(self, moment: Moment) -> Iterator[Shipment]:
        parts: dict[str, list[bytes]] = defaultdict(list)
        points: dict[str, int] = defaultdict(int)
        for account, body, number in self._hosts.requests(moment):
            parts[account].append(body)
            points[account] += number
            if points[account] >= _OTLP_POINTS:
                yield Shipment(account, otlp.PATH, b"".join(parts.pop(account)), points.pop(account))
        for account, bodies in parts.items():
            yield Shipment(account, otlp.PATH, b"".join(bodies), points[account])


def _written(account: str, blocks: list[Block]) -> Iterator[Shipment]:
    for body, samples in remote_write.bodies(blocks):
        yield Shipment(account, remote_write.PATH, body, samples)
