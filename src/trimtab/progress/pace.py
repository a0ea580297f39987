"""Which rank slows a run, from the step times that its ranks report as metrics, each with a label of its rank.

A rank's *own* time (a step without waiting for others) tells who is slow. Whole step times tell it only where ranks do
not wait for each other inside the step; where they do, all are alike, and that is what is said.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.fleet.phases.pace import RankPaces
from trimtab.fleet.telemetry.concepts import Finder, Found, Registry
from trimtab.fleet.telemetry.identity import host_of, short_host
from trimtab.fleet.telemetry.reading import Reader
from trimtab.inventory.runs.model import Run, RunKey
from trimtab.metrics.plan import StatRequest, StatSeries
from trimtab.metrics.statistics import parse_statistic
from trimtab.profiles.ranks import FEWEST_RANKS, of_series
from trimtab.progress.names import OWN_STEP, RANK_LABELS, TOLD, RunNames

_AVERAGE = parse_statistic("Average")
_STEPS_S = (60, 300, 900, 3600, 21_600)
_MOST_WINDOWS = 300
_MOST_VALUES = 300_000
"""Values of one read: a second's work of the engine. Windows of many runs are longer, so that three reads do."""
_MOST_READS = 3


class _Ranks(Struct, frozen=True):
    """The series of a run's ranks, in the time that it ran. `own`: of steps without waiting."""

    run: Run
    series: Mapping[str, Found]
    own: bool
    start_ms: int
    end_ms: int


async def paces_of(
    reader: Reader, registry: Registry, scope: Scope, runs: Sequence[Run], now_ms: int
) -> dict[RunKey, RankPaces]:
    """How the ranks of runs compare, of those of which three or more report. Raises QueryAborted, Unavailable."""
    known = await asyncio.to_thread(_known, registry, scope, runs, now_ms)
    values = sum(len(one.series) for one in known)
    windows = max(min(_MOST_WINDOWS, _MOST_READS * _MOST_VALUES // max(values, 1)), 1)
    found: dict[RunKey, RankPaces] = {}
    for step_s, batch in _batches(known, windows):
        requests = [StatRequest((one.series.id,), _AVERAGE, step_s) for mine in batch for one in mine.series.values()]
        first, last = min(one.start_ms for one in batch), max(one.end_ms for one in batch)
        answers = await reader.statistics(scope, requests, first, last)
        found |= await asyncio.to_thread(_paces_of, batch, answers, step_s)
    return found


def _known(registry: Registry, scope: Scope, runs: Sequence[Run], now_ms: int) -> list[_Ranks]:
    """The runs whose ranks report, those that began first first."""
    begun = {run.key: run.start_ms for run in runs if run.start_ms is not None}
    if not begun:
        return []
    finder = Finder(registry, scope, min(begun.values()) - _STEPS_S[-1] * 1000)
    names = RunNames([run for run in runs if run.key in begun])
    ranks = {True: _by_rank(names, finder.all(OWN_STEP)), False: _by_rank(names, finder.all(TOLD["step_s"]))}
    known = []
    for run in runs:
        own = len(ranks[True].get(run.key, ())) >= FEWEST_RANKS
        mine = ranks[own].get(run.key, {})
        start_ms = begun.get(run.key, now_ms)
        end_ms = now_ms if run.end_ms is None else min(run.end_ms, now_ms)
        if len(mine) >= FEWEST_RANKS and end_ms > start_ms:
            known.append(_Ranks(run, mine, own, start_ms, end_ms))
    return sorted(known, key=lambda one: one.start_ms)


def _by_rank(names: RunNames, found: Iterable[Found]) -> dict[RunKey, dict[str, Found]]:
    """By run the series of each rank, all of one metric: the first that names ranks."""
    ranks: dict[RunKey, dict[str, Found]] = defaultdict(dict)
    metrics: dict[RunKey, str] = {}
    for one in found:
        rank = _rank(one)
        for run in names.of(one) if rank else ():
            if metrics.setdefault(run.key, one.metric.name) == one.metric.name:
                ranks[run.key].setdefault(rank, one)
    return ranks


def _rank(one: Found) -> str:
    pairs = one.series.dimensions
    return next((value for label in RANK_LABELS if (value := pairs.get(label))), "")


def _batches(known: Sequence[_Ranks], windows: int) -> Iterator[tuple[int, list[_Ranks]]]:
    """Runs that are read together: alike in the length of their windows, and not too many values."""
    by_step: dict[int, list[_Ranks]] = defaultdict(list)
    for one in known:
        most = max(min(windows, _MOST_VALUES // len(one.series)), 1)
        length_s = (one.end_ms - one.start_ms) / 1000
        step_s = next((step for step in _STEPS_S if length_s / step <= most), _STEPS_S[-1])
        by_step[step_s].append(one)
    for step_s, alike in by_step.items():
        batch: list[_Ranks] = []
        values = 0.0
        for one in alike:
            more = len(one.series) * (one.end_ms - one.start_ms) / 1000 / step_s
            if batch and values + more > _MOST_VALUES:
                yield step_s, batch
                batch, values = [], 0.0
            batch.append(one)
            values += more
        yield step_s, batch


def _paces_of(batch: Sequence[_Ranks], answers: Sequence[StatSeries], step_s: int) -> dict[RunKey, RankPaces]:
    rest = iter(answers)
    return {one.run.key: _paces(one, [next(rest) for _ in one.series], step_s) for one in batch}


def _paces(known: _Ranks, answers: Sequence[StatSeries], step_s: int) -> RankPaces:
    run, step_ms = known.run, step_s * 1000
    first, last = known.start_ms // step_ms * step_ms, known.end_ms
    points = {}
    for rank, answer in zip(known.series, answers, strict=True):
        mine = (answer.times >= first) & (answer.times < last)
        points[rank] = zip(answer.times[mine].tolist(), answer.values[mine].tolist(), strict=True)
    ranks = known.series
    nodes = {rank: node for rank, one in ranks.items() if (node := _node(run, rank, one, len(ranks)))}
    metric = next(iter(ranks.values())).metric.name
    return RankPaces(
        judgement=of_series(points, step_ms), nodes=nodes, metric=metric, own=known.own, window_s=step_s
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
