"""Machine types that nobody measured, estimated from those that were: by hardware ratios, with error bars.

Accelerated types go through `transfer`; types without an accelerator scale with their cores, within a family only.
"""

import math
from collections.abc import Iterable, Sequence

from msgspec import structs

from trimtab.inference.result import Interval, LoadTest
from trimtab.inference.sizing import Known, capacity_of
from trimtab.inference.transfer import Machine, Measured, Task, Transfer
from trimtab.inventory.catalog.book import Catalog
from trimtab.inventory.catalog.model import InstanceType

_MOST = 8  # estimated types that are worth a look
_CORES_LOWER, _CORES_UPPER = 0.7, 1.1
"""Of the ratio of cores: what a server of twice the cores gives lies between 70 % of twice as much (shared locks and
memory) and a little above it; bounds of 80 % by judgement, not by measurement."""
_LARGEST = 4.0  # times the cores that were measured: beyond it nothing is said


def estimates(tests: Sequence[Known], catalog: Catalog, at_ms: int, region: str) -> list[Known]:
    """Tests that never were: of types with a list price that were not measured, the cheapest a request first."""
    measured = {_machine(one.test.instance_type): one for one in tests if capacity_of(one.test) is not None}
    measured = {name: one for name, one in measured.items() if name in catalog.types and not one.estimate}
    others = [
        one for name, one in catalog.types.items()
        if name not in measured and catalog.price(name, at_ms, region) is not None
    ]  # fmt: skip
    found = [*_accelerated(measured, catalog, others), *_by_cores(measured, catalog, others)]

    def cost(one: Known) -> float:
        price = catalog.price(_machine(one.test.instance_type), at_ms, region)
        capacity = capacity_of(one.test)
        return float(price.per_hour) / capacity.value if price and capacity else math.inf

    return sorted(found, key=cost)[:_MOST]


def _accelerated(measured: dict[str, Known], catalog: Catalog, others: Iterable[InstanceType]) -> list[Known]:
    known = [(catalog.types[name], one) for name, one in measured.items() if catalog.types[name].accelerators]
    wanted = [one for one in others if one.accelerators]
    if not known or not wanted:
        return []
    task = Task("this model", "Server", "Queries/s")
    rows = [Measured(_hardware(type_), task, _capacity(one)) for type_, one in known]
    found = Transfer(rows, calibrated=False).estimate([(_hardware(one), task) for one in wanted])
    return [
        _made(known[-1][1], type_.type, each.throughput, each.lower, each.upper, f"hardware ratios; {each.nearest}")
        for type_, each in zip(wanted, found, strict=True)
        if math.isfinite(each.upper)
    ]


def _by_cores(measured: dict[str, Known], catalog: Catalog, others: Iterable[InstanceType]) -> list[Known]:
    found = []
    for other in others:
        near = [
            catalog.types[name] for name in measured
            if _family(name) == _family(other.type) and not catalog.types[name].accelerators
        ]  # fmt: skip
        if other.accelerators or not near:
            continue
        like = min(near, key=lambda one: abs(math.log(one.vcpus / other.vcpus)))
        ratio = other.vcpus / like.vcpus
        if not 1 / _LARGEST <= ratio <= _LARGEST:
            continue
        value = _capacity(measured[like.type]) * ratio
        low, high = (_CORES_LOWER, _CORES_UPPER) if ratio > 1 else (1 / _CORES_UPPER, 1 / _CORES_LOWER)
        basis = f"{ratio:g} times the cores of {like.type}, which was measured"
        found.append(_made(measured[like.type], other.type, value, value * low, value * high, basis))
    return found


def _made(like: Known, type_: str, value: float, lower: float, upper: float, basis: str) -> Known:
    prefix = "ml." if like.test.instance_type.startswith("ml.") else ""
    test: LoadTest = structs.replace(
        like.test, instance_type=f"{prefix}{type_}", machine="", capacity=Interval(value, lower, upper), levels=[],
        windows=[], bottleneck="", bottleneck_why="", setup_s=0.0,
    )  # fmt: skip
    return Known(like.id, test, basis)


def _hardware(type_: InstanceType) -> Machine:
    return Machine(type_.type, type_.accelerator, type_.accelerators)


def _capacity(one: Known) -> float:
    found = capacity_of(one.test)
    return found.value if found else 0.0


def _machine(instance_type: str) -> str:
    return instance_type.removeprefix("ml.")


def _family(type_: str) -> str:
    return type_.partition(".")[0]
