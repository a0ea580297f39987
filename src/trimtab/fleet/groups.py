"""Groups rows of the ledger by what series say of their holders and machines: service, namespace, model, node, …

A holder is found by the pod or job that series name; what nobody holds belongs to the machine's group where its series
carry one (node, zone, account), else to nobody. A team is the ledger's own.
"""

from collections.abc import Mapping

from trimtab.fleet.frame import NOBODY_HELD, UNOWNED, Frame
from trimtab.fleet.model import State
from trimtab.fleet.telemetry import concepts
from trimtab.fleet.telemetry.concepts import Finder
from trimtab.fleet.telemetry.identity import gpu_of, host_of, short_host, workload_of
from trimtab.fleet.telemetry.owners import FLEET, Owners

_OF_HOLDERS = frozenset({"team", "namespace", "service", "model", "pod"})
"""Groups that machines have nothing to say of: a free GPU is no service's."""


def names_of(frame: Frame, owners: Owners, finder: Finder) -> list[str]:
    """Of each row its group by `owners.by`."""
    if owners.by == FLEET:
        return [FLEET] * len(frame)
    if owners.by == "team":
        return frame.owner_names()
    parts = [path.split("/", 2) for path in frame.machines]
    if owners.by in ("account", "cluster"):
        place = 0 if owners.by == "account" else 1
        return [parts[machine][place] or UNOWNED for machine in frame.machine.tolist()]
    holders, hosts = _said(owners, finder)
    own = [_of_holder(name, holders) for name in frame.holders]
    machines = [hosts.get(short_host(part[2]), "") for part in parts]
    by_machine = owners.by not in _OF_HOLDERS
    found = []
    for state, holder, machine in zip(frame.state.tolist(), frame.holder.tolist(), frame.machine.tolist(), strict=True):
        if by_machine:
            found.append(machines[machine] or (own[holder] if state == State.HELD else "") or UNOWNED)
        elif state == State.HELD:
            found.append(own[holder] or UNOWNED)
        else:
            found.append(NOBODY_HELD)
    return found


def _said(owners: Owners, finder: Finder) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """By workload, and by host, the group that its series carry."""
    holders: dict[str, str] = {}
    hosts: dict[str, str] = {}
    for _, metrics in concepts.ACTIVITY:
        for one in finder.all(metrics):
            group = owners.of(one.series)
            if group == UNOWNED:
                continue
            if workload := workload_of(one.series):
                holders.setdefault(workload, group)
            if host := host_of(one.series) or gpu_of(one.series):
                hosts.setdefault(short_host(host), group)
    for (_, space, pod), labels in owners.pods.items():
        names = (f"label_{owners.by}", f"label_{owners.by.replace('.', '_')}")
        group = next((labels[name] for name in names if labels.get(name)), "")
        if group:
            holders.setdefault(pod, group)
            holders.setdefault(f"{space}/{pod}", group)
    return holders, hosts


def _of_holder(name: str, holders: Mapping[str, str]) -> str:
    """The group of a holder (`account/cluster/job`): by its whole job, or the pod's own name."""
    job = name.split("/", 2)[-1] if name else ""
    return holders.get(job) or holders.get(job.rpartition("/")[2]) or ""
