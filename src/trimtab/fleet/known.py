"""Everything that is known of a range, before it is put side by side."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from trimtab.fleet.telemetry.day import TelemetryDay
from trimtab.inventory.runs.model import NodeLife, Run


@dataclass(frozen=True, slots=True)
class BilledMachine:
    """A machine that a bill names and its hours: `[start, end)` each. `gpus` by its instance type."""

    resource: str
    account: str
    region: str
    instance_type: str
    gpus: int
    spans: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Known:
    """Everything that is known of a range `[start, end)`; what goes on at `now_ms` is known until then.

    `shares`: by run's name and node its measured share of the time of devices (by index) that several take in turns.
    """

    start_ms: int
    end_ms: int
    now_ms: int
    lives: Sequence[NodeLife] = ()
    runs: Sequence[Run] = ()
    telemetry: TelemetryDay | None = None
    billed: Sequence[BilledMachine] = ()
    sliced: frozenset[tuple[str, str, str]] = frozenset()
    shares: Mapping[tuple[str, str], Mapping[str, float]] = field(default_factory=dict)
