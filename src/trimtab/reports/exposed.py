"""What others scrape of money and idleness: today's cost by owner, and what each team's GPUs did in the last hour."""

from collections.abc import Sequence

from msgspec import Struct, field

from trimtab.access.scope import EVERYTHING
from trimtab.base.clock import Clock
from trimtab.costs.model import Metric
from trimtab.economics.estimate.live import LiveEstimates
from trimtab.economics.estimate.report import report_of
from trimtab.fleet.frame import by_team
from trimtab.fleet.reading import HoursReader

REFRESH_S = 60.0
_HOUR_MS = 3_600_000
LAYERS = ("active", "inactive", "unmeasured", "free", "down", "unknown")
"""Parts of GPU time that do not overlap: they add up to the GPUs that exist."""

Cost = tuple[str, str, float]
"""Owner, currency, and what today cost so far."""
Gpus = tuple[str, str, float]
"""Team, layer, and how many GPUs on average."""


class Exposed(Struct):
    """The newest figures: empty until they are read first, and where there is neither bill nor GPU."""

    live: LiveEstimates
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
        frame = await self.ledger.frame(EVERYTHING, now_ms - _HOUR_MS, now_ms)
        self.gpus = [
            (team, layer, getattr(found, layer))
            for team, found in by_team(frame).items()
            for layer in LAYERS
            if found.existing
        ]
