"""What `/rest/v1/fleet/health` answers, and what a run's report says of the faults of its GPUs."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from trimtab.client.fleet_wire import Amounts
from trimtab.client.wire import Millis

EffectName = Literal["ended", "requeued", "own error", "went on", "nobody"]
ActionName = Literal["cordon", "drain", "reset", "RMA"]
SeverityName = Literal["fatal", "degraded", "application", "notice"]


class CostedHours(Struct, frozen=True):
    """GPU-hours, what they cost by currency, and how many of them have no price."""

    gpu_hours: float
    cost: Amounts
    unpriced: float


class FaultHarm(Struct, frozen=True, kw_only=True):
    """A fault and a run that held the device ("" nobody). It happened from `since_ms` to `at_ms`.

    `lost` is since the last checkpoint (`saved_ms`); where none is known it is null and `at_most` is since the start of
    the run. Of several faults that ended a run the first has its loss. `down` is what was down after the fault.
    """

    machine: str
    device: int | None
    gpu: str
    fault: str
    meaning: str
    severity: SeverityName
    since_ms: Millis
    at_ms: Millis
    sources: list[str]
    effect: EffectName
    run: str
    run_name: str
    team: str
    ended_ms: Millis | None
    saved_ms: Millis | None
    lost: CostedHours | None
    at_most: CostedHours | None
    down: CostedHours | None


class SlowedRun(Struct, frozen=True, kw_only=True):
    """How the clocks of a run's GPUs were held down for a reason: `share` of the measured time of all its GPUs.

    `slowed` is false for a limit of power, and below 5 %.
    """

    run: str
    run_name: str
    reason: str
    machines: list[str]
    gpus: int
    share: float
    throttled_gpu_hours: float
    measured_gpu_hours: float
    slowed: bool


class MachineRate(Struct, frozen=True, kw_only=True):
    """Incidents of a machine a GPU-day: of all faults, and (`ending_…`) of those that ended runs. `low` to `high` is
    the 90 % interval. `lemon`: an interval lies above the fleet's rate.
    """

    machine: str
    gpu_days: float
    incidents: int
    rate: float | None
    low: float | None
    high: float | None
    ending_incidents: int
    ending_rate: float | None
    ending_low: float | None
    ending_high: float | None
    lemon: bool


class DueAction(Struct, frozen=True, kw_only=True):
    """What is to be done now with a machine, or a device of it; and what it would have come to in the range, had it
    been done each time that its rule fired (`fired`) by what was known then: runs and work spared, hours out for it.
    """

    action: ActionName
    machine: str
    device: int | None
    since_ms: Millis
    why: str
    command: str
    fired: int
    spared_runs: int
    spared: CostedHours
    spared_at_most: CostedHours
    out: CostedHours


class FleetHealth(Struct, frozen=True, kw_only=True):
    """The health of GPUs in `[start_ms, end_ms)`: faults by time, the last first; machines, the worst first.

    `lost`, `at_most` and `down` are sums; they are of different hours and are never added up.
    """

    start_ms: Millis
    end_ms: Millis
    faults: list[FaultHarm]
    lost: CostedHours
    at_most: CostedHours
    down: CostedHours
    slowed: list[SlowedRun]
    fleet_rate: Annotated[float | None, Meta(description="Incidents a GPU-day of all machines; null: none to compare.")]
    fleet_ending_rate: float | None
    machines: list[MachineRate]
    actions: list[DueAction]


class RunHealth(Struct, frozen=True):
    """Faults of a run's GPUs while it held them, and how their clocks were held down."""

    faults: list[FaultHarm]
    slowed: list[SlowedRun]
