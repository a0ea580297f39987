"""The collector: one look at the machine, all subjects, remembering the last look for what is a difference."""

import logging
import os
import sys
from collections.abc import Callable
from typing import Any

import psutil
from msgspec import Struct

from trimtab.agent.collect import cpu, disk, filesystem, host, infiniband, memory, network, process_table, processes
from trimtab.agent.collect.cpu import CpuTimes
from trimtab.agent.collect.gpu import Patient
from trimtab.agent.collect.gpu_library import load_module
from trimtab.agent.collect.gpu_look import GpuLook
from trimtab.agent.collect.kernel_log import PATH as KERNEL_LOG
from trimtab.agent.collect.kernel_log import KernelLog
from trimtab.agent.collect.processes import ProcessKey
from trimtab.agent.collect.roots import Roots
from trimtab.agent.reading import Reading
from trimtab.agent.smi.look import ToolLook
from trimtab.base.clock import Clock

_log = logging.getLogger(__name__)


class _Look(Struct, frozen=True):
    """What the next look needs of this one."""

    at_s: float
    cpu: CpuTimes
    processes: dict[ProcessKey, float]
    own_cpu_s: float


class Collector:
    """Reads every subject. One that fails is left out, with a line in the log, and the others go on."""

    def __init__(self, roots: Roots, clock: Clock, nvml: Callable[[], Any | None] = load_module) -> None:
        """`nvml` gives the module that speaks to the NVIDIA driver, or None where there is none."""
        psutil.PROCFS_PATH = str(roots.procfs)
        self._roots = roots
        self._clock = clock
        self._boot_ms = host.boot_ms()
        self._names = processes.Names(roots.procfs)
        self._settled = processes.Settled()
        self._gpus = Patient(GpuLook(nvml, clock, roots.procfs, self._boot_ms).readings, clock)
        self._gpu_tools = Patient(ToolLook(nvml, clock, roots.procfs).readings, clock)
        self._kernel_log = KernelLog(roots.on_host(KERNEL_LOG), clock.now_ms())
        self._own = psutil.Process()
        self._before: _Look | None = None
        self._failing: set[str] = set()

    def prime(self) -> None:
        """Take the first look, so that the next has something to subtract."""
        self._look(process_table.read_table(self._roots.procfs))

    def collect(self) -> list[Reading]:
        """Every reading of now. Shares of time are over the span since the last look."""
        before = self._before
        table = process_table.read_table(self._roots.procfs)
        now = self._look(table)
        roots, boot = self._roots, self._boot_ms
        subjects: dict[str, Callable[[], list[Reading]]] = {
            "cpu": lambda: [*(cpu.utilization(before.cpu, now.cpu) if before else ()), *cpu.load()],
            "memory": memory.readings,
            "disk": lambda: disk.readings(roots.sysfs, boot),
            "filesystem": lambda: filesystem.readings(roots),
            "network": lambda: network.readings(roots.sysfs, boot),
            "InfiniBand": lambda: infiniband.readings(roots.sysfs, boot),
            "processes": lambda: [*processes.counts(table), *self._processes(table, before, now)],
            "uptime": lambda: host.uptime(self._clock.now_ms(), host.boot_ms()),
            "gpu": self._gpus.readings,
            "gpu by its maker's tool": self._gpu_tools.readings,
            "agent": lambda: self._own_cost(before, now),
        }
        found: list[Reading] = []
        for subject, read in subjects.items():
            found.extend(self._attempt(subject, read))
        found.extend(self._attempt("the kernel's log", lambda: self._kernel_log.readings(found)))
        return found

    def _look(self, table: list[process_table.Process]) -> _Look:
        used = {processes.key_of(process): process.cpu_s for process in table}
        times = os.times()
        self._before = _Look(self._clock.monotonic(), cpu.read_times(), used, times.user + times.system)
        return self._before

    def _processes(self, table: list[process_table.Process], before: _Look | None, now: _Look) -> list[Reading]:
        elapsed = now.at_s - before.at_s if before else 0.0
        used = processes.shares(table, before.processes if before else None, elapsed)
        chosen = processes.choose(self._settled.among(used, now.at_s))
        epoch_ms = self._boot_ms if sys.platform == "linux" else 0
        return processes.readings(chosen, self._names.of(chosen), self._roots.procfs, epoch_ms)

    def _own_cost(self, before: _Look | None, now: _Look) -> list[Reading]:
        found = [Reading("trimtab.agent.memory.usage", "By", self._own.memory_info().rss)]
        if before and now.at_s > before.at_s:
            share = (now.own_cpu_s - before.own_cpu_s) / (now.at_s - before.at_s)
            found.append(Reading("trimtab.agent.cpu.utilization", "1", share))
        return found

    def _attempt(self, subject: str, read: Callable[[], list[Reading]]) -> list[Reading]:
        try:
            found = read()
        except (OSError, ValueError, RuntimeError, psutil.Error) as problem:
            if subject not in self._failing:
                self._failing.add(subject)
                _log.warning("cannot read %s of this machine: %s; going on without it", subject, problem)
            return []
        if subject in self._failing:
            self._failing.discard(subject)
            _log.info("reading %s of this machine again", subject)
        return found
