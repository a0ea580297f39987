"""The meters of a fleet: telemetry of hosts and GPUs, and what schedulers say of their nodes."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from decimal import Decimal

import numpy as np

from trimtab.access.scope import EVERYTHING
from trimtab.base.errors import InvalidInput
from trimtab.costs.read_sql import HOUR_MS
from trimtab.economics.estimate.model import Floats, Price, Running
from trimtab.inventory.catalog.book import HOME
from trimtab.inventory.catalog.pricing import Machine
from trimtab.inventory.room import InventoryRoom
from trimtab.inventory.runs.model import Node

SeenHours = Callable[[int, int], Awaitable[Mapping[str, Floats]]]
"""(start, end in ms, whole hours) → by host the share of each hour in which it reported."""
Counted = Callable[[str, int, int], Awaitable[Mapping[str, float]]]
"""(kind, start, end in ms) → what was counted by model or endpoint. Raises InvalidInput where nothing was."""
_INSTANCE_LABELS = ("node.kubernetes.io/instance-type", "beta.kubernetes.io/instance-type", "instance_type")
_REGION_LABEL = "topology.kubernetes.io/region"


class FleetMeters:
    """The room's `Meters`."""

    def __init__(self, inventory: InventoryRoom, seen: SeenHours, counted: Counted) -> None:
        self._inventory = inventory
        self._seen = seen
        self._counted = counted

    async def hours(self, start_ms: int, end_ms: int) -> Mapping[str, Floats]:
        """By resource the share of each hour in which its host reported, or its scheduler had it as a node."""
        seen = dict(await self._seen(start_ms, end_ms))
        nodes = await self._inventory.nodes.all(EVERYTHING)
        by_name = {one.name: one.instance_id for one in nodes if one.instance_id}
        known = await self._inventory.resources.by_name(sorted({*seen} - {*by_name}))
        found: dict[str, Floats] = {}
        for host, shares in seen.items():
            resource = known.get(host)
            own = by_name.get(host) or (resource.ref.id if resource and resource.ref.kind == "instance" else host)
            found[own] = np.fmax(found[own], shares) if own in found else shares
        stretches = await self._inventory.nodes.stretches(EVERYTHING, start_ms, end_ms)
        for (_, name), spans in stretches.items():
            if own := by_name.get(name, ""):
                there = _covered([(one.from_ms, one.to_ms) for one in spans], start_ms, end_ms)
                found[own] = np.fmax(found[own], there) if own in found else there
        return found

    async def used(self, kind: str, start_ms: int, end_ms: int) -> Mapping[str, float]:
        """What was counted; nothing where nothing is known of it."""
        try:
            return await self._counted(kind, start_ms, end_ms)
        except InvalidInput:
            return {}

    async def running(self) -> Sequence[Running]:
        """The nodes of clusters, and machines of the inventory."""
        found = {
            one.instance_id: _running(one) for one in await self._inventory.nodes.all(EVERYTHING) if one.instance_id
        }
        for one in await self._inventory.resources.listed(EVERYTHING, kind="instance", limit=100_000):
            tags = {**one.tags, **({"team": one.owner} if one.owner else {})}
            made = Running(one.ref.id, one.ref.account, one.ref.region, one.type, one.name, tags)
            found[one.ref.id] = made if one.type else found.get(one.ref.id, made)
        return list(found.values())

    async def price(self, machine: Running, at_ms: int) -> Price | None:
        """One's own rate for the type, else the list's less one's own discount."""
        pricing = await self._inventory.pricing()
        asked = Machine(machine.instance_type, region=machine.region or HOME)
        gpu = pricing.gpu_hour(asked, at_ms)
        gpus = pricing.gpus(asked)
        if gpu.per_gpu_hour is not None and gpus:
            return Price(gpu.per_gpu_hour * gpus, gpu.currency, gpu.note)
        listed = self._inventory.catalog.price(machine.instance_type, at_ms, machine.region or HOME)
        if listed is None:
            return None
        note = f"list price of {machine.instance_type} on demand in {listed.region}, as of {listed.as_of}"
        return Price(Decimal(listed.per_hour), listed.currency, note)


def _running(node: Node) -> Running:
    labels = node.labels
    type_ = node.instance_type or next((labels[key] for key in _INSTANCE_LABELS if key in labels), "")
    return Running(node.instance_id, node.account, labels.get(_REGION_LABEL, ""), type_, node.name)


def _covered(spans: Sequence[tuple[int, int]], start_ms: int, end_ms: int) -> Floats:
    """The share of each hour that spans cover."""
    shares = np.zeros(-(-(end_ms - start_ms) // HOUR_MS))
    for begin, end in spans:
        for hour in range(max(begin - start_ms, 0) // HOUR_MS, len(shares)):
            first = start_ms + hour * HOUR_MS
            if first >= end:
                break
            shares[hour] += max(min(end, first + HOUR_MS) - max(begin, first), 0) / HOUR_MS
    return np.minimum(shares, 1.0)
