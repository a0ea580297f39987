"""What others scrape of money and idleness: today's cost by owner, and what each team's GPUs did in the last hour."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from trimtab.access.scope import EVERYTHING
from trimtab.base.clock import Clock
from trimtab.costs.model import Metric
from trimtab.economics.estimate.live import LiveEstimates
from trimtab.economics.estimate.report import report_of
from trimtab.fleet.reading import HoursReader
from trimtab.fleet.telemetry.concepts import Registry
from trimtab.fleet.telemetry.reading import Reader
from trimtab.kpis.model import Level
from trimtab.kpis.report import report

REFRESH_S = 60.0
_HOUR_MS = 3_600_000
LAYERS = ("active", "inactive", "unmeasured", "free", "down", "unknown")
"""Parts of GPU time that do not overlap: they add up to the GPUs that exist."""

Cost = tuple[str, str, float]
"""Owner, currency, and what today cost so far."""
Gpus = tuple[str, str, float]
"""Team, layer, and how many GPUs on average."""


@dataclass(slots=True)
class Exposed:
    """The newest figures: empty until they are read first, and where there is neither bill nor GPU."""

    live: LiveEstimates
    reader: Reader
    registry: Registry
    ledger: HoursReader
    clock: Clock
    costs: Sequence[Cost] = field(default=())
    gpus: Sequence[Gpus] = field(default=())

    async def refresh(self) -> None:
        """Read both. Raises QueryAborted, Unavailable; then the older figures stay."""
        found = await self.live.snapshot()
        if found is not None:
            rows = report_of(found, EVERYTHING, Metric.BILLED, None).rows
            self.costs = [(one.name, one.currency, float(one.today)) for one in rows]
        now_ms = self.clock.now_ms()
        teams = await report(
            self.reader, self.registry, EVERYTHING, Level.TEAM, now_ms - _HOUR_MS, now_ms, ledger=self.ledger
        )
        hours = [(group, layer, group.get(f"gpu_hours_{layer}").value) for group in teams.groups for layer in LAYERS]
        paid = {group.group for group in teams.groups if group.get("gpu_hours_existing").value}
        self.gpus = [
            (group.group, layer, value) for group, layer, value in hours if value is not None and group.group in paid
        ]
