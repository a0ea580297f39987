"""What a training profile says: where the time of each GPU went, its largest kernels, and its steps."""

from enum import StrEnum

from msgspec import Struct


class Kind(StrEnum):
    """What a GPU event is."""

    COMPUTE = "compute"
    COMMUNICATION = "communication"
    MEMORY = "memory"


class KernelTotal(Struct, frozen=True, kw_only=True):
    """All events of one name: how many, and their durations added up (overlap counts twice), in microseconds."""

    kind: Kind
    name: str
    count: int
    total_us: float


class Breakdown(Struct, frozen=True, kw_only=True):
    """Where the time of a window went, in microseconds: the window is from the first GPU event to the end of the last.

    Each time is of the union of the events' intervals. `compute`, `exposed_communication` (communication while nothing
    computes), `exposed_memory` (copies while nothing computes or communicates) and `idle` add up to the window.
    """

    window_us: float
    busy_us: float
    compute_us: float
    communication_us: float
    memory_us: float
    exposed_communication_us: float
    exposed_memory_us: float
    hidden_communication_us: float
    events: int
    streams: int

    @property
    def idle_us(self) -> float:
        """Time in which no event ran."""
        return self.window_us - self.busy_us

    @property
    def hidden_share(self) -> float | None:
        """The share of communication that compute hides; None where nothing was communicated."""
        return self.hidden_communication_us / self.communication_us if self.communication_us > 0 else None


class StepTime(Struct, frozen=True, kw_only=True):
    """A step of the profiler on one GPU, in microseconds. `own_us` is without exposed communication, in which a rank
    waits for others: the rank that others wait for is the one whose own time is longest.
    """

    number: int
    length_us: float
    own_us: float


class DeviceProfile(Struct, frozen=True, kw_only=True):
    """One GPU of one rank. `rank` is None where neither the file nor its name says it."""

    rank: int | None
    device: str
    gpu: str
    breakdown: Breakdown
    kernels: tuple[KernelTotal, ...]
    steps: tuple[StepTime, ...]


class TraceProfile(Struct, frozen=True, kw_only=True):
    """What was read of one file. `devices` is empty where it has no GPU event; `note` then says what it has instead.

    `whole` and `kernels` are of all its events together, whatever their GPU. `unreadable` events were left out.
    """

    file: str
    rank: int | None
    world_size: int | None
    devices: tuple[DeviceProfile, ...]
    whole: Breakdown | None
    kernels: tuple[KernelTotal, ...]
    events: int
    unreadable: int
    note: str
