"""What is busy on this machine while a load is held, in percent by resource, and what it draws, by the agent."""

from collections.abc import Callable, Mapping
from typing import Any

import psutil

from trimtab.agent.collect.gpu_library import load_module
from trimtab.agent.collect.roots import Roots
from trimtab.agent.collector import Collector
from trimtab.agent.reading import Reading
from trimtab.base.clock import SystemClock
from trimtab.base.errors import InvalidInput
from trimtab.cli.load_power import Power


class Busy:
    """Call it for what was busy since it was last called. `pid` is the server's process where it runs here.

    A server elsewhere (`here` False) is not known of: this machine's load says nothing about it.
    """

    def __init__(self, pid: int | None = None, *, here: bool = True) -> None:
        self._here = here
        self._collector: Collector | None = None
        if here and load_module() is not None:
            self._collector = Collector(Roots(), SystemClock())
            self._collector.prime()
        self._process = _process(pid) if pid else None
        self._power = Power(SystemClock(), Roots().sysfs)
        self()

    def __call__(self) -> Mapping[str, float]:
        """Percent by resource: all cores, the busiest one, the process's cores, memory, GPUs; and watts."""
        if not self._here:
            return {}
        cores: Any = psutil.cpu_percent(percpu=True)
        found = {
            "cpu": sum(cores) / max(1, len(cores)),
            "busiest_core": max(cores, default=0.0),
            "memory": float(psutil.virtual_memory().percent),
        }
        if self._process is not None:
            found |= _of_process(self._process)
        readings = self._collector.collect() if self._collector is not None else []
        return found | _of_gpus(readings) | self._power.watts(readings)


def _process(pid: int) -> psutil.Process:
    try:
        return psutil.Process(pid)
    except psutil.Error:
        raise InvalidInput(f"cannot watch process {pid}: there is none") from None


def _of_process(process: psutil.Process) -> dict[str, float]:
    """The process's CPU as a share of the cores that it may run on, and its memory as one of the machine's."""
    try:
        allowed = len(process.cpu_affinity() or []) or psutil.cpu_count() or 1
        return {
            "process_cpu": process.cpu_percent() / allowed,
            "process_memory": float(process.memory_percent()),
        }
    except psutil.Error:
        return {}


def _of_gpus(readings: list[Reading]) -> dict[str, float]:
    found: dict[str, float] = {}
    for name, key in (("hw.gpu.utilization", "gpu"), ("hw.gpu.memory.utilization", "gpu_memory")):
        values = [one.value for one in readings if one.name == name]
        if values:
            found[key] = 100.0 * max(values)
    return found


Watch = Callable[[], Mapping[str, float]]
