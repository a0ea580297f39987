"""What travels over `GET /rest/v1/queue/replay`. Amounts are decimal text; waits are seconds."""

from msgspec import Struct

from trimtab.client.wire import Millis


class ReplayedWaits(Struct, frozen=True):
    """Waits of runs that were submitted in the range; null where none of them started.

    `gpu_hours` were waited for in the range; `unstarted` runs had not started at its end, or never can. `held_share` is
    GPU-hours held ÷ GPU-hours that there were; null of what was recorded.
    """

    runs: int
    unstarted: int
    gpu_hours: float
    mean_s: float | None
    p50_s: float | None
    p95_s: float | None
    held_share: float | None


class ReplayedPool(Struct, frozen=True):
    """GPUs of one type: how many there are, how many with the change, and how that is known."""

    gpu_type: str
    gpus: float
    changed: float
    known_by: str


class ReplayedTeam(Struct, frozen=True):
    """One team's waits: as recorded, replayed with the GPUs that there are, and with the change."""

    team: str
    recorded: ReplayedWaits
    replayed: ReplayedWaits
    changed: ReplayedWaits


class QueueReplay(Struct, frozen=True):
    """Three queues of a range: as recorded, replayed with the GPUs that there are, and replayed with the change.

    What the change does is the difference of the third from the second. `extra_cost` is what the GPUs more (or fewer,
    negative) would have cost in the range, at `per_gpu_hour`; null where no price is known, and `priced_by` says why.
    """

    cluster: str
    start_ms: Millis
    end_ms: Millis
    pools: list[ReplayedPool]
    recorded: ReplayedWaits
    replayed: ReplayedWaits
    changed: ReplayedWaits
    teams: list[ReplayedTeam]
    per_gpu_hour: str | None
    extra_cost: str | None
    currency: str
    priced_by: str
    notes: list[str]
