"""Short-lived jobs seen as functions are: runs of one name together, how long they took, waited and cost. Pure."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal

import numpy as np
from msgspec import Struct

from trimtab.inventory.runs.model import RunState
from trimtab.kpis.runs.report import RunReport

SHORT_S = 3600.0
"""Seconds within which a run is short, unless a caller says otherwise."""
_FAILED = frozenset({RunState.FAILED, RunState.OUT_OF_MEMORY, RunState.NODE_FAILED, RunState.LOST})
# What schedulers and controllers put behind a name: numbers, times, and five letters and digits of Kubernetes.
_NUMBERED = re.compile(r"(?:[-_.](?:r?\d+|[0-9a-f]{8,10}|(?=[a-z]*\d)[a-z0-9]{5})|\[\d+\]|\d{4,})+$")


class JobFamily(Struct, frozen=True):
    """The runs of one name in a cluster that ended in a range. Lengths and waits are seconds; NaN without any.

    `amounts` is what they cost by currency, without `unpriced_hours` GPU-hours; `concurrency` the most at one time;
    `counts` how many ended in equal parts of the range; `example` is the id of the longest.
    """

    account: str
    cluster: str
    scheduler: str
    name: str
    team: str
    runs: int
    failed: int
    timeouts: int
    p50_s: float
    p95_s: float
    p99_s: float
    longest_s: float
    wait_p50_s: float
    wait_p95_s: float
    concurrency: int
    gpu_hours: float
    amounts: Mapping[str, Decimal]
    unpriced_hours: float
    counts: tuple[int, ...]
    last_ms: int
    example: str

    @property
    def failed_share(self) -> float:
        """The share that failed or ran out of time."""
        return (self.failed + self.timeouts) / self.runs if self.runs else 0.0


def family_of(name: str) -> str:
    """The name without what numbers its runs: `embed-backfill-28394800-x7k2p` is one of `embed-backfill`."""
    return _NUMBERED.sub("", name) or name


def families(
    reports: Sequence[RunReport], start_ms: int, end_ms: int, *, longest_s: float = SHORT_S, parts: int = 48
) -> list[JobFamily]:
    """The families of runs that ended in `[start_ms, end_ms)` within `longest_s`, those with the most runs first."""
    found: dict[tuple[str, str, str], list[RunReport]] = defaultdict(list)
    for report in reports:
        run = report.run
        if run.start_ms is None or run.end_ms is None or not start_ms <= run.end_ms < end_ms:
            continue
        if run.end_ms - run.start_ms <= longest_s * 1000:
            found[run.key.account, run.key.cluster, family_of(run.name or run.key.job)].append(report)
    made = [_family(name, mine, start_ms, end_ms, parts) for (_, _, name), mine in found.items()]
    return sorted(made, key=lambda one: (-one.runs, one.cluster, one.name))


def most_at_once(spans: Sequence[tuple[int, int]]) -> int:
    """The most of some `[start, end)` that overlap: what ends at a moment makes room for what starts at it."""
    running = most = 0
    for _, step in sorted([(start, 1) for start, _ in spans] + [(end, -1) for _, end in spans]):
        running += step
        most = max(most, running)
    return most


def _family(name: str, reports: Sequence[RunReport], start_ms: int, end_ms: int, parts: int) -> JobFamily:
    spans = [(one.run.start_ms or 0, one.run.end_ms or 0) for one in reports]
    lengths = np.array([(end - begin) / 1000 for begin, end in spans])
    waits = np.array([one.wait_ms / 1000 for one in reports])
    amounts: dict[str, Decimal] = {}
    for one in reports:
        for currency, amount in one.cost.amounts.items():
            amounts[currency] = amounts.get(currency, Decimal(0)) + amount
    counts = [0] * parts
    for _, end in spans:
        counts[min((end - start_ms) * parts // max(end_ms - start_ms, 1), parts - 1)] += 1
    longest = reports[int(lengths.argmax())].run
    p50, p95, p99 = (float(one) for one in np.percentile(lengths, (50, 95, 99)))
    wait_p50, wait_p95 = (float(one) for one in np.percentile(waits, (50, 95)))
    return JobFamily(
        account=longest.key.account,
        cluster=longest.key.cluster,
        scheduler=longest.scheduler,
        name=name,
        team=longest.team,
        runs=len(reports),
        failed=sum(one.run.state in _FAILED for one in reports),
        timeouts=sum(one.run.state is RunState.TIMEOUT for one in reports),
        p50_s=p50,
        p95_s=p95,
        p99_s=p99,
        longest_s=float(lengths.max()),
        wait_p50_s=wait_p50,
        wait_p95_s=wait_p95,
        concurrency=most_at_once(spans),
        gpu_hours=sum(one.gpu_hours for one in reports),
        amounts=amounts,
        unpriced_hours=sum(one.cost.unpriced_hours for one in reports),
        counts=tuple(counts),
        last_ms=max(end for _, end in spans),
        example=longest.key.job,
    )
