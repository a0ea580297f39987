"""Which rank slows a run, from the step times that its ranks report as metrics, each with a label of its rank.

A rank's *own* time (a step without waiting for others) tells who is slow. Whole step times tell it only where ranks do
not wait for each other inside the step; where they do, all are alike, and that is what is said. What the slow rank
costs is gain × GPUs × the time that was compared: no hour is blamed in which nothing was told.
"""

import asyncio
from collections.abc import Mapping, Sequence

from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.fleet.telemetry.concepts import Finder, Found, Registry
from trimtab.fleet.telemetry.identity import host_of, short_host
from trimtab.fleet.telemetry.reading import Reader
from trimtab.inventory.runs.model import Run
from trimtab.metrics.plan import StatRequest, StatSeries
from trimtab.metrics.statistics import parse_statistic
from trimtab.profiles.ranks import FEWEST_RANKS, RankJudgement, of_series
from trimtab.progress.names import OWN_STEP, RANK_LABELS, TOLD, names_run

_AVERAGE = parse_statistic("Average")
_STEPS_S = (60, 300, 900, 3600, 21_600)
_MOST_WINDOWS = 300
_MOST_VALUES = 300_000
"""Values of one read: a second's work of the engine."""


class RankPaces(Struct, frozen=True, kw_only=True):
    """How the ranks of a run compare. `nodes` is where ranks are, as far as their series or the scheduler say.

    `metric` is what told it, `own` whether it leaves waiting out. `lost_gpu_hours` went to the slow rank (0: none).
    """

    judgement: RankJudgement
    nodes: Mapping[str, str]
    metric: str
    own: bool
    window_s: int
    lost_gpu_hours: float

    @property
    def slow_node(self) -> str:
        """Where the slow rank is; "" where none is slow, or nothing says where it is."""
        return self.nodes.get(self.judgement.slow or "", "")


async def paces_of(reader: Reader, registry: Registry, scope: Scope, run: Run, now_ms: int) -> RankPaces | None:
    """How the ranks of a run compare; None where fewer than three report. Raises QueryAborted, Unavailable."""
    if run.start_ms is None:
        return None
    end_ms = now_ms if run.end_ms is None else min(run.end_ms, now_ms)
    finder = Finder(registry, scope, run.start_ms - _STEPS_S[-1] * 1000)
    ranks = _by_rank(run, finder.all(OWN_STEP))
    own = len(ranks) >= FEWEST_RANKS
    if not own:
        ranks = _by_rank(run, finder.all(TOLD["step_s"]))
    if len(ranks) < FEWEST_RANKS or end_ms <= run.start_ms:
        return None
    step_s = _step_s(end_ms - run.start_ms, len(ranks))
    requests = [StatRequest((one.series.id,), _AVERAGE, step_s) for one in ranks.values()]
    answers = await reader.statistics(scope, requests, run.start_ms, end_ms)
    return await asyncio.to_thread(lambda: _paces(run, ranks, answers, step_s, own=own))


def _by_rank(run: Run, found: Sequence[Found]) -> dict[str, Found]:
    """The series of each rank, all of one metric: the first that names ranks."""
    mine = [(rank, one) for one in found if names_run(run, one) and (rank := _rank(one))]
    ranks: dict[str, Found] = {}
    for rank, one in mine:
        if one.metric.name == mine[0][1].metric.name:
            ranks.setdefault(rank, one)
    return ranks


def _rank(one: Found) -> str:
    pairs = one.series.dimensions
    return next((value for label in RANK_LABELS if (value := pairs.get(label))), "")


def _paces(run: Run, ranks: Mapping[str, Found], answers: Sequence[StatSeries], step_s: int, *, own: bool) -> RankPaces:
    points = {
        rank: zip(answer.times.tolist(), answer.values.tolist(), strict=True)
        for rank, answer in zip(ranks, answers, strict=True)
    }
    judgement = of_series(points, step_s * 1000)
    compared_h = judgement.steps * step_s / 3600
    lost = judgement.gain * run.gpus * compared_h if judgement.slow is not None else 0.0
    metric = next(iter(ranks.values())).metric.name
    nodes = {rank: node for rank, one in ranks.items() if (node := _node(run, rank, one, len(ranks)))}
    return RankPaces(
        judgement=judgement, nodes=nodes, metric=metric, own=own, window_s=step_s, lost_gpu_hours=lost
    )  # fmt: skip


def _node(run: Run, rank: str, one: Found, ranks: int) -> str:
    """The node of a rank: as its series says, else by its number, where launchers fill one node after the other."""
    named = short_host(host_of(one.series))
    for node in run.node_names:
        if short_host(node) == named:
            return node
    if named or not rank.isdecimal() or not run.node_names or ranks % len(run.node_names):
        return named
    return run.node_names[min(int(rank) // (ranks // len(run.node_names)), len(run.node_names) - 1)]


def _step_s(length_ms: int, ranks: int) -> int:
    most = min(_MOST_WINDOWS, max(_MOST_VALUES // ranks, 1))
    return next((step for step in _STEPS_S if length_ms / 1000 / step <= most), _STEPS_S[-1])
