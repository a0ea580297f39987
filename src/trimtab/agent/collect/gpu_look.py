"""One look at every NVIDIA GPU: finds them, and again when something changed; tells of those that are gone."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from trimtab.agent.collect import gpu_device, gpu_state
from trimtab.agent.collect.gpu_device import Device
from trimtab.agent.collect.gpu_event import Events
from trimtab.agent.collect.gpu_library import DriverAway, GpuLost, Library
from trimtab.agent.collect.gpu_process import Processes
from trimtab.agent.collect.gpu_profile import Profiler
from trimtab.agent.reading import Attributes, Reading
from trimtab.base.clock import Clock

_log = logging.getLogger(__name__)
DISCOVER_S = 60.0
"""Seconds after which MIG devices and modes are looked up again, and a driver that was away is tried again."""


class GpuLook:
    """Reads every GPU. Not thread-safe: one thread looks."""

    def __init__(self, load: Callable[[], Any | None], clock: Clock, procfs: Path, boot_ms: int) -> None:
        """`load` gives the `pynvml` module, or None where there is no driver."""
        self._load = load
        self._clock = clock
        self._procfs = procfs
        self._boot_ms = boot_ms
        self._open: _Open | None = None
        self._known: dict[str, Attributes] = {}
        self._lost: set[str] = set()
        self._tried_s: float | None = None
        self._told = ""

    def readings(self) -> list[Reading]:
        """Every reading of now; nothing on a machine without a driver. A GPU that is lost has its status alone."""
        now_s = self._clock.monotonic()
        try:
            self._prepare(now_s)
            if self._open is None:
                return self._of_lost(set())
            return self._read(self._open, now_s)
        except DriverAway as problem:
            self._tell(f"cannot ask the NVIDIA driver: {problem}; going on without GPUs", logging.WARNING)
            self._open = None
            return self._of_lost(set())

    def _prepare(self, now_s: float) -> None:
        """Have an open library with the devices of now."""
        present = self._present()
        due = self._tried_s is None or now_s - self._tried_s >= DISCOVER_S
        opened = self._open
        if opened is not None and (opened.present != present or (due and self._lost)):
            opened.close()  # NVML sees GPUs that come and go only when it is opened again
            opened = self._open = None
            due = True
        if not due:
            return
        self._tried_s = now_s
        if opened is None:
            module = self._load()
            if module is None:
                self._tell("no NVIDIA driver on this machine: no GPU is read", logging.INFO)
                return
            self._open = opened = _Open(Library(module), present, self._procfs, self._clock.now_ms())
        self._discover(opened)

    def _discover(self, opened: "_Open") -> None:
        opened.find()
        self._lost -= {device.uuid for device in opened.devices}
        for device in opened.devices:
            self._known[device.uuid] = device.attributes
        count = len(opened.devices)
        self._tell(f"reading {count} NVIDIA GPU{'' if count == 1 else 's'}", logging.INFO)

    def _read(self, opened: "_Open", now_s: float) -> list[Reading]:
        found: list[Reading] = []
        answered: set[str] = set()
        opened.events.drain()
        for device in opened.devices:
            if device.uuid in self._lost:
                continue
            try:
                found += opened.read(device, self._boot_ms, self._clock.now_ms(), now_s)
                answered.add(device.uuid)
            except GpuLost as problem:
                self._lost.add(device.uuid)
                _log.error("GPU %s does not answer: %s; it is told as failed until it does", device.uuid, problem)
        opened.end_look(now_s)
        return [*found, *self._of_lost(answered)]

    def _of_lost(self, answered: set[str]) -> list[Reading]:
        """The status of each GPU that was here and does not answer now."""
        return [
            reading
            for uuid, about in self._known.items()
            if uuid not in answered
            for reading in gpu_state.status(about, "failed")
        ]

    def _present(self) -> tuple[str, ...]:
        """The PCI addresses that the driver serves now; a look at a directory, where asking NVML would not tell."""
        try:
            return tuple(sorted(one.name for one in (self._procfs / "driver/nvidia/gpus").iterdir()))
        except OSError:
            return ()

    def _tell(self, message: str, level: int) -> None:
        if message != self._told:
            self._told = message
            _log.log(level, "%s", message)


class _Open:
    """An open library with what stands on it."""

    def __init__(self, nvml: Library, present: tuple[str, ...], procfs: Path, now_ms: int) -> None:
        self.nvml = nvml
        self.present = present
        self.devices: list[Device] = []
        self.events = Events(nvml, now_ms)
        self._processes = Processes(nvml, procfs)
        self._profiler = Profiler(nvml)
        self._last_s: float | None = None

    def find(self) -> None:
        before = [(device.uuid, device.mig) for device in self.devices]
        self.devices = gpu_device.discover(self.nvml)
        if [(device.uuid, device.mig) for device in self.devices] != before:
            self._profiler.close()
            self.events.register(self.devices)

    def read(self, device: Device, boot_ms: int, now_ms: int, now_s: float) -> list[Reading]:
        elapsed_s = 0.0 if self._last_s is None else now_s - self._last_s
        return [
            *gpu_state.readings(self.nvml, device, boot_ms),
            *self._profiler.readings(device),
            *self._processes.readings(device, now_ms, elapsed_s),
            *self.events.readings(device),
        ]

    def end_look(self, now_s: float) -> None:
        self._processes.end_look()
        self._last_s = now_s

    def close(self) -> None:
        try:
            self._profiler.close()
            self.events.close()
            self.nvml.close()
        except (DriverAway, GpuLost) as problem:
            _log.info("the NVIDIA driver was gone when it was to be closed: %s", problem)
