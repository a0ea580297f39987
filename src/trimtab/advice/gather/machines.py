"""Machines with accelerators by the fleet's ledger: one identity each, who held them, and what they cost."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from msgspec import Struct, field

from trimtab.access.scope import Scope
from trimtab.advice.facts import BILL_DAYS, DAY_MS, Bill, Machine, Machines
from trimtab.base.records import replace
from trimtab.fleet.frame import DeviceCost
from trimtab.fleet.holders import Device, holder_words, holdings_by_device, holdings_by_machine
from trimtab.fleet.model import MachineKey
from trimtab.fleet.money import MachineFacts
from trimtab.fleet.naming import MachineNames
from trimtab.fleet.reading import HoursReader
from trimtab.inventory.owners import Holding
from trimtab.inventory.resources import Resource
from trimtab.inventory.room import InventoryRoom
from trimtab.inventory.runs.filter import RunFilter

OWNER_DAYS = 7
"""Days of holding that say whose a machine is: those of the activity that idle GPUs are judged by. A month would name
who gave it back weeks ago."""
_MOST_RUNS = 1_000_000
_MACHINES = frozenset({"instance", "node", "host"})
"""Kinds of resources of the inventory that are machines."""


class KnownFleet(Struct, frozen=True):
    """What the ledger says: the machines, and of each accelerator who held it and what it cost by currency.

    `schedulers` by account and cluster, as their runs say it.
    """

    machines: Machines = field(default_factory=Machines)
    facts: Mapping[str, MachineFacts] = field(default_factory=dict)
    holdings: Mapping[Device, Sequence[Holding]] = field(default_factory=dict)
    costs: Mapping[Device, Mapping[str, Decimal]] = field(default_factory=dict)
    schedulers: Mapping[tuple[str, str], str] = field(default_factory=dict)


async def known_fleet(
    hours: HoursReader,
    inventory: InventoryRoom,
    scope: Scope,
    span: tuple[int, int],
    now_ms: int,
    bills: Mapping[str, Bill],
) -> KnownFleet:
    """The machines of the last days: held in OWNER_DAYS, at the cost of `span`. Raises QueryAborted, Unavailable."""
    since = now_ms - OWNER_DAYS * DAY_MS
    frame = await hours.frame(scope, now_ms - BILL_DAYS * DAY_MS, now_ms)
    facts = {path: frame.facts[path] for path in frame.machines}
    devices = await hours.devices(scope, since, now_ms)
    runs = await inventory.runs.listed(scope, RunFilter(since, now_ms), _MOST_RUNS)
    words = holder_words(runs)
    costs = {device: dict(one.amounts) for device, one in (await _costs(hours, scope, span)).items()}
    names = MachineNames(facts)
    held = holdings_by_machine(devices, words)
    billed = _bills_of(names, bills)
    spent = _summed(costs)
    known = {
        path: replace(one, bill=billed.get(path, ""), holdings=held.get(path, ()), cost=spent.get(path, {}))
        for path, one in (await machines_of(inventory, scope, facts)).items()
    }
    schedulers = {(run.key.account, run.key.cluster): run.scheduler for run in runs}
    return KnownFleet(Machines(known, names), facts, holdings_by_device(devices, words), costs, schedulers)


async def machines_of(inventory: InventoryRoom, scope: Scope, facts: Mapping[str, MachineFacts]) -> dict[str, Machine]:
    """The machines of the ledger with the resources that they are, and whose the inventory says that they are."""
    there = await _resources(inventory, facts)
    nodes = {one.name: one.labels.get("provider", "") or one.cluster for one in await inventory.nodes.all(scope)}
    return {
        path: Machine(
            path,
            there[path].ref.path if path in there else _node_path(path, facts[path], nodes),
            tags=there[path].tags if path in there else {},
            told=there[path].owner if path in there else "",
        )
        for path in facts
    }


async def _costs(hours: HoursReader, scope: Scope, span: tuple[int, int]) -> Mapping[Device, DeviceCost]:
    return await hours.device_costs(scope, *span) if span[0] < span[1] else {}


def _summed(costs: Mapping[Device, Mapping[str, Decimal]]) -> dict[str, dict[str, Decimal]]:
    """By machine and currency what its accelerators cost."""
    found: dict[str, dict[str, Decimal]] = {}
    for (path, _), amounts in costs.items():
        sums = found.setdefault(path, {})
        for currency, amount in amounts.items():
            sums[currency] = sums.get(currency, Decimal(0)) + amount
    return found


def _bills_of(names: MachineNames, bills: Mapping[str, Bill]) -> dict[str, str]:
    """By machine the key of its bill; of several the one that costs most."""
    found: dict[str, str] = {}
    for key, bill in sorted(bills.items()):
        path = names.path_of(key) or names.path_of(key.rpartition("/")[2])
        if path is not None and (path not in found or bill.total > bills[found[path]].total):
            found[path] = key
    return found


async def _resources(inventory: InventoryRoom, facts: Mapping[str, MachineFacts]) -> dict[str, Resource]:
    """By machine the resource of the inventory that it is: by an id of its bill, else by its name in its account."""
    called = {path: (*one.bill_ids, MachineKey.parse(path).name) for path, one in facts.items()}
    known = await inventory.resources.by_name([name for names in called.values() for name in names])
    found: dict[str, Resource] = {}
    for path, names in called.items():
        for name in names:
            one = known.get(name)
            if one is None or one.ref.kind not in _MACHINES:
                continue
            if one.ref.id == name or one.ref.account == MachineKey.parse(path).account:
                found[path] = one
                break
    return found


def _node_path(path: str, facts: MachineFacts, providers: Mapping[str, str]) -> str:
    """A machine as a resource that only its scheduler, its telemetry or its bill knows."""
    account, cluster, name = MachineKey.parse(path)
    return f"{providers.get(name) or cluster or 'local'}/{account}/{facts.region}/node/{name}"
