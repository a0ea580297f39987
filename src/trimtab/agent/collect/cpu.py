"""How busy the machine's processors are: shares of time by mode, load averages and their number."""

from collections.abc import Mapping

import psutil

from trimtab.agent.reading import Reading

# psutil's field -> OpenTelemetry's cpu.mode. Linux counts guest time inside user and guest_nice inside nice,
# so those two fields are left out: adding them would count the time of virtual machines twice.
_MODES = {
    "user": "user",
    "nice": "nice",
    "system": "system",
    "idle": "idle",
    "iowait": "iowait",
    "irq": "interrupt",
    "softirq": "interrupt",
    "interrupt": "interrupt",
    "dpc": "interrupt",
    "steal": "steal",
}

CpuTimes = Mapping[str, float]
"""Seconds by cpu.mode since boot, over all processors."""


def read_times() -> CpuTimes:
    """The machine's processor time by mode since boot, in seconds."""
    times: dict[str, float] = {}
    for field, seconds in psutil.cpu_times()._asdict().items():
        mode = _MODES.get(field)
        if mode:
            times[mode] = times.get(mode, 0.0) + seconds
    return times


def utilization(before: CpuTimes, after: CpuTimes) -> list[Reading]:
    """Shares (0 to 1, adding to 1) of the machine's time between two reads, by mode; none if no time passed.

    The kernel lets idle and iowait run backwards now and then: such a step counts as zero.
    """
    spent = {mode: max(0.0, seconds - before.get(mode, 0.0)) for mode, seconds in after.items()}
    total = sum(spent.values())
    if total <= 0:
        return []
    return [
        Reading("system.cpu.utilization", "1", seconds / total, (("cpu.mode", mode),))
        for mode, seconds in spent.items()
    ]


def load() -> list[Reading]:
    """Load averages (runnable and uninterruptible tasks over 1, 5 and 15 minutes) and the number of processors."""
    readings = [
        Reading(f"system.cpu.load_average.{span}", "{thread}", value)
        for span, value in zip(("1m", "5m", "15m"), psutil.getloadavg(), strict=True)
    ]
    count = psutil.cpu_count(logical=True)
    if count:
        readings.append(Reading("system.cpu.logical.count", "{cpu}", count))
    return readings
