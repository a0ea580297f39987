"""What a file asks a scheduler for: pods or nodes, and the GPUs of each."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct, field

from trimtab.base.records import replace

GPU_MEMORY_SHARE = "shared by memory"
"""Said of a pod that asks for GPU memory and no part of a GPU: which part it is depends on the card."""


class Hardware(Struct, frozen=True):
    """Which GPUs a file names: an accelerator, a cloud's instance type, a memory size; "" where it names none."""

    gpu_type: str = ""
    instance_type: str = ""


class Group(Struct, frozen=True, kw_only=True):
    """Pods or nodes that are alike. `pods` None: the file does not tell how many.

    `gpus_each` are whole GPUs and parts of them (a MIG instance by its share); None: the file does not tell. The
    quantities of `devices` (by resource name), `others` (accelerators that are no GPUs), `cpu_each` (cores) and
    `memory_each` (bytes) are of one pod.
    """

    name: str = ""
    pods: int | None = 1
    gpus_each: float | None = 0.0
    hardware: Hardware = Hardware()
    devices: Mapping[str, float] = field(default_factory=dict)
    others: Mapping[str, float] = field(default_factory=dict)
    cpu_each: float = 0.0
    memory_each: float = 0.0
    unknown: str = ""
    """Why the GPUs or the pods are not known; "" where they are."""

    @property
    def gpus(self) -> float | None:
        """GPUs of all its pods; None where the file does not tell."""
        if self.gpus_each == 0 or self.pods == 0:
            return 0.0
        return None if self.gpus_each is None or self.pods is None else self.gpus_each * self.pods


class Choice(Struct, frozen=True):
    """One of several kinds of hardware that will do: GPUs a node, of an accelerator or an instance type."""

    hardware: Hardware
    gpus_each: float
    spot: bool = False


class Ask(Struct, frozen=True, kw_only=True):
    """What one job or service of a file asks for, at once.

    `groups` are empty where the file leaves it to somebody else (a runtime, a cluster that is there), and `unknown`
    says why. `choices`: hardware of which the first that is to be had is taken; `groups` then has its nodes without
    GPUs. `seconds` is the time limit. Of an array `tasks` are all, `at_once` those that may run together; groups are of
    one task. `facts` are the file's own words that no sum needs, by name.
    """

    kind: str
    name: str | None = None
    api: str | None = None
    file: str = ""
    groups: tuple[Group, ...] = ()
    choices: tuple[Choice, ...] = ()
    unknown: str = ""
    seconds: int | None = None
    tasks: int = 1
    at_once: int | None = None
    team: str = ""
    user: str = ""
    queue: str = ""
    cluster: str = ""
    spot: bool = False
    ends: bool = True
    """Whether it ends by itself, as a job does; a service runs until somebody takes it away."""
    per_node: bool = False
    """Whether there is a pod on every node (DaemonSet): its GPUs are those of one node."""
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def replicas(self) -> int | None:
        """Pods or nodes of one task; None where the file does not tell."""
        if not self.groups:
            return None
        counts = [group.pods for group in self.groups]
        return None if None in counts else sum(count for count in counts if count is not None)

    @property
    def together(self) -> int:
        """Tasks that run at once."""
        return min(self.tasks, self.at_once) if self.at_once else self.tasks

    @property
    def gpus(self) -> float | None:
        """GPUs of one task; None where the file does not tell."""
        if not self.groups or self.choices:
            return None
        counts = [group.gpus for group in self.groups]
        return None if None in counts else sum(count for count in counts if count is not None)

    @property
    def why_unknown(self) -> str:
        """Why its GPUs, or its pods, are not known; "" where they are."""
        return self.unknown or next((group.unknown for group in self.groups if group.unknown), "")

    def total(self, of: str) -> dict[str, float]:
        """`devices` or `others` of all pods of a task, by resource name."""
        sums: dict[str, float] = {}
        for group in self.groups:
            for name, number in getattr(group, of).items():
                sums[name] = sums.get(name, 0.0) + number * (group.pods or 0)
        return {name: number for name, number in sums.items() if number}


class Reading(Struct, frozen=True):
    """What was read of a file: what it asks for, and what could not be read, in words."""

    file: str
    asks: tuple[Ask, ...] = ()
    problems: tuple[str, ...] = ()

    def named(self, file: str) -> "Reading":
        """The same of a file of another name."""
        return replace(self, file=file, asks=tuple(replace(ask, file=file) for ask in self.asks))


def times(groups: Sequence[Group], number: int | None, why: str = "") -> tuple[Group, ...]:
    """Groups of which there are `number` each; None makes their pods unknown, and `why` says why."""
    return tuple(
        replace(
            group,
            pods=None if number is None or group.pods is None else group.pods * number,
            unknown=group.unknown or (why if number is None else ""),
        )
        for group in groups
    )
