"""GPUs of instance types, and which smaller GPU would do.

Classes are ordered by what an hour costs; `work` is peak dense BF16 (FP16 where there is none) in TFLOP/s and
`memory_gib` what the maker sells, both from NVIDIA's data sheets (A100, H100, H200, L4, L40S, A10, T4, V100), read
2026-11. `dollars` is a rough market price of an hour of one GPU (AWS on demand, us-east-1, 2026-07, a machine's price
by its GPUs): it ranks, and the share saved is a ratio of two of them.
"""

from functools import cache

from msgspec import Struct

from trimtab.inventory.catalog.book import load


class GpuClass(Struct, frozen=True):
    """A model of GPU."""

    name: str
    memory_gib: float
    work: float
    dollars: float


class Smaller(Struct, frozen=True):
    """A GPU that would do, and the share of the cost that it saves."""

    name: str
    saves: float


CLASSES = (
    GpuClass("T4", 16, 65, 0.526),
    GpuClass("L4", 24, 121, 0.805),
    GpuClass("A10G", 24, 70, 1.006),
    GpuClass("L40S", 48, 362, 1.861),
    GpuClass("A100 40GB", 40, 312, 2.745),
    GpuClass("V100", 16, 125, 3.06),
    GpuClass("A100 80GB", 80, 312, 3.431),
    GpuClass("H100", 80, 989, 6.88),
    GpuClass("H200", 141, 989, 7.912),
)
_GIB = 2**30


def smaller(model: str, memory: float, active: float) -> Smaller | None:
    """The cheapest class that holds `memory` bytes and does `active` of the model's work; None where none does."""
    mine = class_of(model)
    if mine is None:
        return None
    fits = [
        one
        for one in CLASSES
        if one.dollars < mine.dollars and one.memory_gib * _GIB >= memory and one.work >= mine.work * active
    ]
    best = min(fits, key=lambda one: one.dollars, default=None)
    return Smaller(best.name, round(1 - best.dollars / mine.dollars, 4)) if best else None


def class_of(model: str) -> GpuClass | None:
    """The class of a model as tools name it (`NVIDIA A100-SXM4-80GB`)."""
    words = model.upper().replace("-", " ")
    for one in CLASSES:
        name, _, size = one.name.partition(" ")
        if name in words.split() and (not size or size in words.replace(" GB", "GB")):
            return one
    return None


@cache
def _book() -> dict[str, float]:
    return {name: one.accelerators for name, one in load().types.items()}


def gpus_of(instance_type: str) -> float:
    """GPUs of an instance type, with or without SageMaker's `ml.`; 0 where it has none or is not known."""
    return _book().get(instance_type.removeprefix("ml."), 0.0)
