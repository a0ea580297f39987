"""`Runs`: what schedulers ran, what it cost, and what waits, as typed Python calls over a `Client`."""

from collections.abc import Sequence

import msgspec

from trimtab.client import inventory_wire as wire
from trimtab.client import progress_wire, queue_quotas_wire, queue_replays_wire, runs_wire
from trimtab.client.calls import Calls
from trimtab.client.parameters import parameters

_PART = 1000
"""Runs of one request: some 300 kB."""


class Runs(Calls):
    """The calls about runs. Errors are those of `Client`."""

    def report(self, report: wire.ReportRuns) -> wire.RunsTaken:
        """Tell of any number of runs of a cluster (role write), in parts; repeating it changes nothing."""
        taken, changed, lost = 0, 0, 0
        for at in range(0, max(len(report.runs), 1), _PART):
            last = at + _PART >= len(report.runs)
            part = report.runs[at : at + _PART]
            body = msgspec.structs.replace(report, runs=part, open=report.open if last else None)
            answer = self._client.call("POST", "/rest/v1/runs", wire.RunsTaken, body=body)
            taken, changed, lost = taken + answer.runs, changed + answer.changed, lost + answer.lost
        return wire.RunsTaken(taken, changed, lost)

    def listed(
        self,
        *,
        start: str = "-7d",
        end: str = "now",
        states: Sequence[str] = (),
        limit: int = 100,
        after: str = "",
        **filters: str,
    ) -> runs_wire.RunPage:
        """Runs, the last submitted first; `filters` are cluster, team, user, queue and text."""
        asked = {"start": start, "end": end, "after": after, **filters}
        query = parameters(limit=limit, state=states, **asked)
        return self._client.call("GET", "/rest/v1/runs", runs_wire.RunPage, query=query)

    def one(self, job: str, cluster: str = "") -> runs_wire.RunDetail:
        """A run in full."""
        return self._call("GET", "/rest/v1/runs/report", runs_wire.RunDetail, job=job, cluster=cluster)

    def progress(self, job: str, cluster: str = "") -> progress_wire.RunProgress:
        """How far a run is."""
        return self._call("GET", "/rest/v1/runs/progress", progress_wire.RunProgress, job=job, cluster=cluster)

    def tell(self, report: progress_wire.ReportProgress) -> progress_wire.ProgressTaken:
        """Tell how far a run is (role write); repeating it changes nothing."""
        return self._call("POST", "/rest/v1/runs/progress", progress_wire.ProgressTaken, body=report)

    def import_mlperf(self, log: progress_wire.ImportMlperf) -> progress_wire.MlperfTaken:
        """Import an MLPerf training log (role write); repeating it changes nothing."""
        return self._call("POST", "/rest/v1/runs/mlperf", progress_wire.MlperfTaken, body=log)

    def energy_file(self, text: str) -> progress_wire.MeasuredEnergy:
        """Joules in a file of Zeus or of power readings, and the best power limit of its jobs."""
        return self._call(
            "POST", "/rest/v1/runs/energy-file", progress_wire.MeasuredEnergy, body=progress_wire.EnergyFile(text)
        )

    def hanging(self) -> runs_wire.HangingRuns:
        """The runs that hang now, the longest first."""
        return self._call("GET", "/rest/v1/runs/hanging", runs_wire.HangingRuns)

    def replay(
        self,
        *,
        gpus: float = 0,
        gpu_type: str = "",
        quotas: Sequence[str] = (),
        start: str = "-7d",
        end: str = "now",
        cluster: str = "",
    ) -> queue_replays_wire.QueueReplay:
        """The queue of a range with more or fewer GPUs, or other quotas (`team=GPUs`)."""
        return self._call(
            "GET",
            "/rest/v1/queue/replay",
            queue_replays_wire.QueueReplay,
            start=start,
            end=end,
            gpus=f"{gpus:g}",
            gpu_type=gpu_type,
            cluster=cluster,
            quota=quotas,
        )

    def quotas(self, asked: queue_quotas_wire.AskQuotas) -> queue_quotas_wire.QuotaReport:
        """What teams were entitled to, held, borrowed, lent and were starved of."""
        return self._call("POST", "/rest/v1/queue/quotas", queue_quotas_wire.QuotaReport, body=asked)

    def keep_quotas(self, kept: queue_quotas_wire.KeepQuotas) -> queue_quotas_wire.QuotasKept:
        """Keep the quotas of a cluster from a time on (role write)."""
        return self._call("PUT", "/rest/v1/queue/quotas", queue_quotas_wire.QuotasKept, body=kept)

    def kept_quotas(self, *, start: str = "-7d", end: str = "now", cluster: str = "") -> queue_quotas_wire.QuotaReport:
        """What teams were entitled to, held, borrowed, lent and were starved of, by the quotas that are kept."""
        return self._call(
            "GET", "/rest/v1/queue/quotas", queue_quotas_wire.QuotaReport, start=start, end=end, cluster=cluster
        )

    def queue(self, *, start: str = "-24h", end: str = "now", cluster: str = "") -> runs_wire.Queue:
        """Who waits for GPUs, and which are idle."""
        return self._call("GET", "/rest/v1/queue", runs_wire.Queue, start=start, end=end, cluster=cluster)
