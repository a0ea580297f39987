"""What a KPI is: a number with its unit and formula, what it was made from, how much of the range that covers, and why
there is no number where there is none.

"Unknown" is a value with a reason, never a zero: a service without latency series has `value=None` and a reason that
names what was looked for.
"""

from collections.abc import Sequence
from enum import StrEnum

from msgspec import Struct, field


class Area(StrEnum):
    """The five infrastructure KPIs."""

    UTILISATION = "utilisation"
    THROUGHPUT = "throughput"
    LATENCY = "latency"
    AVAILABILITY = "availability"
    SCALABILITY = "scalability"


class Level(StrEnum):
    """Whose KPIs: each service's, each team's, or the whole fleet's."""

    SERVICE = "service"
    TEAM = "team"
    FLEET = "fleet"


class Input(Struct, frozen=True):
    """What a value was made from: a source (`namespace/metric`, or a words for a derived one), how many series, and
    which share (0 to 1) of the value's time it gave; None where shares do not apply."""

    source: str
    series: int = 0
    share: float | None = None


class Kpi(Struct, frozen=True):
    """One KPI of one group. `id` names its formula in `formulas.FORMULAS`, which has unit and area.

    `coverage` is the share (0 to 1) of what should have been seen that was seen; None where it cannot be told.
    `reason` says why `value` is None, or what to keep in mind of a value that stands on an assumption. `low` and
    `high` bound the value with 95 % confidence where it was fitted.
    """

    id: str
    value: float | None = None
    reason: str = ""
    coverage: float | None = None
    inputs: tuple[Input, ...] = ()
    low: float | None = None
    high: float | None = None


class GroupKpis(Struct, frozen=True):
    """The KPIs of one service, team or fleet, one of each formula, in the formulas' order."""

    group: str
    kpis: tuple[Kpi, ...]

    def get(self, id_: str) -> Kpi:
        """The KPI with that id. Raises KeyError."""
        for kpi in self.kpis:
            if kpi.id == id_:
                return kpi
        raise KeyError(id_)


class Report(Struct, frozen=True):
    """The KPIs of every group over `[start_ms, end_ms)`, read in steps of `step_s` seconds."""

    level: Level
    by: str
    start_ms: int
    end_ms: int
    step_s: int
    groups: Sequence[GroupKpis] = field(default_factory=tuple)


def unknown(id_: str, reason: str, inputs: tuple[Input, ...] = ()) -> Kpi:
    """A KPI without a value, and why."""
    return Kpi(id_, None, reason, inputs=inputs)
