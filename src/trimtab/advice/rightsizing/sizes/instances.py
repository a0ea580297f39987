"""Sizes of machines: the instance types that one could move to, with what each holds and costs.

From a type, those of its own family, and those of like families: general, compute and memory classes of its generation
or later with the same processor's architecture. Machines with accelerators are exchanged for such with accelerators
only. Network and EBS count with the rates that a type keeps up, not with bursts; what the catalogue does not know of a
type is said, not guessed.
"""

from dataclasses import dataclass
from functools import cached_property

from msgspec import Struct

from trimtab.advice.rightsizing.model import Axis, Effort, Option
from trimtab.advice.rightsizing.prices import InstancePrices
from trimtab.advice.rightsizing.sizes.instance_names import TypeName, network_bytes, parse
from trimtab.inventory.catalog.book import HOME, Catalog
from trimtab.inventory.catalog.model import InstanceType

_CLASSES = ("c", "m", "r")
_PLAIN = ("", "i", "a", "g")
"""Attributes of families that differ in the processor only: no local disks, no other network."""
_HOSTED = (
    "t2 m4 c4 m5 m5d c5 c5d r5 r5d m6i c6i r6i m6g c6g r6g m7i c7i r7i m7g c7g "
    "g4dn g5 g6 g6e p3 p4d p4de p5 p5en inf1 inf2 trn1"
)
_DATABASES = "t3 t4g m4 m5 m5d r4 r5 r5b r5d m6i m6g m6gd r6i r6g r6gd m7i m7g r7i r7g m8g r8g"
SERVED = {prefix: frozenset(words.split()) for prefix, words in (("ml.", _HOSTED), ("db.", _DATABASES))}
"""Families that a service offers: SageMaker for hosting, RDS for databases (their documentation, read 2026-11)."""


class _Priced(Struct, frozen=True):
    """By what options are priced."""

    region: str
    windows: bool
    prefix: str
    system: str


@dataclass(frozen=True)
class InstanceSizes:
    """The instance types of a catalogue at some prices. `arm` takes Graviton for machines that are not yet on it."""

    catalog: Catalog
    prices: InstancePrices
    arm: bool = False

    @cached_property
    def _families(self) -> dict[str, list[InstanceType]]:
        found: dict[str, list[InstanceType]] = {}
        for one in self.catalog.types.values():
            found.setdefault(one.type.partition(".")[0], []).append(one)
        return found

    def of(self, type_: str, region: str, *, windows: bool = False, prefix: str = "", system: str = "") -> list[Option]:
        """The options for a machine of `type_`, its own first; none where the catalogue does not know it.

        `prefix` is what a service writes before types ("ml.", "db."), `system` what its prices depend on besides.
        """
        own = self.catalog.types.get(type_.removeprefix(prefix))
        name = parse(type_)
        if own is None:
            return []
        kin = self._kin(own, name, prefix)
        priced = _Priced(region, windows, prefix, system)
        made = [self._option(one, own, name, priced) for one in (own, *kin)]
        return [made[0], *_undominated(made[1:], family_of(own.type))]

    def _kin(self, own: InstanceType, name: TypeName | None, prefix: str) -> list[InstanceType]:
        offered = SERVED.get(prefix, self._families.keys())
        family = family_of(own.type)
        families = [family, *(self._alike(name) if name is not None and not own.accelerators else ())]
        if own.accelerators:
            families = [one for one, types in self._families.items() if any(type_.accelerators for type_ in types)]
        found = [one for wanted in dict.fromkeys(families) for one in self._families.get(wanted, ())]
        return [
            one
            for one in found
            if one.type != own.type
            and bool(one.accelerators) == bool(own.accelerators)
            and ".metal" not in one.type
            and family_of(one.type) in offered
            and (not own.accelerators or _same_maker(one, own))
        ]

    def _alike(self, name: TypeName) -> list[str]:
        found = []
        for family in self._families:
            other = parse(f"{family}.large")
            if other is None or other.letter not in (*_CLASSES, *(("t",) if name.burstable else ())):
                continue
            if other.attributes not in _PLAIN or other.burstable != (other.letter == "t"):
                continue
            same = other.arm == name.arm or (self.arm and other.arm)
            if same and (other.generation >= name.generation or (name.burstable and other.generation >= 5)):
                found.append(family)
        return found

    def _option(self, one: InstanceType, own: InstanceType, own_name: TypeName | None, priced: "_Priced") -> Option:
        name, prefix = parse(one.type), priced.prefix
        price = self.prices.of(f"{prefix}{one.type}", priced.region, windows=priced.windows, system=priced.system)
        capacity = {Axis.CPU: float(one.vcpus), Axis.MEMORY: one.memory_gib}
        baseline = name.baseline if name is not None else None
        capacity[Axis.SUSTAINED] = one.vcpus * (1.0 if baseline is None else baseline)
        unknown = _limited(one, capacity)
        if one.accelerators:
            gpu = self.catalog.accelerators.get(one.accelerator)
            capacity[Axis.GPU] = one.accelerators
            if gpu is not None:
                capacity[Axis.GPU_MEMORY] = gpu.memory_gib * one.accelerators
        facts = {
            "vcpus": one.vcpus,
            "memory_gib": one.memory_gib,
            "gpus": one.accelerators,
            "gpu": one.accelerator,
            "network": one.network,
            "network_gbps": one.limits.network_gbps,
            "ebs_mbps": one.limits.ebs_mbps,
            "ebs_iops": one.limits.ebs_iops,
        }
        effort = _effort(name, own_name, same=one.type == own.type)
        home = price.per_hour if price.per_hour is not None else self.prices.of(one.type, HOME).per_hour
        order = float(home) if home is not None else one.vcpus + one.memory_gib / 8.0
        return Option(
            f"{prefix}{one.type}", capacity, price.per_hour, price.currency or "USD", price.note, effort,
            tuple(unknown), order, facts,
        )  # fmt: skip


def _limited(one: InstanceType, capacity: dict[Axis, float]) -> list[str]:
    """Adds what a type's network and EBS keep up; what is not known of them. Bursts are not counted on."""
    unknown = []
    if one.limits.ebs_mbps is None or one.limits.ebs_iops is None:
        unknown.append("EBS limits")
    else:
        capacity[Axis.THROUGHPUT], capacity[Axis.IOPS] = one.limits.ebs_mbps * 1e6, one.limits.ebs_iops
    rate = one.limits.network_gbps * 125e6 if one.limits.network_gbps else network_bytes(one.network)
    if rate is None:
        return [*unknown, "the network's rate"]
    capacity[Axis.NETWORK] = rate
    if not one.limits.network_gbps and one.network.startswith("Up to"):
        unknown.append("the network's base rate: its figure is a burst")
    return unknown


def family_of(type_: str) -> str:
    """What stands before the size."""
    return type_.partition(".")[0]


def _undominated(options: list[Option], family: str) -> list[Option]:
    """Without those that cost as much as another which holds as much of everything; one's own family stays whole."""
    ordered = sorted(options, key=lambda one: (one.order, -sum(one.capacity.values())))
    kept: list[Option] = []
    for one in ordered:
        if family_of(one.name.removeprefix("ml.").removeprefix("db.")) == family or not any(
            _holds(other, one) for other in kept
        ):
            kept.append(one)
    return kept


def _holds(other: Option, one: Option) -> bool:
    return all(other.capacity.get(axis, 0.0) >= amount for axis, amount in one.capacity.items()) and (
        other.effort == one.effort or one.effort is Effort.MEDIUM
    )


def _same_maker(one: InstanceType, own: InstanceType) -> bool:
    """The same accelerator: programs are built for one, and what another would do is not measured."""
    return one.accelerator == own.accelerator


def _effort(name: TypeName | None, own: TypeName | None, *, same: bool) -> Effort:
    """Very low within an architecture, low to another maker's processor, medium to Graviton: Compute Optimizer's."""
    if same or name is None or own is None:
        return Effort.VERY_LOW
    if name.arm != own.arm:
        return Effort.MEDIUM
    return Effort.VERY_LOW
