"""What unit economics asks of the rooms that know use: metrics, traces, activity of runs. Wired by `rooms.py`."""

from collections.abc import Mapping, Sequence

from msgspec import Struct, field

from trimtab.access.scope import EVERYTHING, Scope
from trimtab.base.clock import Clock
from trimtab.economics.unit.model import Calls, Deploy, HeldActivity, HostSigns, Served, Traffic
from trimtab.fleet.claims import holder_name
from trimtab.fleet.telemetry.concepts import Registry
from trimtab.fleet.telemetry.reading import Reader
from trimtab.genai.attributes import USAGE
from trimtab.inventory.runs.model import Run
from trimtab.kpis import epochs as run_epochs
from trimtab.kpis import host_signs, model_traffic
from trimtab.kpis.runs import activity
from trimtab.traces.read import TraceReader

_CALLS_FRESH_MS = 300_000
"""How long traced calls are remembered: a share of versions and tenants moves slowly, and the read is a large one."""
_MOST_CALLS_DAYS = 7
"""Traces of the last week at most are looked at."""
_DAY_MS = 86_400_000


class Facts(Struct):
    """The port."""

    reader: Reader
    registry: Registry
    traces: TraceReader
    clock: Clock
    _calls: dict[tuple[Scope, int, int], tuple[int, Sequence[Calls]]] = field(default_factory=dict)

    def forget(self) -> None:
        """Empty the memory: for who wipes everything."""
        self._calls.clear()

    async def traffic(self, scope: Scope, start_ms: int, end_ms: int, step_s: int) -> Mapping[str, Traffic]:
        """By model what it did."""
        found = await model_traffic.traffic(self.reader, self.registry, scope, start_ms, end_ms, step_s)
        steps = -(-(end_ms - start_ms) // (step_s * 1000))
        return {
            model: Traffic(
                start_ms,
                step_s * 1000,
                one.requests[:steps],
                one.input_tokens[:steps],
                one.output_tokens[:steps],
                one.cached_tokens[:steps],
                one.p95_ms[:steps],
            )
            for model, one in found.items()
        }

    async def served(self, scope: Scope, start_ms: int) -> Mapping[str, Served]:
        """By pod which model it serves."""
        found = model_traffic.served(self.registry, scope, start_ms)
        return {pod: Served(model, service) for pod, (model, service) in found.items()}

    async def deploys(self, scope: Scope, start_ms: int, end_ms: int) -> Sequence[Deploy]:
        """When the pods of services got other images; a roll-out of several pods is one."""
        served = model_traffic.served(self.registry, scope, start_ms)
        seen: dict[tuple[str, str], int] = {}
        first: dict[str, int] = {}
        images = await model_traffic.versions(self.reader, self.registry, scope, max(start_ms - _DAY_MS, 0), end_ms)
        for at_ms, pod, version in images:
            if service := served[pod][1] if pod in served else "":
                seen.setdefault((service, version), at_ms)
                first[service] = min(first.get(service, at_ms), at_ms)
        return [
            Deploy(at_ms, service, version)
            for (service, version), at_ms in sorted(seen.items(), key=lambda one: one[1])
            if start_ms <= at_ms < end_ms and at_ms > first[service]
        ]

    async def calls(self, scope: Scope, start_ms: int, end_ms: int) -> Sequence[Calls]:
        """Traced calls of models."""
        start_ms = max(start_ms, end_ms - _MOST_CALLS_DAYS * _DAY_MS)
        key, now_ms = (scope, start_ms, end_ms), self.clock.now_ms()
        kept = self._calls.get(key)
        if kept is None or now_ms - kept[0] > _CALLS_FRESH_MS:
            found = await self.traces.model_calls(scope, start_ms, end_ms, USAGE)
            names = ("hour_ms", "model", "version", "tenant", "service", "calls", "failed", "input_tokens",
                     "output_tokens", "prefill_s", "decode_s", "example")  # fmt: skip
            rows = zip(*(found[name].tolist() for name in names), strict=True)
            kept = self._calls[key] = (now_ms, [Calls(*row) for row in rows])
            while len(self._calls) > 8:
                self._calls.pop(next(iter(self._calls)))
        return kept[1]

    async def activity(
        self, scope: Scope, runs: Sequence[Run], start_ms: int, end_ms: int
    ) -> Mapping[str, HeldActivity]:
        """By holder how busy its GPUs were."""
        sight = Scope(accounts=scope.accounts)  # who may see a run may see its GPUs, whatever tags their series have
        found = await activity.read(self.reader, self.registry, sight, runs, start_ms, end_ms)
        by_key = {run.key: holder_name(run) for run in runs}
        return {
            by_key[key]: HeldActivity(
                one.start_ms, one.step_s, one.values, one.seconds, tuple(device.gpu for device in one.devices.known)
            )
            for key, one in found.items()
            if one.values.size
        }

    async def hosts(self, scope: Scope, start_ms: int, end_ms: int) -> Mapping[str, HostSigns]:
        """By node what its processors did."""
        found = await host_signs.read(self.reader, self.registry, scope, start_ms, end_ms)
        return {host: HostSigns(busy, iowait) for host, (busy, iowait) in found.items()}

    async def epochs(self, scope: Scope, runs: Sequence[Run]) -> Mapping[str, float]:
        """By holder how many epochs it trained."""
        del scope
        told = await run_epochs.read(self.reader, self.registry, EVERYTHING, runs)
        return {holder_name(run): told[run.key] for run in runs if told.get(run.key)}
