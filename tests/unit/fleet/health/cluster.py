"""Short ways to write what happened to a cluster: `held("n1", 0, 0, 5)` is GPU 0 of n1 for the first five hours."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from trimtab.fleet.health.fault import Fault, FaultKind, judged
from trimtab.fleet.health.impact import Holding, Impact, Milestones, impacts_of
from trimtab.fleet.health.loss import Harm, Rates, harms_of
from trimtab.fleet.health.rules import Exposure, History
from trimtab.fleet.health.spans import Span, SpanIndex
from trimtab.fleet.model import DAY_MS, HOUR_MS, State
from trimtab.inventory.runs.model import Run, RunKey, RunState

START = 1_764_028_800_000  # a full day
CLUSTER = "c"


def at(hours: float) -> int:
    return START + round(hours * HOUR_MS)


def path(node: str) -> str:
    return f"1/{CLUSTER}/{node}"


def held(node: str, device: int, begin: float, end: float, job: str = "7", cluster: str = CLUSTER) -> Span:
    return Span(path(node), device, at(begin), at(end), State.HELD, f"1/{cluster}/{job}")


def down(node: str, device: int, begin: float, end: float, reason: str = "failed: Not responding") -> Span:
    return Span(path(node), device, at(begin), at(end), State.DOWN, reason=reason)


def run(
    job: str = "7", begin: float | None = 0, end: float | None = 5, state: RunState = RunState.FAILED, gpus: float = 1
) -> Run:
    return Run(
        RunKey("1", CLUSTER, job),
        "slurm",
        state,
        at(begin or 0),
        start_ms=None if begin is None else at(begin),
        end_ms=None if end is None else at(end),
        gpus=gpus,
    )


def fault(
    node: str,
    device: int | None,
    hours: float,
    code: int | None = 79,
    kind: FaultKind = FaultKind.XID,
    since: float | None = None,
) -> Fault:
    severity, action = judged(kind, code)
    since_ms = at(hours if since is None else since)
    return Fault(
        machine=path(node), device=device, since_ms=since_ms, at_ms=at(hours),
        kind=kind, severity=severity, code=code, action=action,
    )  # fmt: skip


def holding(runs: Iterable[Run], until: float = 100, told: Mapping[str, Milestones] | None = None) -> Holding:
    by_name = {f"1/{CLUSTER}/{one.key.job}": one for one in runs}
    return Holding(by_name, at(until), {f"1/{CLUSTER}/{job}": one for job, one in (told or {}).items()})


def impacts(faults: Sequence[Fault], spans: Sequence[Span], runs: Sequence[Run], **more: object) -> list[Impact]:
    return impacts_of(faults, SpanIndex(spans), holding(runs, **more))  # type: ignore[arg-type]


def rates(*nodes: str, dollars: str = "3.6", days: int = 60) -> Rates:
    """Each GPU-hour of the nodes costs so much."""
    each = {"USD": Decimal(dollars) / HOUR_MS}
    return {(path(node), START // DAY_MS + day): each for node in nodes for day in range(days)}


def harms(
    faults: Sequence[Fault], spans: Sequence[Span], runs: Sequence[Run], priced: Rates | None = None, **more: object
) -> list[Harm]:
    index, known = SpanIndex(spans), holding(runs, **more)  # type: ignore[arg-type]
    return harms_of(impacts_of(faults, index, known), index, known, priced or {})


def history(
    faults: Sequence[Fault],
    spans: Sequence[Span],
    runs: Sequence[Run],
    nodes: Sequence[str],
    days: int = 30,
    devices: int = 1,
) -> History:
    """A history of `days` in which each of the nodes was there all the time."""
    exposure = Exposure(
        {path(node): dict.fromkeys(range(START // DAY_MS, START // DAY_MS + days), float(devices)) for node in nodes},
        dict.fromkeys(map(path, nodes), devices),
    )
    found = harms(faults, spans, runs, rates(*nodes, days=days), until=24 * days)
    return History(sorted(faults, key=lambda one: one.at_ms), found, exposure, SpanIndex(spans), at(24 * days))
