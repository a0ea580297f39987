"""Which accelerator of the ledger a series tells of: by the rule by which the ledger was put together."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from trimtab.fleet.devices import devices_of
from trimtab.fleet.model import MachineKey
from trimtab.fleet.money import MachineFacts
from trimtab.fleet.telemetry.day import GpuRow
from trimtab.fleet.telemetry.identity import gpu_of, host_of, index_of, short_host, weight_of
from trimtab.metrics.model import Series

Device = tuple[str, int]
"""A machine's path, and the number of an accelerator there."""


def series_by_device(series: Iterable[Series], machines: Mapping[str, MachineFacts]) -> dict[Device, list[Series]]:
    """The series of each accelerator, the one that reported last first; what no machine is known of is left out."""
    hosts: dict[tuple[str, str], dict[str, list[Series]]] = defaultdict(lambda: defaultdict(list))
    for one in series:
        name = gpu_of(one)
        hosts[one.identity.account, host_of(one) or name][name].append(one)
    names = _names(machines)
    found: dict[Device, list[Series]] = defaultdict(list)
    for (account, host), gpus in sorted(hosts.items()):
        path = _machine(names, account, host)
        if path is None:
            continue
        rows = [_row(name, host, account, some) for name, some in gpus.items()]
        for device, some in zip(devices_of(rows, machines[path].devices), gpus.values(), strict=True):
            found[path, device] += some
    return {device: sorted(some, key=lambda one: -one.last_seen_ms) for device, some in found.items()}


def _row(name: str, host: str, account: str, series: list[Series]) -> GpuRow:
    first = series[0]
    seen = min(one.first_seen_ms for one in series), max(one.last_seen_ms for one in series)
    return GpuRow(name, host, index_of(first), account, weight_of(first), *seen)


def _names(machines: Mapping[str, MachineFacts]) -> dict[str, list[str]]:
    """By name, the machines that have it: their own, and those on bills."""
    found: dict[str, list[str]] = defaultdict(list)
    for path, facts in sorted(machines.items()):
        known = (MachineKey.parse(path).name, *facts.bill_ids)
        for name in dict.fromkeys(short for one in known for short in (one, short_host(one))):
            found[name].append(path)
    return found


def _machine(names: Mapping[str, list[str]], account: str, host: str) -> str | None:
    """The machine of a host: of several the one of its account."""
    found = names.get(host) or names.get(short_host(host)) or []
    mine = [path for path in found if MachineKey.parse(path).account == account]
    return next(iter(mine or found), None)
