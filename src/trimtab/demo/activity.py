"""What every GPU does: the one place from which GPU, host and power metrics follow."""

from collections.abc import Sequence

import numpy as np
from msgspec import Struct

from trimtab.demo import noise
from trimtab.demo.company import BATCH, HOLD, NOTEBOOK, TUNE, Pod
from trimtab.demo.demand import Load
from trimtab.demo.endpoints import TRITON
from trimtab.demo.noise import Floats, Marks, Times
from trimtab.demo.runs import LOADER_BOUND, Run
from trimtab.demo.slab import Slab
from trimtab.demo.stories import MEMORY_BOUND, STOPPED_GPU
from trimtab.demo.world import FAILING_GPU, FAILING_NODE, World

# No multiple of five minutes, so that coarse samples meet checkpoints as often as fine ones do.
_CHECKPOINT_MS, _CHECKPOINT_TAKES_MS = 37 * 60_000, 3 * 60_000
_WARM_UP_MS = 12 * 60_000
_CONTEXT = 0.005  # of the memory, for a driver that nobody uses
_SPINS = 0.99  # SM_ACTIVE of a collective that waits: its kernel is resident and polls
_TOKENS, _IMAGES = 6e6, 1.9e9
"""Bytes/s from the host at full activity: tokens are small, images that the loader decodes are not."""


class Activity(Struct, frozen=True):
    """A row a GPU, a column a time, all 0 to 1: SMs, tensor cores and memory interface active, engine busy, memory in
    use; `host` is bytes/s from the host. `lost` marks where a GPU no longer answers, `spins` where its kernels wait for
    another and move nothing.
    """

    sm: Floats
    tensor: Floats
    dram: Floats
    engine: Floats
    memory: Floats
    host: Floats
    lost: Marks
    spins: Marks


class Activities:
    """Computes the activity of a world's GPUs."""

    def __init__(self, world: World) -> None:
        self._world = world
        company = world.company
        self._keys = noise.keys_of(world.seed, "gpu", (gpu.uuid for gpu in company.gpus))
        self._pods = noise.keys_of(world.seed, "pod", (pod.name for pod in company.pods))
        self._level = noise.chance(self._pods)
        self._lost_gpu = company.node_of[FAILING_NODE].first_gpu + FAILING_GPU

    def of(self, slab: Slab, load: Load) -> Activity:
        """The activity over a slab, in which the endpoints have `load`."""
        shape = (len(self._world.company.gpus), len(slab.times))
        sm, tensor, dram, engine, memory, host = np.zeros((6, *shape))
        what = Activity(sm, tensor, dram, engine, memory, host, np.zeros(shape, bool), np.zeros(shape, bool))
        what.memory[:] = _CONTEXT
        for run in self._world.active_runs(slab.first_ms, slab.last_ms):
            _run(what, run, slab.times)
        _memory_bound(what, self._world.active_runs(slab.first_ms, slab.last_ms), slab.times)
        self._pods_of(what, slab)
        _replicas(what, load, self._world)
        what.lost[self._lost_gpu] = slab.times >= self._world.failed_ms
        ripple = noise.white(self._keys, slab.times)
        what.sm[:] = np.clip(what.sm * (1 + 0.06 * ripple), 0, 0.995)
        what.tensor[:] = np.clip(what.tensor * (1 + 0.08 * ripple), 0, 0.9)
        what.engine[:] = np.clip(np.maximum(what.engine, what.sm * 1.08), 0, 0.999)
        what.dram[:] = np.clip(np.maximum(what.dram, what.sm * 0.6 + what.tensor * 0.2), 0, 1)
        what.host[:] = np.where(what.host > 0, what.host, _TOKENS) * what.sm
        for run, since_ms in self._world.stories.hangs:
            _hang(what, run, since_ms, slab.times)
        return what

    def _pods_of(self, what: Activity, slab: Slab) -> None:
        office = noise.season(slab.times, 13.0, 0.03, 0.12)
        wandering = noise.drift(self._pods, slab.times, 2700)
        for row, pod in enumerate(self._world.company.pods):
            if pod.endpoint is None:
                sm, tensor, memory = _pod(pod, office, wandering[row], float(self._level[row, 0]), slab.times)
                for gpu in pod.gpus:
                    what.sm[gpu], what.tensor[gpu], what.memory[gpu] = sm, tensor, memory


def _pod(pod: Pod, office: Floats, wandering: Floats, level: float, times: Times) -> tuple[Floats, Floats, Floats]:
    """(SM, tensor, memory) of each GPU of a pod that serves nothing."""
    if pod.use == HOLD:  # a model loaded, a process waiting for its owner
        return np.zeros(len(times)), np.zeros(len(times)), np.full(len(times), 0.93)
    if pod.use == BATCH:
        hour = times / 3_600_000 % 24
        at_work = ((hour >= 20) | (hour < 6 + 2 * level)).astype(float)
        sm = at_work * (0.72 + 0.1 * wandering)
        return sm, sm * 0.45, 0.05 + 0.7 * at_work
    if pod.use == TUNE:
        at_work = (wandering > -0.75).astype(float)
        sm = at_work * (0.66 + 0.2 * level + 0.06 * wandering)
        return sm, sm * 0.5, np.full(len(times), 0.62 + 0.3 * level)
    if pod.use == NOTEBOOK:
        sm = np.clip(office * (0.35 + 0.5 * level) * (0.6 + wandering), 0, 0.9)
        return sm, sm * 0.25, np.full(len(times), 0.2 + 0.5 * level)
    raise ValueError(f"bug: no activity for pods that {pod.use!r}")


def _run(what: Activity, run: Run, times: Times) -> None:
    """A training run: high and steady, after a warm-up, with a dip while it writes a checkpoint."""
    here = np.flatnonzero((times >= run.start_ms) & (times < run.end_ms))
    if not len(here):
        return
    since = times[here] - run.start_ms
    pace = np.where(since % _CHECKPOINT_MS >= _CHECKPOINT_MS - _CHECKPOINT_TAKES_MS, 0.12, 1.0)
    pace *= np.where(since < _WARM_UP_MS, 0.15, 1.0)
    columns = slice(int(here[0]), int(here[-1]) + 1)
    memory = np.where(since < _WARM_UP_MS / 2, 0.3, 0.7 + 0.25 * run.sm)
    for node in run.nodes:
        rows = slice(node.first_gpu, node.first_gpu + node.machine.gpus)
        what.sm[rows, columns] = run.sm * pace
        what.tensor[rows, columns] = run.tensor * pace
        what.memory[rows, columns] = memory
        what.host[rows, columns] = _IMAGES if run.name.startswith(LOADER_BOUND) else _TOKENS


def _hang(what: Activity, run: Run, since_ms: int, times: Times) -> None:
    """A process of the run died; on the other GPUs the collective spins and moves nothing, until somebody looks."""
    here = np.flatnonzero((times >= since_ms) & (times < run.end_ms))
    if not len(here):
        return
    columns = slice(int(here[0]), int(here[-1]) + 1)
    for node in run.nodes:
        rows = slice(node.first_gpu, node.first_gpu + node.machine.gpus)
        what.sm[rows, columns], what.engine[rows, columns] = _SPINS, 1.0
        what.tensor[rows, columns] = what.dram[rows, columns] = what.host[rows, columns] = 0.0
        what.spins[rows, columns] = True
    stopped = run.nodes[-1].first_gpu + STOPPED_GPU
    what.sm[stopped, columns] = what.engine[stopped, columns] = 0.0
    what.spins[stopped, columns] = False


def _memory_bound(what: Activity, runs: Sequence[Run], times: Times) -> None:
    """Runs that generate text: busy SMs and a busy memory interface, tensor cores with little to do."""
    for run in runs:
        here = (times >= run.start_ms) & (times < run.end_ms)
        if run.name.startswith(MEMORY_BOUND) and here.any():
            for node in run.nodes:
                rows = slice(node.first_gpu, node.first_gpu + node.machine.gpus)
                what.tensor[rows, here] *= 0.1
                what.dram[rows, here] = what.sm[rows, here] * 0.95


def _replicas(what: Activity, load: Load, world: World) -> None:
    """Serving: SMs follow the load; an LLM server keeps engine and memory near full whatever the load is."""
    for row, (pod, endpoint) in enumerate(world.company.replicas):
        generates = endpoint.server != TRITON
        sm = (0.16 + 0.62 * load.busy[row]) if generates else 0.04 + 0.8 * load.busy[row]
        for gpu in pod.gpus:
            what.sm[gpu] = sm
            what.tensor[gpu] = sm * (0.32 if generates else 0.4)
            what.engine[gpu] = 0.93 + 0.05 * load.busy[row] if generates else sm
            what.memory[gpu] = 0.905 if generates else 0.38
