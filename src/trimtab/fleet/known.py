"""Everything that is known of a range, before it is put side by side."""

from collections.abc import Mapping, Sequence

from msgspec import Struct, field

from trimtab.fleet.telemetry.day import TelemetryDay
from trimtab.inventory.runs.model import FirstTold, NodeLife, Run


class BilledMachine(Struct, frozen=True):
    """A machine that a bill names and its hours: `[start, end)` each.

    `gpus` by its instance type: 0 where the bill names none that is known. `called` is the name beside its id.
    """

    resource: str
    account: str
    region: str
    instance_type: str
    gpus: int
    spans: tuple[tuple[int, int], ...]
    called: str = ""

    @property
    def name(self) -> str:
        """The resource without what is before its id."""
        return self.resource.rpartition("/")[2]

    @property
    def names(self) -> tuple[str, ...]:
        """What schedulers may call it."""
        return tuple(dict.fromkeys(one for one in (self.resource, self.name, self.called) if one))


class Known(Struct, frozen=True):
    """Everything that is known of a range `[start, end)`; what goes on at `now_ms` is known until then.

    `shares`: by run's name and node its measured share of the time of devices (by index) that several take in turns.
    `began`: by account and cluster since when its scheduler speaks of nodes; `first_told`: by account, cluster and node
    the instance ids that it ever had, and what was first told of its GPUs. `accounted`: by account and cluster since
    when, before that, runs tell who had its nodes.
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
    first_told: Mapping[tuple[str, str, str], FirstTold] = field(default_factory=dict)
    accounted: Mapping[tuple[str, str], int] = field(default_factory=dict)
