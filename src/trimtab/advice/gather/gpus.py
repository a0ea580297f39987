"""GPUs as their metrics tell of them, the servers on them, and the GPU-hours that errors and drains took."""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.advice.facts import BILL_DAYS, DAY_MS, Facts, Gpu, GpuLoss, Values
from trimtab.advice.gather.machines import OWNER_DAYS, KnownFleet
from trimtab.advice.judging import gpu_thing
from trimtab.base.records import replace
from trimtab.fleet.assemble import SCHEDULED
from trimtab.fleet.frame import Frame
from trimtab.fleet.holders import Device
from trimtab.fleet.model import MachineKey, State, gpu_hours
from trimtab.fleet.naming import series_by_device
from trimtab.fleet.reading import HoursReader
from trimtab.fleet.telemetry.owners import label as owner_label
from trimtab.gpu_faults import catalogue
from trimtab.inventory.owners import Owner, owner_of
from trimtab.inventory.room import InventoryRoom
from trimtab.metrics.aliases import Found, find, host, label
from trimtab.metrics.model import Series
from trimtab.metrics.plan import StatRequest, StatSeries
from trimtab.metrics.read import MetricReader
from trimtab.metrics.registry import SeriesRegistry
from trimtab.metrics.statistics import parse_statistic

DAYS = OWNER_DAYS
"""Days of activity: a week's rhythm."""
PERIOD_S = 300
_MOST = 4_096
"""GPUs that are looked at; a week of each is 2,016 buckets."""
_AVERAGE, _MAXIMUM, _SUM = map(parse_statistic, ("Average", "Maximum", "Sum"))
_ERRORS = ("gpu.errors.uncorrected", "gpu.xid", "gpu.failed")
_STEP_MS = 3_600_000
"""Errors are counted by the hour."""


class GpuReader(Struct, frozen=True):
    """Reads what metrics and schedulers say of GPUs."""

    reader: MetricReader
    registry: SeriesRegistry
    inventory: InventoryRoom
    hours: HoursReader | None = None

    async def gpus(self, scope: Scope, now_ms: int, fleet: KnownFleet, facts: Facts) -> list[Gpu]:
        """Every GPU that told of its activity in the last DAYS days, with its machine, its owner and its cost."""
        end = now_ms // (PERIOD_S * 1000) * PERIOD_S * 1000
        since = end - DAYS * DAY_MS
        active = find(self.registry, scope, "gpu.active", active_since_ms=since)[:_MOST]
        memory = {one.subject: one for one in find(self.registry, scope, "gpu.memory.used", active_since_ms=since)}
        servers = self._servers(scope, since)
        told = {one.subject for name in _ERRORS for one in find(self.registry, scope, name, active_since_ms=since)}
        power = {one.subject: one for one in find(self.registry, scope, "gpu.power", active_since_ms=since)}
        requests = [StatRequest(one.ids, _AVERAGE, PERIOD_S) for one in active]
        requests += [
            StatRequest(memory[one.subject].ids, _MAXIMUM, PERIOD_S) for one in active if one.subject in memory
        ]
        requests += [StatRequest(power[one.subject].ids, _AVERAGE, PERIOD_S) for one in active if one.subject in power]
        keys = [(part, name) for part, names in servers.items() for name in names]
        requests += [StatRequest(servers[part][name].ids, _MAXIMUM, PERIOD_S) for part, name in keys]
        answers = [_scaled(answer) for answer in await self.reader.statistics(scope, requests, since, end)]
        activity, rest = answers[: len(active)], iter(answers[len(active) :])
        used = {one.subject: next(rest) for one in active if one.subject in memory}
        drawn = {one.subject: next(rest) for one in active if one.subject in power}
        served = {key: next(rest) for key in keys}
        peers = Counter(host(one.series[0].dimensions) for one in active)
        devices = _devices(active, fleet)
        found = [
            replace(
                _gpu(one, values.times(one), used, memory, served, told, peers),
                watts=drawn[one.subject].times(power[one.subject]) if one.subject in drawn else Values(),
            )
            for one, values in zip(active, activity, strict=True)
            if values
        ]
        return [_placed(one, devices.get(one.uuid), fleet, facts) for one in found]

    async def losses(self, scope: Scope, now_ms: int) -> list[GpuLoss]:
        """GPU-hours lost by node and cause in the last BILL_DAYS days."""
        since = now_ms - BILL_DAYS * DAY_MS
        nodes = await self.inventory.nodes.all(scope)
        providers = {one.name: one.labels.get("provider", "") or one.cluster for one in nodes}
        found = await self._drained(scope, since, now_ms, providers)
        for name, cause in (("gpu.errors.uncorrected", "ECC"), ("gpu.failed", "GPU failed"), ("gpu.xid", "XID")):
            found += await self._errors(scope, name, cause, since, now_ms, providers)
        return sorted(found, key=lambda one: -one.gpu_hours)

    def _servers(self, scope: Scope, since: int) -> dict[str, dict[str, Found]]:
        """By pod (or host) the series of requests in a server and of its cache."""
        found: dict[str, dict[str, Found]] = {}
        for name in ("inference.running", "inference.waiting", "inference.kv_cache"):
            for one in find(self.registry, scope, name, active_since_ms=since):
                found.setdefault(_place(one.series[0]), {})[name] = one
        return found

    async def _drained(self, scope: Scope, since: int, now_ms: int, providers: Mapping[str, str]) -> list[GpuLoss]:
        """Hours that nodes were out of use by their schedulers, as the ledger has them: nobody held the GPUs then."""
        if self.hours is None:
            return []
        return drains_of(await self.hours.frame(scope, since, now_ms), providers)

    async def _errors(
        self, scope: Scope, name: str, cause: str, since: int, now_ms: int, providers: Mapping[str, str]
    ) -> list[GpuLoss]:
        told = find(self.registry, scope, name, active_since_ms=since)
        if not told:
            return []
        step = _STEP_MS
        end = now_ms // step * step
        statistic = _SUM if name == "gpu.errors.uncorrected" else _MAXIMUM
        requests = [StatRequest(one.ids, statistic, step // 1000) for one in told]
        answers = await self.reader.statistics(scope, requests, end - BILL_DAYS * DAY_MS, end)
        by_node: dict[tuple[str, str], list[tuple[str, int]]] = {}
        places: dict[str, tuple[str, str]] = {}
        for one, answer in zip(told, answers, strict=True):
            identity, node = one.series[0].identity, host(one.series[0].dimensions)
            places[node] = identity.account, identity.region
            for at, value in zip(answer.times.tolist(), answer.values.tolist(), strict=True):
                if value > 0 and (cause != "XID" or int(value) in catalogue.down_while_idle()):
                    what = catalogue.label(int(value)) if cause == "XID" else cause
                    by_node.setdefault((node, what), []).append((one.subject, at))
        return [
            GpuLoss(
                node,
                providers.get(node, ""),
                what,
                len(hours) * step / 3.6e6,
                len({uuid for uuid, _ in hours}),
                min(at for _, at in hours),
                max(at for _, at in hours) + step,
                ", ".join(sorted({uuid for uuid, _ in hours})[:8]),
                *places[node],
            )
            for (node, what), hours in by_node.items()
        ]


class _Scaled(Struct, frozen=True):
    times_ms: tuple[int, ...]
    values: tuple[float, ...]

    def __bool__(self) -> bool:
        return bool(self.values)

    def times(self, found: Found) -> Values:
        """The values in the concept's unit."""
        return Values(self.times_ms, tuple(found.value(one) for one in self.values))


def _scaled(answer: StatSeries) -> _Scaled:
    return _Scaled(tuple(answer.times.tolist()), tuple(answer.values.tolist()))


def _gpu(
    one: Found,
    active: Values,
    used: Mapping[str, _Scaled],
    memory: Mapping[str, Found],
    served: Mapping[tuple[str, str], _Scaled],
    told: set[str],
    peers: Mapping[str, int],
) -> Gpu:
    series = one.series[0]
    labels, place = series.dimensions, _place(series)
    names = [name for part, name in served if part == place]
    waiting = [served[place, name] for name in names if name != "inference.kv_cache"]
    cache = served.get((place, "inference.kv_cache"))
    node, team = host(labels), owner_label(series, "team") or owner_of(labels)
    return Gpu(
        one.subject,
        node,
        series.identity.resource or f"local/{series.identity.account}/{series.identity.region}/gpu/{one.subject}",
        label(labels, "gpu.model"),
        label(labels, "pod"),
        label(labels, "namespace"),
        "",
        series.identity.account,
        series.identity.region,
        series.identity.resource.partition("/")[0],
        PERIOD_S,
        one.basis,
        active,
        used[one.subject].times(memory[one.subject]) if one.subject in used else Values(),
        queue=_summed(waiting) if waiting else None,
        cache=Values(cache.times_ms, cache.values) if cache else None,
        errors_told=one.subject in told,
        peers=peers[node],
        tags={"team": team} if team else {},
    )


def drains_of(frame: Frame, providers: Mapping[str, str]) -> list[GpuLoss]:
    """By node and cause what schedulers took out of use: a node that was drained for several reasons is one loss."""
    found: dict[tuple[str, str, str, str], list[int]] = {}
    for at in np.flatnonzero(frame.state == State.DOWN).tolist():
        cause, _, _ = frame.reasons[frame.reason[at]].partition(": ")
        if cause in SCHEDULED:
            machine = MachineKey.parse(frame.machines[frame.machine[at]])
            provider = providers.get(machine.name) or machine.cluster
            found.setdefault((machine.name, provider, machine.account, cause), []).append(at)
    losses = []
    for (name, provider, account, cause), rows in found.items():
        reasons = [frame.reasons[frame.reason[at]].partition(": ")[2] for at in rows]
        paths = {frame.machines[frame.machine[at]] for at in rows}
        days = [int(frame.day[at]) * DAY_MS for at in rows]
        losses.append(
            GpuLoss(
                name,
                provider,
                cause,
                gpu_hours(int(frame.amount[rows].sum())),
                sum(frame.facts[path].devices for path in paths),
                max(min(days), frame.start_ms),
                min(max(days) + DAY_MS, frame.end_ms),
                "; ".join(dict.fromkeys(reason for reason in reasons if reason)),
                account,
            )
        )
    return losses


def _devices(active: Sequence[Found], fleet: KnownFleet) -> dict[str, Device]:
    """By GPU its machine in the ledger and its number there."""
    subjects = {series.id: one.subject for one in active for series in one.series}
    by_device = series_by_device((series for one in active for series in one.series), fleet.facts)
    return {subjects[series.id]: device for device, some in by_device.items() for series in some}


def _placed(one: Gpu, device: Device | None, fleet: KnownFleet, facts: Facts) -> Gpu:
    """A GPU with its machine, its cost, and its owner: who held this one, else as its machine's."""
    if device is not None:
        one = replace(one, machine=device[0], cost=fleet.costs.get(device, {}))
    owner = facts.owner(gpu_thing(one), fleet.holdings.get(device, ()) if device is not None else None)
    if not owner.name and one.namespace:
        owner = Owner(one.namespace, f"its pod runs in namespace {one.namespace}")
    return replace(one, owner=owner.name, owner_reason=owner.reason)


def _summed(parts: Sequence[_Scaled]) -> Values:
    total: dict[int, float] = {}
    for part in parts:
        for at, value in zip(part.times_ms, part.values, strict=True):
            total[at] = total.get(at, 0.0) + value
    return Values(tuple(sorted(total)), tuple(total[at] for at in sorted(total)))


def _place(series: Series) -> str:
    """Where a GPU's process or a server runs: its pod, else its host."""
    pod = label(series.dimensions, "pod")
    return f"{label(series.dimensions, 'namespace')}/{pod}" if pod else host(series.dimensions)
