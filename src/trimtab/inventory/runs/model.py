"""Words of runs: what a scheduler ran or is to run, which GPUs it held, what it waited for, and on which nodes."""

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct, field

from trimtab.base.records import replace


class RunState(StrEnum):
    """Where a run is; the schedulers' own words are mapped to these (LOST: it vanished, and nothing says how)."""

    PENDING = "pending"
    RUNNING = "running"
    SUSPENDED = "suspended"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    TIMEOUT = "timeout"
    OUT_OF_MEMORY = "out of memory"
    NODE_FAILED = "node failed"
    PREEMPTED = "preempted"
    LOST = "lost"


OPEN = frozenset({RunState.PENDING, RunState.RUNNING, RunState.SUSPENDED})
"""States in which a run may still change."""
_SERVICES = frozenset({"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"})
"""Kinds of Kubernetes whose pods are there until somebody takes them away."""


class RunKey(Struct, frozen=True):
    """A run: its account, its cluster, and its id there (`48213`, `vision/trainer-0`)."""

    account: str
    cluster: str
    job: str


class Held(Struct, frozen=True):
    """GPUs of a run on one node: how many, and which ones where that is known, by index on the node or UUID.

    `pod` is `namespace/name` where a pod held them, `pod_uid` its UID. The times are its own where they differ from the
    run's.
    """

    node: str
    gpus: float
    indexes: tuple[int, ...] = ()
    uuids: tuple[str, ...] = ()
    pod: str = ""
    start_ms: int | None = None
    end_ms: int | None = None
    pod_uid: str = ""


class Run(Struct, frozen=True):
    """What a scheduler says of a run. Times in ms; None of `start_ms`: never started, of `end_ms`: not ended.

    `gpus` are those that it held, or asks for while it waits, of all `tasks` together (a waiting array is one run of
    several tasks). `reason` is why it waits, or why it ended. `whole_nodes`: it had its nodes to itself.
    """

    key: RunKey
    scheduler: str
    state: RunState
    submit_ms: int
    name: str = ""
    user: str = ""
    team: str = ""
    queue: str = ""
    reason: str = ""
    exit_code: int | None = None
    start_ms: int | None = None
    end_ms: int | None = None
    gpus: float = 0.0
    gpu_type: str = ""
    nodes: int = 0
    node_names: tuple[str, ...] = ()
    whole_nodes: bool = False
    tasks: int = 1
    tags: Mapping[str, str] = field(default_factory=dict)
    held: tuple[Held, ...] = ()
    seen_ms: int = 0

    def wait_ms(self, now_ms: int) -> int:
        """How long it waited, or has waited, from its submission to its start (or its end, where it never started)."""
        until = self.start_ms if self.start_ms is not None else self.end_ms if self.end_ms is not None else now_ms
        return max(until - self.submit_ms, 0)

    def ran_at(self, at_ms: int) -> bool:
        """Whether it ran at a moment; one that is suspended or lost now is not said to have."""
        if self.start_ms is None or self.start_ms > at_ms:
            return False
        return self.state is RunState.RUNNING if self.end_ms is None else self.end_ms > at_ms

    def waited_at(self, at_ms: int) -> bool:
        """Whether it was submitted and had not started at a moment."""
        if self.submit_ms > at_ms or (self.start_ms is not None and self.start_ms <= at_ms):
            return False
        if self.end_ms is not None:
            return self.end_ms > at_ms
        return self.start_ms is not None or self.state is RunState.PENDING

    def gpu_seconds(self, start_ms: int, end_ms: int) -> float:
        """GPU-seconds that it held within a range; of one that runs, to the range's end."""
        return sum(one.gpus * self.held_seconds(one, start_ms, end_ms) for one in self.held or (Held("", self.gpus),))

    def held_seconds(self, part: Held, start_ms: int, end_ms: int) -> float:
        """How long it held one of its parts within a range."""
        begun = part.start_ms if part.start_ms is not None else self.start_ms
        ended = part.end_ms if part.end_ms is not None else self.end_ms
        if begun is None:
            return 0.0
        return max(min(end_ms if ended is None else ended, end_ms) - max(begun, start_ms), 0) / 1000

    @property
    def open(self) -> bool:
        """Whether it waits or runs."""
        return self.state in OPEN

    @property
    def is_training(self) -> bool:
        """Whether it is a job that ends, rather than a service or somebody's workplace."""
        return self.tags.get("kind", "") not in _SERVICES


class Stretch(Struct, frozen=True):
    """A time in which a run's state and reason did not change, as far as anybody looked."""

    from_ms: int
    to_ms: int
    state: RunState
    reason: str


class Condition(StrEnum):
    """What a node may be used for."""

    UP = "up"
    RESERVED = "reserved"
    """Up, and kept for somebody: a reservation, a job that is planned there, a taint."""
    DRAINED = "drained"
    """Taken out of use: drained, cordoned, in maintenance."""
    DOWN = "down"
    """Failed, or not answering."""
    POWERED_DOWN = "powered down"
    """Of a cloud's, and switched off to save money: until it is powered up it does not exist, and nobody pays."""


class Node(Struct, frozen=True):
    """A node of a cluster as last reported. `state` are the scheduler's own words."""

    account: str
    cluster: str
    name: str
    condition: Condition
    state: str = ""
    reason: str = ""
    gpus: float = 0.0
    allocated: float = 0.0
    gpu_type: str = ""
    instance_type: str = ""
    instance_id: str = ""
    partitions: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    seen_ms: int = 0


class NodeStretch(Struct, frozen=True):
    """A time in which a node did not change."""

    node: str
    from_ms: int
    to_ms: int
    condition: Condition
    reason: str
    gpus: float
    allocated: float


class LifeStretch(Struct, frozen=True):
    """A time `[from_ms, to_ms)` in which a node was there and these facts of it did not change.

    `to_ms` is None where nobody has said that it ended: silence ends nothing.
    """

    from_ms: int
    to_ms: int | None
    condition: Condition
    reason: str
    gpus: float
    gpu_type: str
    instance_type: str
    instance_id: str


class FirstTold(Struct, frozen=True):
    """The instance ids that a node ever had, and what was first told of its GPUs, and when."""

    ids: tuple[str, ...] = ()
    from_ms: int = 0
    gpus: float = 0.0
    gpu_type: str = ""
    instance_type: str = ""


class NodeLife(Struct, frozen=True):
    """The times in which a node was there, in order of time; between them it did not exist (gone, or powered down)."""

    account: str
    cluster: str
    name: str
    stretches: tuple[LifeStretch, ...]

    @property
    def came_ms(self) -> int:
        """When the first of these stretches began."""
        return self.stretches[0].from_ms

    @property
    def gone_ms(self) -> int | None:
        """When the last of these stretches ended; None where it goes on."""
        return self.stretches[-1].to_ms

    def within(self, start_ms: int, end_ms: int) -> "NodeLife":
        """The same with those stretches alone that overlap `[start, end)`, as long as they are; it may have none."""
        inside = (one for one in self.stretches if one.from_ms < end_ms and (one.to_ms is None or one.to_ms > start_ms))
        return replace(self, stretches=tuple(inside))
