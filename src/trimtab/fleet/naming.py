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
    names = MachineNames(machines)
    found: dict[Device, list[Series]] = defaultdict(list)
    for (account, host), gpus in sorted(hosts.items()):
        path = names.path_of(host, account)
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


class MachineNames:
    """Finds the machine that a name means: its own, those on bills, with its domain or without."""

    def __init__(self, machines: Mapping[str, MachineFacts]) -> None:
        self._paths: dict[str, list[str]] = defaultdict(list)
        for path, facts in sorted(machines.items()):
            known = (MachineKey.parse(path).name, *facts.bill_ids)
            for name in dict.fromkeys(short for one in known for short in (one, short_host(one))):
                self._paths[name].append(path)

    def path_of(self, name: str, account: str = "") -> str | None:
        """The machine's path; of several that have the name the one of the account."""
        found = self._paths.get(name) or self._paths.get(short_host(name)) or []
        mine = [path for path in found if MachineKey.parse(path).account == account]
        return next(iter(mine or found), None)
