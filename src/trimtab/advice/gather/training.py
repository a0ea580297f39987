"""What checks of training ask: counters of InfiniBand and RoCE ports, and what training programs logged of trouble."""

from collections import defaultdict
from collections.abc import Mapping

from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.advice.facts import DAY_MS, FabricPort, ProgramFault
from trimtab.inventory.room import InventoryRoom
from trimtab.metrics.aliases import find, host
from trimtab.metrics.model import SeriesQuery
from trimtab.metrics.plan import StatRequest
from trimtab.metrics.read import MetricReader
from trimtab.metrics.registry import SeriesRegistry
from trimtab.metrics.statistics import parse_statistic

FABRIC_DAYS = 7
FABRIC_COUNTERS = (
    "link.downed", "link.recovered", "symbol.errors", "receive.errors", "discards", "out_of_sequence", "ack.timeouts",
    "waits", "congestion.notices",
)  # fmt: skip
"""Names of the concepts `fabric.*`."""
_FAULTS = "training.faults"
_PERIOD_S = 3600
_SUM = parse_statistic("Sum")


class TrainingReader(Struct, frozen=True):
    """Reads what metrics say of the fabric and of training programs."""

    reader: MetricReader
    registry: SeriesRegistry
    inventory: InventoryRoom

    async def ports(self, scope: Scope, now_ms: int) -> list[FabricPort]:
        """Every port that told of its errors in the last FABRIC_DAYS days, with how often each came."""
        end = now_ms // (_PERIOD_S * 1000) * _PERIOD_S * 1000
        since = end - FABRIC_DAYS * DAY_MS
        asked = [
            (name, series)
            for name in FABRIC_COUNTERS
            for one in find(self.registry, scope, f"fabric.{name}", active_since_ms=since)
            for series in one.series
        ]
        requests = [StatRequest((series.id,), _SUM, _PERIOD_S) for _, series in asked]
        answers = await self.reader.statistics(scope, requests, since, end) if requests else []
        providers = await self._providers(scope)
        counts: dict[tuple[str, str, str, str, str], dict[str, float]] = defaultdict(dict)
        for (name, series), answer in zip(asked, answers, strict=True):
            pairs, identity = series.dimensions, series.identity
            device = pairs.get("infiniband.device") or pairs.get("device", "")
            port = pairs.get("infiniband.port") or pairs.get("port", "")
            key = (host(pairs), device, port, identity.account, identity.region)
            counts[key][name] = counts[key].get(name, 0.0) + float(answer.values.sum())
        return [
            FabricPort(node, device, port, providers.get(node, ""), account, region, found)
            for (node, device, port, account, region), found in sorted(counts.items())
        ]

    async def faults(self, scope: Scope, now_ms: int) -> list[ProgramFault]:
        """What lines of training programs told in the last FABRIC_DAYS days, by machine, job and kind."""
        end = now_ms // (_PERIOD_S * 1000) * _PERIOD_S * 1000 + _PERIOD_S * 1000
        since = end - FABRIC_DAYS * DAY_MS
        series = self.registry.find(scope, SeriesQuery(name=_FAULTS, active_since_ms=since))
        requests = [StatRequest((one.id,), _SUM, _PERIOD_S) for one in series]
        answers = await self.reader.statistics(scope, requests, since, end) if requests else []
        providers = await self._providers(scope)
        found = []
        for one, answer in zip(series, answers, strict=True):
            pairs, identity, node = one.dimensions, one.identity, host(one.dimensions)
            lines = int(answer.values.sum())
            if lines:
                job, kind, detail = (pairs.get(key, "") for key in ("slurm.job.id", "error.type", "error.detail"))
                provider = providers.get(node, "")
                found.append(ProgramFault(node, provider, job, kind, detail, lines, identity.account, identity.region))
        return sorted(found, key=lambda one: (-one.lines, one.node, one.job, one.kind))

    async def _providers(self, scope: Scope) -> Mapping[str, str]:
        nodes = await self.inventory.nodes.all(scope)
        return {one.name: one.labels.get("provider", "") or one.cluster for one in nodes}
