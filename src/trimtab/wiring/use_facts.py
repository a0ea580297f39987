"""What unit economics asks of the rooms that know use: metrics, traces, activity of runs. Wired by `rooms.py`."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from trimtab.access.scope import EVERYTHING, Scope
from trimtab.economics.unit.model import Calls, Deploy, HeldActivity, HostSigns, Served, Traffic
from trimtab.fleet.claims import holder_name
from trimtab.fleet.telemetry.concepts import Registry
from trimtab.fleet.telemetry.reading import Reader
from trimtab.genai.attributes import USAGE
from trimtab.inventory.runs.model import Run
from trimtab.kpis import epochs as run_epochs
from trimtab.kpis import host_signs, model_traffic
from trimtab.kpis.runs import activity
from trimtab.traces.kept_hours import KeptHours
from trimtab.traces.read import TraceReader

_MOST_CALLS_DAYS = 7
"""Traces of the last week at most are looked at."""
_DAY_MS = 86_400_000


class _Placed(NamedTuple):
    """Traced calls, and where they are counted."""

    account: str
    region: str
    calls: Calls


class Facts:
    """The port."""

    def __init__(self, reader: Reader, registry: Registry, traces: TraceReader) -> None:
        self.reader = reader
        self.registry = registry
        self._traces = traces
        self._hours: KeptHours[Sequence[_Placed]] = KeptHours(traces.hour_marks, self._by_hour)

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
        if scope.rows:
            return [one.calls for one in await self._read(scope, start_ms, end_ms)]
        hours = await self._hours.over(start_ms, end_ms)
        accounts, regions = scope.accounts, scope.regions
        return [
            one.calls
            for hour in hours
            for one in hour
            if start_ms <= one.calls.hour_ms < end_ms
            and (accounts is None or one.account in accounts)
            and (regions is None or one.region in regions)
        ]

    async def _by_hour(self, start_ms: int, end_ms: int) -> dict[int, list[_Placed]]:
        hours: dict[int, list[_Placed]] = {}
        for one in await self._read(EVERYTHING, start_ms, end_ms):
            hours.setdefault(one.calls.hour_ms, []).append(one)
        return hours

    async def _read(self, scope: Scope, start_ms: int, end_ms: int) -> list[_Placed]:
        found = await self._traces.model_calls(scope, start_ms, end_ms, USAGE)
        names = ("account", "region", "hour_ms", "model", "version", "tenant", "service", "calls", "failed",
                 "input_tokens", "output_tokens", "prefill_s", "decode_s", "example")  # fmt: skip
        rows = zip(*(found[name].tolist() for name in names), strict=True)
        return [_Placed(account, region, Calls(*row)) for account, region, *row in rows]

    async def activity(
        self, scope: Scope, runs: Sequence[Run], start_ms: int, end_ms: int
    ) -> Mapping[str, HeldActivity]:
        """By holder how busy its GPUs were."""
        sight = Scope(accounts=scope.accounts)  # who may see a run may see its GPUs, whatever tags their series have
        found = await activity.read(self.reader, self.registry, sight, runs, start_ms, end_ms, memory=False)
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
