"""One look at GPUs that only a maker's tool tells of: AMD's, and NVIDIA's where the driver's library is not visible."""

import logging
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from trimtab.agent.collect.gpu_library import DriverAway
from trimtab.agent.collect.gpu_owner import owner_of
from trimtab.agent.reading import Attributes, Reading
from trimtab.agent.smi import amd_json, nvidia_xml
from trimtab.agent.smi.sample import GpuSample, Recording
from trimtab.base.clock import Clock
from trimtab.base.errors import InvalidInput

_log = logging.getLogger(__name__)
EVERY_S = 30.0
"""Seconds between two looks: a tool starts a program and wakes each GPU, which takes up to a second of a core."""
TIMEOUT_S = 20.0
MOST = 32
"""Processes of a GPU that are told, those with the most memory first; as of GPUs that NVML tells of."""
_NVIDIA = ("nvidia-smi", "-q", "-x")
_AMD_METRIC, _AMD_STATIC = ("amd-smi", "metric", "--json"), ("amd-smi", "static", "--json")
_ROCM = ("rocm-smi", "-a", "--json")
Run = Callable[[tuple[str, ...]], str]


def run(words: tuple[str, ...]) -> str:
    """What a command prints. Raises OSError where it cannot run, ends with an error, or takes longer than TIMEOUT_S."""
    try:
        done = subprocess.run(
            words, capture_output=True, encoding="utf-8", errors="replace", timeout=TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired:
        raise OSError(f"{words[0]} took longer than {TIMEOUT_S:g} s") from None
    if done.returncode and not done.stdout.strip():
        said = (done.stderr.strip() or f"exit status {done.returncode}").splitlines()[-1]
        raise OSError(f"{words[0]}: {said[:200]}")
    return done.stdout


class ToolLook:
    """Runs the tools that are there, and tells what they print. Not thread-safe: one thread looks."""

    def __init__(
        self,
        nvml: Callable[[], Any | None],
        clock: Clock,
        procfs: Path,
        *,
        run: Run = run,
        which: Callable[[str], str | None] = shutil.which,
    ) -> None:
        """`nvml` gives the module that speaks to NVIDIA's driver: where it does, nvidia-smi is not run."""
        self._nvml = nvml
        self._clock = clock
        self._procfs = procfs
        self._run = run
        self._which = which
        self._looked_s: float | None = None

    def readings(self) -> list[Reading]:
        """Every reading of now; nothing between two looks, and without tools. Raises OSError, ValueError."""
        now_s = self._clock.monotonic()
        if self._looked_s is not None and now_s - self._looked_s < EVERY_S:
            return []
        self._looked_s = now_s
        try:
            return [reading for recording in self._recordings() for reading in self._of(recording)]
        except InvalidInput as problem:
            raise ValueError(str(problem)) from None

    def _recordings(self) -> Iterator[Recording]:
        if self._which(_NVIDIA[0]) and not self._has_library():
            yield nvidia_xml.read(self._run(_NVIDIA))
        if self._which(_AMD_METRIC[0]):
            metrics = amd_json.read(self._run(_AMD_METRIC))
            yield amd_json.named(metrics, amd_json.read(self._run(_AMD_STATIC)))
        elif self._which(_ROCM[0]):
            yield amd_json.read(self._run(_ROCM))

    def _has_library(self) -> bool:
        try:
            return self._nvml() is not None
        except DriverAway as problem:
            _log.info("nvidia-smi is asked instead of the driver's library: %s", problem)
            return False

    def _of(self, recording: Recording) -> Iterator[Reading]:
        for gpu in recording.gpus:
            yield from gpu_readings(gpu, recording.driver)
            about = attributes(gpu)
            known = (one for one in gpu.processes if one.memory is not None)
            for process in sorted(known, key=lambda one: -(one.memory or 0))[:MOST]:
                name = process.name.rpartition("/")[2] or "unknown"
                who = (("process.executable.name", name), ("process.pid", str(process.pid)))
                owner = owner_of(self._procfs, process.pid)
                yield Reading("process.gpu.memory.usage", "By", process.memory or 0, (*who, *owner, *about))


def attributes(gpu: GpuSample) -> Attributes:
    """What every reading of a GPU carries: its id is the maker's, else its place on the bus, else its number."""
    id_ = gpu.uuid or gpu.bus_id or str(gpu.index)
    named = (("hw.name", gpu.name or f"{gpu.vendor} GPU"), ("gpu.number", str(gpu.index)))
    return (("hw.id", id_), *named, *((("gpu.uuid", gpu.uuid),) if gpu.uuid else ()))


def gpu_readings(gpu: GpuSample, driver: str = "") -> Iterator[Reading]:
    """The readings of a GPU but those of its processes, named as those of NVML. What is unknown is not told."""
    about = attributes(gpu)
    is_gpu = ("hw.type", "gpu")
    facts = {
        "hw.vendor": gpu.vendor,
        "hw.driver_version": driver,
        "gpu.pci.bus_id": gpu.bus_id,
        "gpu.mig": gpu.mig_mode,
    }
    yield Reading("hw.gpu.info", "1", 1, (*about, *((name, value) for name, value in facts.items() if value)))
    measured: tuple[tuple[str, str, float | int | None, Attributes], ...] = (
        ("hw.gpu.utilization", "1", gpu.utilization, (("hw.gpu.task", "general"),)),
        ("hw.gpu.memory.controller.utilization", "1", gpu.memory_busy, ()),
        ("hw.gpu.memory.limit", "By", gpu.memory_total, ()),
        ("hw.gpu.memory.usage", "By", gpu.memory_used, ()),
        ("hw.power", "W", gpu.power, (is_gpu,)),
        ("hw.temperature", "Cel", gpu.temperature, (is_gpu, ("hw.sensor_location", "gpu"))),
    )
    for name, unit, value, more in measured:
        if value is not None:
            yield Reading(name, unit, value, (*about, *more))
