"""Who held accelerators and machines, as the owner of a resource is asked for: by shares of the time they existed."""

from collections.abc import Iterable, Mapping

from trimtab.fleet.claims import holder_name
from trimtab.fleet.frame import UNOWNED, DeviceHours
from trimtab.inventory.owners import Holding
from trimtab.inventory.runs.model import Run

Device = tuple[str, int]
"""A machine's path, and the number of an accelerator there."""
_SCHEDULERS = {"slurm": "SLURM", "kubernetes": "Kubernetes"}


def holder_words(runs: Iterable[Run]) -> dict[str, str]:
    """By holder of a run what people call it: `run moe-ablation-0 (SLURM)`."""
    return {
        holder_name(run): f"run {run.name or run.key.job} ({_SCHEDULERS.get(run.scheduler, run.scheduler)})"
        for run in runs
    }


def holdings_by_device(devices: Iterable[DeviceHours], words: Mapping[str, str]) -> dict[Device, tuple[Holding, ...]]:
    """Who held each accelerator."""
    return {(one.machine, one.device): _holdings([one], words) for one in devices}


def holdings_by_machine(devices: Iterable[DeviceHours], words: Mapping[str, str]) -> dict[str, tuple[Holding, ...]]:
    """Who held each machine, all of its accelerators together."""
    machines: dict[str, list[DeviceHours]] = {}
    for one in devices:
        machines.setdefault(one.machine, []).append(one)
    return {path: _holdings(some, words) for path, some in machines.items()}


def _holdings(devices: list[DeviceHours], words: Mapping[str, str]) -> tuple[Holding, ...]:
    existing = sum(one.totals.existing for one in devices)
    sums: dict[tuple[str, str], float] = {}
    for one in devices:
        for holder, team, hours in one.held_by:
            key = "" if team == UNOWNED else team, holder
            sums[key] = sums.get(key, 0.0) + hours
    return tuple(
        Holding(team, words.get(holder) or _workload(holder), hours / existing)
        for (team, holder), hours in sorted(sums.items())
        if existing > 0
    )


def _workload(holder: str) -> str:
    """A holder that no scheduler names: `account//workload`, by its telemetry."""
    _, _, name = holder.split("/", 2) if holder.count("/") > 1 else ("", "", holder)
    return f"{name} (telemetry)"
