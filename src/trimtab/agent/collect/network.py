"""Bytes and errors of network interfaces, cumulative since boot.

What is left out: loopback, and the interfaces that container and virtual-machine software makes by the dozen
(one end of each pod's cable, bridges, overlays), whose traffic the real interface counts too; likewise the
members of a bond, which the bond counts.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil

from trimtab.agent.reading import Reading

_NOISE = re.compile(
    r"lo\d*$|(veth|cali|lxc|lxdbr|cilium_|cni|flannel|docker|br-|virbr|vnet|tunl|kube-|nodelocaldns|dummy|ifb|weave|vxlan|gif|stf|awdl|llw|utun|anpi)"
)
_FIELDS = (("receive", "bytes_recv", "errin"), ("transmit", "bytes_sent", "errout"))


def readings(sysfs: Path, boot_ms: int) -> list[Reading]:
    """Counters of every interface that carries the machine's own traffic."""
    return of_counters(psutil.net_io_counters(pernic=True, nowrap=False), sysfs, boot_ms)


def of_counters(counters: Mapping[str, Any], sysfs: Path, boot_ms: int) -> list[Reading]:
    """Readings of psutil's per-interface counters."""
    found: list[Reading] = []
    for name, counted in sorted(counters.items()):
        if _NOISE.match(name) or (sysfs / "class" / "net" / name / "bonding_slave").exists():
            continue
        for direction, bytes_field, errors_field in _FIELDS:
            attributes = (("network.interface.name", name), ("network.io.direction", direction))
            found.append(Reading("system.network.io", "By", getattr(counted, bytes_field), attributes, boot_ms))
            errors = getattr(counted, errors_field)
            found.append(Reading("system.network.errors", "{error}", errors, attributes, boot_ms))
    return found
