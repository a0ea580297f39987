"""What the runs of the demo did, by the signals that are sent: hung, slow and starved ones are found, and no other."""

import numpy as np
import pytest
from tests.unit.demo.conftest import ANCHOR_MS, HOUR_MS, Sent, of, play

from trimtab.demo import ranks, world
from trimtab.demo.company import TRAINING
from trimtab.demo.logs import PATH, LogFeed, kernel_lines
from trimtab.demo.plants import plants
from trimtab.demo.runs import CANCELLED, LOADER_BOUND, Run
from trimtab.demo.slab import Slab
from trimtab.demo.stories import MEMORY_BOUND, SLOWER, STOPPED_GPU
from trimtab.demo.world import FAILING_NODE, World
from trimtab.fleet.phases.judge import Judged, judge, stopped_first
from trimtab.fleet.phases.phase import Phase
from trimtab.fleet.phases.signals import Signals
from trimtab.gpu_faults.lines import classify
from trimtab.profiles.ranks import of_series

STEP_S = 300
SIGNALS = {
    "active": "DCGM_FI_PROF_SM_ACTIVE",
    "tensor": "DCGM_FI_PROF_PIPE_TENSOR_ACTIVE",
    "memory": "DCGM_FI_PROF_DRAM_ACTIVE",
    "power": "DCGM_FI_DEV_POWER_USAGE",
    "host": "DCGM_FI_PROF_PCIE_RX_BYTES",
}


@pytest.fixture(scope="module")
def week(made: World) -> Sent:
    """The last week of the training cluster every five minutes, as its history is sent."""
    return play(made, Slab(ANCHOR_MS - 168 * HOUR_MS, ANCHOR_MS - STEP_S * 1000, STEP_S))


@pytest.fixture(scope="module")
def by_gpu(week: Sent) -> dict[str, dict[str, tuple[np.ndarray, np.ndarray]]]:
    """Of each signal by GPU the times and values that were sent."""
    found: dict[str, dict[str, tuple[np.ndarray, np.ndarray]]] = {}
    names = {metric: name for name, metric in SIGNALS.items()}
    for key, parts in week.series.items():
        if of(key, "account") == TRAINING.id and (name := names.get(of(key, "__name__"))):
            times, values = (np.concatenate([part[at] for part in parts]) for at in (0, 1))
            found.setdefault(name, {})[of(key, "UUID")] = times, values
    return found


Told = dict[str, dict[str, tuple[np.ndarray, np.ndarray]]]


def signals_of(made: World, run: Run, told: Told) -> Signals:
    """The signals of a run in the week, as trimtab reads them of a history."""
    start = max(run.start_ms, ANCHOR_MS - 168 * HOUR_MS)
    times = np.arange(start, min(run.end_ms, ANCHOR_MS), STEP_S * 1000)
    gpus = [made.company.gpus[number].uuid for node in run.nodes for number in node.gpus]
    unknown = np.full((len(gpus), len(times)), np.nan)

    def matrix(name: str) -> np.ndarray:
        out = unknown.copy()
        for row, gpu in enumerate(gpus):
            at, values = told[name][gpu]
            here = (at >= times[0]) & (at <= times[-1])
            out[row, (at[here] - start) // (STEP_S * 1000)] = values[here]
        return out

    return Signals(
        start_ms=start, step_ms=STEP_S * 1000, held=np.ones(unknown.shape, bool), fabric=unknown,
        power_limit=np.full(len(gpus), np.nan), **{name: matrix(name) for name in SIGNALS},
    )  # fmt: skip


def judged(made: World, run: Run, told: Told) -> Judged:
    return judge(signals_of(made, run, told), ended=run.end_ms <= ANCHOR_MS)


def share(found: Judged, phase: Phase) -> float:
    return float((found.codes == phase).mean())


def test_both_hangs_are_found_from_their_start_with_the_gpu_that_stopped_first(made: World, by_gpu: Told) -> None:
    assert made.stories.hung.state == CANCELLED
    assert made.stories.hanging.end_ms > ANCHOR_MS
    for (run, since_ms), id_ in zip(made.stories.hangs, ("hung-run", "hanging-run"), strict=True):
        signals = signals_of(made, run, by_gpu)
        found = judge(signals, ended=run.end_ms <= ANCHOR_MS)
        (hang,) = found.hangs
        assert since_ms == signals.start_ms + hang.first * signals.step_ms
        plant = next(one for one in plants(made) if one.id == id_)
        stopped = stopped_first(signals, hang)
        assert len(run.nodes) * 8 - 8 + STOPPED_GPU == stopped
        assert made.company.gpus[run.nodes[-1].first_gpu + STOPPED_GPU].uuid == plant.resources[-1]
        assert (str(run.id), since_ms) == (plant.resources[0], plant.since_ms)


def test_a_hang_looks_as_busy_as_work_to_what_deceives(made: World, by_gpu: Told) -> None:
    signals = signals_of(made, made.stories.hung, by_gpu)
    late = signals.start_ms + np.arange(signals.held.shape[1]) * signals.step_ms >= made.stories.hung_ms
    spinning = np.delete(np.arange(len(signals.active)), len(signals.active) - 8 + STOPPED_GPU)
    assert signals.active[np.ix_(spinning, late)].min() > 0.98
    assert np.nanmedian(signals.power[np.ix_(spinning, late)]) < 0.75 * np.nanmedian(signals.power[:, ~late])
    assert not signals.tensor[:, late].any()
    assert not signals.memory[:, late].any()


def test_no_healthy_run_is_blamed(made: World, by_gpu: Told) -> None:
    told = {made.stories.hung.id, made.stories.hanging.id}
    looked = 0
    for run in made.runs:
        length = min(run.end_ms, ANCHOR_MS) - max(run.start_ms, ANCHOR_MS - 168 * HOUR_MS)
        broken = any(node.name == FAILING_NODE for node in run.nodes)
        if run.start_ms < ANCHOR_MS and length > HOUR_MS and run.id not in told and not broken:
            found = judged(made, run, by_gpu)
            looked += 1
            assert not found.hangs, run.name
            assert 0 == share(found, Phase.STRAGGLER), run.name
            assert run.name.startswith(LOADER_BOUND) or share(found, Phase.PRODUCTIVE) > 0.99, run.name
    assert looked > 100


def test_the_run_that_waits_for_its_loader_is_starved(made: World, by_gpu: Told) -> None:
    assert share(judged(made, made.stories.starved, by_gpu), Phase.STARVED) > 0.95


def test_the_memory_bound_run_is_well_though_its_tensor_cores_are_not_busy(made: World, by_gpu: Told) -> None:
    run = made.stories.memory_bound
    assert run.name.startswith(MEMORY_BOUND)
    latest = max(
        (one for one in made.runs if one.name.startswith(MEMORY_BOUND) and one.end_ms < ANCHOR_MS),
        key=lambda one: one.end_ms,
    )
    signals = signals_of(made, latest, by_gpu)
    assert np.nanmedian(signals.tensor) < 0.03
    assert share(judge(signals, ended=True), Phase.PRODUCTIVE) > 0.99


def test_the_slow_rank_is_found_and_the_even_run_is_not_blamed(made: World, week: Sent) -> None:
    for run, slow in ((made.stories.straggling, str(made.stories.slow_rank)), (made.stories.even, None)):
        series = {
            of(key, "rank"): list(zip(*(np.concatenate([part[at] for part in parts]) for at in (0, 1)), strict=True))
            for key, parts in week.series.items()
            if of(key, "__name__") == ranks.NAME and of(key, "slurm_job_id") == str(run.id)
        }
        assert sum(node.machine.gpus for node in run.nodes) == len(series)
        found = of_series(series, STEP_S * 1000)
        assert slow == found.slow
        assert slow is None or found.gain == pytest.approx(1 - 1 / SLOWER, abs=0.03)
    places = {
        of(key, "rank"): of(key, "node") for key in week.find(ranks.NAME, slurm_job_id=str(made.stories.straggling.id))
    }
    assert made.stories.slow_node.name == places[str(made.stories.slow_rank)]


def test_the_kernel_of_the_failing_node_writes_its_xids_once(made: World) -> None:
    assert [94, 79] == [classify(text).code for _, text in kernel_lines(made)]
    step = STEP_S * 1000
    around = [at + slab * 2 * step for at, _ in kernel_lines(made) for slab in (-1, 0)]
    sent = [
        shipment.body.decode()
        for first in around
        for shipment in LogFeed(made).shipments(Slab(first, first + step, STEP_S))
        if shipment.path == PATH and shipment.account == TRAINING.id
    ]
    assert ["): 94, pid", "): 79, pid"] == [
        word for body in sent for word in ("): 94, pid", "): 79, pid") if word in body
    ]
    assert all(FAILING_NODE in body for body in sent)


def test_every_week_has_its_stories() -> None:
    for days in range(0, 28, 9):
        made = world.create(7, ANCHOR_MS + days * 24 * HOUR_MS)
        told = made.stories
        runs = (told.hung, told.hanging, told.straggling, told.even, told.starved, told.memory_bound)
        assert len(runs) == len({one.id for one in runs})
        assert told.straggling.size > 1
        assert told.starved.sm < 0.33
