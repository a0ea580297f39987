"""Use by owner: GPU-seconds from runs where schedulers are connected, everything else from metrics."""

from collections.abc import Awaitable, Callable, Mapping
from decimal import Decimal

from trimtab.economics.shared.machines import FleetMachines

ByMetric = Callable[[str, str, int, int], Awaitable[Mapping[str, float]]]
"""(metric, tag, start, end in ms) → what each value of the tag used, from telemetry."""
GPU_SECONDS = "gpu-seconds"


class OwnersUse:
    """The room's `UseReader`."""

    def __init__(self, runs: FleetMachines, by_metric: ByMetric) -> None:
        self._runs = runs
        self._by_metric = by_metric

    async def use(self, metric: str, by: str, start_ms: int, end_ms: int) -> Mapping[str, Decimal]:
        """How much of `metric` each value of tag `by` used. Raises InvalidInput where nothing is known of it."""
        if metric == GPU_SECONDS and (held := await self._runs.gpu_seconds(by, start_ms, end_ms)):
            return held
        measured = await self._by_metric(metric, by, start_ms, end_ms)
        return {owner: Decimal(repr(amount)) for owner, amount in measured.items() if amount > 0}
