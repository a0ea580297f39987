"""Everything that is known of a range, before it is put side by side."""

from collections.abc import Mapping, Sequence

from msgspec import Struct, field

from trimtab.fleet.telemetry.day import TelemetryDay
from trimtab.inventory.runs.model import NodeLife, Run


class BilledMachine(Struct, frozen=True):
    """A machine that a bill names and its hours: `[start, end)` each. `gpus` by its instance type."""

    resource: str
    account: str
    region: str
    instance_type: str
    gpus: int
    spans: tuple[tuple[int, int], ...]

    @property
    def name(self) -> str:
        """The resource without what is before its id."""
        return self.resource.rpartition("/")[2]


class Known(Struct, frozen=True):
    """Everything that is known of a range `[start, end)`; what goes on at `now_ms` is known until then.

    `shares`: by run's name and node its measured share of the time of devices (by index) that several take in turns.
    `began`: by account and cluster since when its scheduler speaks of nodes; `instances`: by account, cluster and node
    the instance ids that it ever had.
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
    began: Mapping[tuple[str, str], int] = field(default_factory=dict)
    instances: Mapping[tuple[str, str, str], Sequence[str]] = field(default_factory=dict)
