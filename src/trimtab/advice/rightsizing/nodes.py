"""Machines with accelerators that no inventory names: what the ledger of GPU time knows, and who tells their use.

Schedulers, agents and exporters call a machine by its host, bills by its instance. The ledger knows both, so what an
agent says of a host and what an exporter says of its GPUs is use of the instance, whatever CloudWatch has of it.
"""

from collections.abc import Mapping, Sequence

from msgspec import Struct, field

from trimtab.access.scope import EVERYTHING, Scope
from trimtab.advice.facts import BILL_DAYS
from trimtab.advice.gather.machines import machines_of
from trimtab.advice.rightsizing.model import Axis, Kind, Subject
from trimtab.base.records import replace
from trimtab.fleet.model import DAY_MS, MachineKey
from trimtab.fleet.money import MachineFacts
from trimtab.fleet.naming import MachineNames, series_by_device
from trimtab.fleet.reading import HoursReader
from trimtab.inventory.room import InventoryRoom
from trimtab.metrics.aliases import Found, find, host
from trimtab.metrics.concept import Form
from trimtab.metrics.model import Kind as SeriesKind
from trimtab.metrics.registry import SeriesRegistry

_PRESENT_DAYS = 2
"""Days in which a machine must have existed to be sized: one that is gone needs no size."""
_HOSTS = {Axis.CPU: "host.cpu.busy", Axis.MEMORY: "host.memory.used"}
_GPUS = {Axis.GPU: "gpu.active", Axis.GPU_MEMORY: "gpu.memory.used"}
_READ = frozenset({Form.LAST, Form.RATE})


class HostSeries(Struct, frozen=True):
    """A series about the machine at a place among subjects: `offset + scale ×` its value is in the concept's unit."""

    place: int
    id: int
    kind: SeriesKind
    rate: bool
    scale: float
    offset: float


class HostUse(Struct, frozen=True):
    """The series of machines by axis, and how many accelerators each has by its place."""

    series: Mapping[Axis, Sequence[HostSeries]] = field(default_factory=dict)
    devices: Mapping[int, int] = field(default_factory=dict)


class Nodes(Struct, frozen=True):
    """Reads machines from the ledger, and finds the series about them."""

    hours: HoursReader
    inventory: InventoryRoom
    registry: SeriesRegistry

    async def subjects(self, scope: Scope, now_ms: int) -> list[Subject]:
        """The machines that existed in the last days. Raises QueryAborted, Unavailable."""
        since = now_ms - _PRESENT_DAYS * DAY_MS
        facts = await self._facts(scope, since, now_ms)
        billed = await self._facts(scope, now_ms - BILL_DAYS * DAY_MS, since)
        found = []
        for path, machine in (await machines_of(self.inventory, scope, facts)).items():
            one, key = _with_bill(facts[path], billed.get(path)), MachineKey.parse(path)
            id_ = one.bill_ids[0] if one.bill_ids else key.name
            found.append(
                Subject(
                    path=machine.resource,
                    kind=Kind.INSTANCE,
                    id=id_,
                    name=key.name,
                    type=one.instance_type,
                    account=key.account,
                    region=one.region,
                    owner=machine.told,
                    tags=machine.tags,
                )
            )
        return found

    async def use(self, subjects: Sequence[Subject], start_ms: int, end_ms: int) -> HostUse:
        """The series about machines in `[start, end)`; those of other subjects are not known by their hosts."""
        facts = await self._facts(EVERYTHING, start_ms, end_ms)
        names = MachineNames(facts)
        places: dict[str, int] = {}
        for place, one in enumerate(subjects):
            path = names.path_of(one.id, one.account) or names.path_of(one.name, one.account)
            if path is not None:
                places[path] = place
        series: dict[Axis, list[HostSeries]] = {}
        for axis, name in _HOSTS.items():
            for found in find(self.registry, EVERYTHING, name, active_since_ms=start_ms):
                first = found.series[0]
                path = names.path_of(host(first.dimensions), first.identity.account)
                if path in places and found.form in _READ:
                    series.setdefault(axis, []).extend(_of(found, places[path]))
        for axis, name in _GPUS.items():
            told = find(self.registry, EVERYTHING, name, active_since_ms=start_ms)
            by_series = {one.id: found for found in told for one in found.series}
            devices = series_by_device([one for found in told for one in found.series], facts)
            for (path, _), some in devices.items():
                if path in places:
                    series.setdefault(axis, []).append(_of(by_series[some[0].id], places[path], some[0].id)[0])
        return HostUse(series, {place: facts[path].devices for path, place in places.items()})

    async def _facts(self, scope: Scope, start_ms: int, end_ms: int) -> Mapping[str, MachineFacts]:
        frame = await self.hours.frame(scope, start_ms, end_ms)
        return {path: frame.facts[path] for path in frame.machines}


def _with_bill(now: MachineFacts, before: MachineFacts | None) -> MachineFacts:
    """A machine with what only the bill of earlier days says: that of the last ones may not have come yet."""
    if before is None:
        return now
    return replace(
        now,
        instance_type=now.instance_type or before.instance_type,
        region=now.region or before.region,
        bill_ids=now.bill_ids or before.bill_ids,
    )


def _of(found: Found, place: int, only: int = 0) -> list[HostSeries]:
    return [
        HostSeries(place, one.id, one.identity.kind, found.form is Form.RATE, found.alias.scale, found.alias.offset)
        for one in found.series
        if only in (0, one.id)
    ]
