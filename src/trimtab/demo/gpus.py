"""GPU metrics as NVIDIA's DCGM exporter sends them: its counters, its labels, one series a GPU.

The exporter of the training cluster is older: its label is `Hostname`, which newer ones spell `hostname`.
"""

from collections.abc import Iterable, Iterator

import numpy as np

from trimtab.demo import noise
from trimtab.demo.activity import Activity
from trimtab.demo.block import Block
from trimtab.demo.company import TRAINING, Gpu
from trimtab.demo.feed import Family, Moment, scraped
from trimtab.demo.noise import Floats
from trimtab.demo.world import FAILING_GPU, FAILING_NODE, WARNING_H, XID_LOST, XID_WARNING, World, ago

PORT = 9400
HISTORY = (
    "DCGM_FI_DEV_GPU_UTIL",
    "DCGM_FI_PROF_SM_ACTIVE",
    "DCGM_FI_PROF_GR_ENGINE_ACTIVE",
    "DCGM_FI_PROF_PIPE_TENSOR_ACTIVE",
    "DCGM_FI_DEV_FB_USED",
    "DCGM_FI_DEV_POWER_USAGE",
    "DCGM_FI_DEV_XID_ERRORS",
    "DCGM_FI_PROF_DRAM_ACTIVE",
    "DCGM_FI_PROF_PCIE_RX_BYTES",
)
"""Sent for the whole history."""
TRAINED = HISTORY[-2:]
"""Of these the exporter of the training cluster alone sends a history: they say what its runs did."""
RECENT = (
    "DCGM_FI_DEV_GPU_TEMP",
    "DCGM_FI_DEV_FB_FREE",
    "DCGM_FI_DEV_FB_RESERVED",
    "DCGM_FI_DEV_SM_CLOCK",
    "DCGM_FI_DEV_MEM_CLOCK",
    "DCGM_FI_DEV_MEMORY_TEMP",
    "DCGM_FI_DEV_MEM_COPY_UTIL",
    "DCGM_FI_PROF_PCIE_TX_BYTES",
    "DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION",
    "DCGM_FI_DEV_PCIE_REPLAY_COUNTER",
    "DCGM_FI_DEV_NVLINK_BANDWIDTH_TOTAL",
)
"""Sent for the last hours, every minute, and from then on."""
COUNTERS = RECENT[-3:]
_DRIVER = "550.127.08"
_RESERVED = 0.008  # share of the memory
_SPINNING_POWER = 0.42  # of what lies between an idle GPU and its limit: polling moves nothing


class GpuFeed:
    """The DCGM exporters of all nodes."""

    def __init__(self, world: World) -> None:
        company = world.company
        self._world = world
        models = [gpu.node.machine.gpu for gpu in company.gpus]
        self._memory, self._idle, self._most, self._clock, self._memory_clock, self._link = (
            np.array([[getattr(model, name)] for model in models], float)
            for name in ("memory", "idle_power", "most_power", "sm_clock", "memory_clock", "link")
        )
        self._keys = noise.keys_of(world.seed, "dcgm", (gpu.uuid for gpu in company.gpus))
        self._families = {name: self._family(name) for name in (*HISTORY, *RECENT)}
        self._trains = np.array([[gpu.node.account is TRAINING] for gpu in company.gpus])
        self._failing = company.node_of[FAILING_NODE].first_gpu + FAILING_GPU

    def blocks(self, moment: Moment) -> Iterator[Block]:
        """A block a metric and account."""
        times, lost = moment.slab.times, moment.activity.lost
        for name, values in self._values(moment):
            if lost.any() and name != "DCGM_FI_DEV_XID_ERRORS":
                values = np.where(lost, np.nan, values)
            if name in TRAINED and not moment.slab.fine:
                values = np.where(self._trains, values, np.nan)
            when = slice(None) if name in HISTORY and name not in TRAINED else moment.slab.slow
            yield from self._families[name].blocks(times[when], values[:, when])

    def _values(self, moment: Moment) -> Iterator[tuple[str, Floats]]:
        what = moment.activity
        power = self._power(what, moment)
        history = (
            np.round(100 * np.clip(what.engine + 0.04 * (what.sm > 0.3), 0, 1)),
            _ratio(what.sm),
            _ratio(what.engine),
            _ratio(what.tensor),
            np.round(what.memory * self._memory),
            np.round(power, 1),
            self._errors(moment),
            _ratio(what.dram),
            np.round(what.host),
        )
        yield from zip(HISTORY, history, strict=True)
        if moment.slab.fine:
            yield from zip(RECENT, self._recent(moment, power), strict=True)

    def _recent(self, moment: Moment, power: Floats) -> Iterator[Floats]:
        what, step_s, totals = moment.activity, moment.slab.step_s, moment.totals
        warmth = 26 + 44 * power / self._most + 2 * noise.drift(self._keys, moment.slab.times, 3600)
        yield np.round(warmth)
        yield np.round((1 - what.memory - _RESERVED) * self._memory)
        yield np.broadcast_to(np.round(_RESERVED * self._memory), what.sm.shape)
        yield np.where(what.sm > 0.02, np.round(self._clock * (1 - 0.12 * what.tensor), -1), 210.0)
        yield np.broadcast_to(self._memory_clock, what.sm.shape)
        yield np.round(warmth + 8)
        yield np.round(100 * what.dram)
        yield np.round(0.2 * what.host)
        yield totals.grow("gpu.energy", power * 1000, step_s)
        yield totals.grow("gpu.replays", np.full(power.shape, 2e-5), step_s)
        linked = totals.grow("gpu.nvlink", what.tensor * self._link * 0.2, step_s)
        yield np.where(self._link > 0, linked, np.nan)

    def _power(self, what: Activity, moment: Moment) -> Floats:
        share = np.clip(0.3 * what.engine * (what.sm > 0.02) + 0.35 * what.sm + 0.55 * what.tensor, 0, 0.98)
        share = np.where(what.spins, _SPINNING_POWER, share)
        held = 0.06 * (what.memory > 0.1)  # a loaded model keeps the memory clocked up
        ripple = 1 + 0.02 * noise.white(self._keys, moment.slab.times)
        power: Floats = (self._idle + (self._most - self._idle) * np.maximum(share, held)) * ripple
        return power

    def _errors(self, moment: Moment) -> Floats:
        times, anchor = moment.slab.times, self._world.anchor_ms
        codes = np.zeros((len(self._keys), len(times)))
        codes[self._failing] = np.where(times >= ago(anchor, WARNING_H), XID_WARNING, 0)
        codes[self._failing, times >= self._world.failed_ms] = XID_LOST
        return codes

    def _family(self, name: str) -> Family:
        gpus = self._world.company.gpus
        labels = [{"__name__": name, **self._labels(number, gpu)} for number, gpu in enumerate(gpus)]
        return Family([gpu.node.account for gpu in gpus], labels)

    def _labels(self, number: int, gpu: Gpu) -> dict[str, str]:
        pod = self._world.company.pod_of.get(number)
        held = {} if pod is None else {"namespace": pod.team, "pod": pod.name, "container": pod.container}
        host = "Hostname" if gpu.node.account is TRAINING else "hostname"
        return {
            "gpu": str(gpu.index),
            "UUID": gpu.uuid,
            "device": f"nvidia{gpu.index}",
            "pci_bus_id": f"00000000:{0x53 + 0x10 * gpu.index:02X}:00.0",
            "modelName": gpu.node.machine.gpu.name,
            "DCGM_FI_DRIVER_VERSION": _DRIVER,
            host: gpu.node.name,
            **held,
            **scraped(gpu.node, "dcgm-exporter", PORT),
        }


def kinds() -> Iterable[tuple[str, bool]]:
    """Metric names with whether they are counters, as the exporter's metadata says."""
    return ((name, name in COUNTERS) for name in (*HISTORY, *RECENT))


def _ratio(values: Floats) -> Floats:
    return np.round(values, 4)
