"""What holds a server back, named from what was busy while its load rose."""

from collections.abc import Sequence

from msgspec import Struct

from trimtab.capacity.curve import Curve, CurvePoint

_BUSY = {"cpu": 85.0, "busiest_core": 95.0, "process_cpu": 90.0, "gpu": 90.0, "gpu_memory": 95.0, "kv_cache": 90.0,
         "memory": 92.0, "network": 80.0, "disk": 90.0}  # fmt: skip
"""Percent of each resource at which it limits; memory bandwidth and kernels hide behind a GPU's 90 %."""
_WORDS = {
    "cpu": "CPU: all cores are busy",
    "busiest_core": "one CPU core: a single thread is busy",
    "process_cpu": "the server's process: it uses all the CPU that it may",
    "gpu": "GPU: its multiprocessors are busy",
    "gpu_memory": "GPU memory is full",
    "kv_cache": "the KV cache is full: requests wait for memory, not for compute",
    "memory": "memory is nearly full",
    "network": "network",
    "disk": "disk",
}
_ORDER = ("kv_cache", "gpu", "process_cpu", "cpu", "busiest_core", "gpu_memory", "memory", "network", "disk")
_GROWS = 1.5


class Bottleneck(Struct, frozen=True):
    """What limits (`cpu`, `gpu`, …, `queue`, `errors`, `none`), as a sentence, with its utilisation in percent."""

    name: str
    sentence: str
    percent: float | None = None


def bottleneck(curve: Curve) -> Bottleneck:
    """What limits at the highest load. A queue that nothing busy explains is the server's own limit of concurrency."""
    points = [one for one in curve.points if one.requests]
    if len(points) < 2:
        return Bottleneck("none", "too few loads were held to tell what limits")
    last = max(points, key=lambda one: one.offered)
    for name in _ORDER:
        value = last.utilisation.get(name)
        if value is not None and value >= _BUSY[name] and _rises(points, name, value):
            return Bottleneck(name, f"{_WORDS[name]} ({value:.0f} %)", value)
    if last.errors > 0.01:
        return Bottleneck("errors", f"the server refuses: {last.errors:.0%} of the requests failed at the highest load")
    if _queues(points):
        workers = _workers(points)
        return Bottleneck(
            "queue",
            f"requests queue while nothing measured is busy: the server works on about {workers:.3g} at a time",
        )
    return Bottleneck("none", "no limit was reached")


def _rises(points: Sequence[CurvePoint], name: str, value: float) -> bool:
    """Whether it is the load that makes it busy: it was not as busy at the lowest."""
    first = min(points, key=lambda one: one.offered).utilisation.get(name)
    return first is None or value > first + 5


def _queues(points: Sequence[CurvePoint]) -> bool:
    first, last = min(points, key=lambda one: one.offered), max(points, key=lambda one: one.offered)
    if "mean" not in first.latency_ms or "mean" not in last.latency_ms:
        return False
    return last.latency_ms["mean"].value > _GROWS * first.latency_ms["mean"].value


def _workers(points: Sequence[CurvePoint]) -> float:
    """Little's law at the plateau: throughput times the time that one request takes alone."""
    alone = min(points, key=lambda one: one.offered).latency_ms["mean"].value / 1000
    return max(1.0, max(one.throughput for one in points) * alone)
