"""`scontrol show node -d`: the nodes of a cluster, their GPUs, and whether they may be used."""

import re
from collections.abc import Iterator

from trimtab.client.inventory_wire import ConditionName, NodeRecord
from trimtab.sources.slurm.gres import Gpus, of_gres, of_tres
from trimtab.sources.slurm.text import hosts_of, known, pairs_of, records_of

_DOWN = frozenset({"DOWN", "ERROR", "FAIL", "FAILING", "NOT_RESPONDING", "NO_RESPOND", "UNKNOWN"})
_DRAINED = frozenset({"DRAIN", "DRAINED", "DRAINING", "MAINT", "MAINTENANCE", "REBOOT", "REBOOT_ISSUED"})
_RESERVED = frozenset({"RESERVED", "PLANNED"})
_OFF = frozenset({"POWERED_DOWN", "POWERING_DOWN", "POWER"})
"""States of a node that is switched off to save money (POWER: before SLURM 21.08). A cloud's (CLOUD) does not exist
then, and nobody pays for it; one's own machine is there, and is paid for. One that is to be switched off (POWER_DOWN)
is still on.
"""
_MARKS = re.compile(r"[*~#!%$@^-]+$")
_BY = re.compile(r"\s*\[[^\[\]]*@[^\[\]]*\]\s*$")
_MOST_TEXT = 500
_SAVING = "powered down to save energy"


def read(text: str) -> Iterator[NodeRecord]:
    """The nodes of scontrol's output. Raises InvalidInput."""
    for record in records_of(text, "NodeName"):
        pairs = pairs_of(record)
        state = pairs.get("State", "").split()[0] if pairs.get("State", "").split() else ""
        flags = flags_of(state)
        there = of_gres(pairs.get("Gres")) or of_tres(pairs.get("CfgTRES"))
        used = of_tres(pairs.get("AllocTRES")) or of_gres(pairs.get("GresUsed"))
        reservation = known(pairs.get("ReservationName"))
        yield node_record(
            name=hosts_of(pairs["NodeName"].split()[0])[0],
            condition=condition_of(flags, reservation),
            flags=flags,
            state=state,
            there=there,
            used=used,
            reason=known(pairs.get("Reason")),
            reservation=reservation,
            instance_type=known(pairs.get("InstanceType")),
            instance_id=known(pairs.get("InstanceId")),
            partitions=[one for one in known(pairs.get("Partitions")).split(",") if one],
            features=known(pairs.get("ActiveFeatures")),
        )


def node_record(
    *,
    name: str,
    condition: ConditionName,
    flags: frozenset[str],
    state: str,
    there: Gpus,
    used: Gpus,
    reason: str,
    reservation: str,
    instance_type: str,
    instance_id: str,
    partitions: list[str],
    features: str,
) -> NodeRecord:
    """A node as trimtab keeps it: `there` are its GPUs, `used` those that jobs hold."""
    gpus = 0.0 if condition == "powered down" else there.count
    because = _BY.sub("", reason) or (_SAVING if flags & _OFF else "")
    return NodeRecord(
        name=name,
        condition=condition,
        state=state,
        reason=(because or (f"reservation {reservation}" if reservation else ""))[:_MOST_TEXT],
        gpus=gpus,
        allocated=min(used.count, gpus),
        gpu_type=there.type,
        instance_type=instance_type,
        instance_id=instance_id,
        partitions=partitions,
        labels={"features": features} if features else {},
    )


def flags_of(state: str) -> frozenset[str]:
    """`DOWN*+DRAIN` → DOWN, NOT_RESPONDING, DRAIN."""
    found = set()
    for word in state.upper().split("+"):
        found.add(_MARKS.sub("", word))
        if word.endswith("*"):
            found.add("NOT_RESPONDING")
        if word.endswith("~"):
            found.add("POWERED_DOWN")
        if word.endswith("%"):
            found.add("POWERING_DOWN")
    return frozenset(found - {""})


def condition_of(flags: frozenset[str], reservation: str = "") -> ConditionName:
    """What a node may be used for. A drained node that still works is drained: nothing new starts on it."""
    if "FUTURE" in flags or (flags & _OFF and "CLOUD" in flags):
        return "powered down"
    if flags & _DRAINED:
        return "drained"
    if flags & _DOWN or not flags:
        return "down"
    return "reserved" if flags & _RESERVED or reservation else "up"
