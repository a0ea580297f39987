"""Which processes use a GPU: their memory on it, and their share of its time."""

from pathlib import Path

from msgspec import Struct

from trimtab.agent.collect.gpu_device import Device
from trimtab.agent.collect.gpu_library import Library
from trimtab.agent.collect.gpu_owner import owner_of
from trimtab.agent.collect.process_table import Process, executable_name
from trimtab.agent.reading import Attributes, Reading

MOST = 32
"""Processes of a GPU, those with the most memory first: more share one only by mistake."""
_SHARES = "nvmlDeviceGetProcessUtilization"  # not supported while MIG is on; "not found" where nobody used the GPU


class _Use(Struct):
    """A process on a GPU: since when it is known there (ms), and the seconds of GPU time that it took since."""

    since_ms: int
    seconds: float = 0.0


class Processes:
    """Remembers what it saw, so that shares become time."""

    def __init__(self, nvml: Library, procfs: Path) -> None:
        self._nvml = nvml
        self._procfs = procfs
        self._sampled: dict[str, int] = {}  # the last sample's time (µs, the driver's clock) by GPU
        self._uses: dict[tuple[str, int], _Use] = {}
        self._known: dict[int, Attributes] = {}

    def readings(self, device: Device, now_ms: int, elapsed_s: float) -> list[Reading]:
        """Memory, share and time of the processes on `device`; `elapsed_s` is the time since the last look."""
        memory, place = self._memory(device)
        shares = self._shares(device)
        pids = sorted({*memory, *shares}, key=lambda pid: -(memory.get(pid) or 0))[:MOST]
        found = [Reading("hw.gpu.process.count", "{process}", len({*memory, *shares}), device.attributes)]
        for pid in pids:
            about = (*self._who(pid), *place.get(pid, device.attributes))
            used = memory.get(pid)
            if used is not None:
                found.append(Reading("process.gpu.memory.usage", "By", used, about))
            if self._nvml.supports(device.uuid, _SHARES):
                found += self._time(device, pid, shares.get(pid, 0.0), about, now_ms, elapsed_s)
        for key in [key for key in self._uses if key[0] == device.uuid and key[1] not in pids]:
            del self._uses[key]
        return found

    def end_look(self) -> None:
        """Forget the processes that use no GPU any more."""
        alive = {pid for _, pid in self._uses}
        self._known = {pid: known for pid, known in self._known.items() if pid in alive}

    def _memory(self, device: Device) -> tuple[dict[int, int | None], dict[int, Attributes]]:
        """Bytes by process, and on which MIG device it is."""
        instances = {(mig.gpu_instance, mig.compute_instance): mig.attributes for mig in device.mig}
        used: dict[int, int | None] = {}
        place: dict[int, Attributes] = {}
        for function in ("nvmlDeviceGetComputeRunningProcesses", "nvmlDeviceGetGraphicsRunningProcesses"):
            for process in self._nvml.ask(device.uuid, function, device.handle) or ():
                pid = int(process.pid)
                if process.usedGpuMemory is not None:
                    used[pid] = max(used.get(pid) or 0, int(process.usedGpuMemory))
                else:
                    used.setdefault(pid, None)
                key = (getattr(process, "gpuInstanceId", None), getattr(process, "computeInstanceId", None))
                if key in instances:
                    place[pid] = instances[key]
        return used, place

    def _shares(self, device: Device) -> dict[int, float]:
        """The share of the GPU's time (0 to 1) by process: the mean of the samples since the last look."""
        last = self._sampled.get(device.uuid, 0)
        samples = self._nvml.ask(device.uuid, _SHARES, device.handle, last) or ()
        sums: dict[int, list[float]] = {}
        for sample in samples:
            if sample.timeStamp > last and sample.pid:
                sums.setdefault(int(sample.pid), []).append(min(sample.smUtil, 100) / 100)
        if samples:
            self._sampled[device.uuid] = max(last, *(int(sample.timeStamp) for sample in samples))
        return {pid: sum(values) / len(values) for pid, values in sums.items()}

    def _time(
        self, device: Device, pid: int, share: float, about: Attributes, now_ms: int, elapsed_s: float
    ) -> list[Reading]:
        use = self._uses.get((device.uuid, pid))
        if use is None:
            use = self._uses[device.uuid, pid] = _Use(now_ms)
        else:
            use.seconds += share * elapsed_s
        return [
            Reading("process.gpu.utilization", "1", share, about),
            Reading("process.gpu.time", "s", use.seconds, about, use.since_ms),
        ]

    def _who(self, pid: int) -> Attributes:
        known = self._known.get(pid)
        if known is None:
            unknown = Process(pid=pid, started=0.0, name=self._short_name(pid), status="", cpu_s=0.0, rss=0)
            name = executable_name(unknown, self._procfs)
            known = (("process.executable.name", name), ("process.pid", str(pid)), *owner_of(self._procfs, pid))
            self._known[pid] = known
        return known

    def _short_name(self, pid: int) -> str:
        try:
            return (self._procfs / str(pid) / "comm").read_text(encoding="utf-8", errors="replace").strip()
        except OSError:
            return "unknown"
