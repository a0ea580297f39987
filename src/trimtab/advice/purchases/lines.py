"""What lines of a bill are: how each provider's are told apart, and the use that commitments of theirs can cover.

AWS           an instance type in a zone, by its code of the bill
Google Cloud  vCPUs, memory or GPUs of a machine family in a region: `N2 vCPU`, as its SKUs are called
Azure         a size of virtual machine in a region; where somebody told its flexibility group, with its ratio there
"""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import cache, lru_cache

from msgspec import Struct

from trimtab.advice.purchases import engines
from trimtab.advice.purchases.model import UseLine
from trimtab.costs.explorer import providers
from trimtab.costs.explorer.providers import Provider
from trimtab.costs.model import Dimension
from trimtab.inventory.catalog.book import load

LINE = (
    Dimension.LINKED_ACCOUNT,
    Dimension.SERVICE_CODE,
    Dimension.REGION,
    Dimension.AZ,
    Dimension.INSTANCE_TYPE,
    Dimension.OPERATING_SYSTEM,
    Dimension.USAGE_TYPE,
    Dimension.DATABASE_ENGINE,
    Dimension.OPERATION,
    Dimension.PURCHASE_TYPE,
)
"""What lines of use are told apart by; the last says how it was paid for, which is no part of a line.

A line of a database has its engine, edition and licence as its platform; what else operations tell apart is one line.
"""
_SIZES: Mapping[str, Decimal] = {
    "nano": Decimal("0.25"), "micro": Decimal("0.5"), "small": Decimal(1), "medium": Decimal(2), "large": Decimal(4),
    "xlarge": Decimal(8),
}  # fmt: skip
_SIZE = re.compile(r"(\d+)xlarge$")
_METAL = re.compile(r"metal-(\d+)xl$")
_OLD_METAL: Mapping[str, Decimal] = {
    "a1": Decimal(32), "z1d": Decimal(96), "i3": Decimal(128), "u-18tb1": Decimal(448), "u-24tb1": Decimal(448),
    "u-6tb1": Decimal(896), "u-9tb1": Decimal(896), "u-12tb1": Decimal(896),
}  # fmt: skip
"""Units of the bare metal of families that are in no price list any more, by the same table."""
Sizes = Mapping[str, tuple[str, Decimal]]
"""Of sizes of Azure (in small letters) their flexibility group, and their ratio in it."""
LineOf = Callable[[tuple[str, ...], Decimal], UseLine]
DEDICATED = ", dedicated"
"""What the platform of machines on hardware of one's own ends with."""
_FIXED_SIZES = frozenset(
    (
        *("g4ad", "g4dn", "g5", "g5g", "g6", "g6e", "g6f", "gr6", "gr6f"),
        *("hpc7a", "p5", "inf1", "inf2", "u7i-6tb", "u7i-8tb"),
    )
)
"""Families whose reservations cover the size bought alone: EC2 User Guide, "How Reserved Instance discounts are
applied", limitations of instance size flexibility, read 2026-11-30."""

_GPU = re.compile(r"(?:nvidia\s+)?(?:tesla\s+)?([a-z]*\d+[a-z]*(?:\s+\d+gb)?)\s+(?:vws\s+)?gpu", re.IGNORECASE)
_RESOURCE = re.compile(r"\b(core|vcpu|cpu|ram|memory)\b", re.IGNORECASE)
_FAMILY = re.compile(r"\b([a-z]\d+[a-z]?)\b", re.IGNORECASE)
_OLDEST = "N1"
"""The family of Google's SKUs that name none: its first one."""


class Reading(Struct, frozen=True):
    """How use of a provider is read: what its lines are told apart by, the last of which says how it was paid for."""

    provider: Provider
    by: tuple[Dimension, ...]
    line_of: LineOf


def readings(sizes: Sizes) -> tuple[Reading, ...]:
    """Of every provider; `sizes` are Azure's."""

    def azure(key: tuple[str, ...], rate: Decimal = Decimal(0)) -> UseLine:
        return line_of_azure(key, rate, sizes)

    return (
        Reading(providers.AWS, LINE, line_of),
        Reading(providers.GOOGLE, GOOGLE_LINE, line_of_google),
        Reading(providers.AZURE, AZURE_LINE, azure),
    )


GOOGLE_LINE = (
    Dimension.LINKED_ACCOUNT,
    Dimension.SERVICE,
    Dimension.REGION,
    Dimension.DESCRIPTION,
    Dimension.PURCHASE_TYPE,
)
AZURE_LINE = (
    Dimension.LINKED_ACCOUNT,
    Dimension.SERVICE,
    Dimension.REGION,
    Dimension.INSTANCE_TYPE,
    Dimension.USAGE_TYPE,
    Dimension.PURCHASE_TYPE,
)


def line_of_google(key: tuple[str, ...], rate: Decimal = Decimal(0)) -> UseLine:
    """The line of a row by GOOGLE_LINE, without how it was paid for."""
    account, service, region, description = key
    type_ = resource_of(description)
    return UseLine(
        account=account,
        service=service,
        region=region,
        type=type_ or description,
        on_demand=round(rate, 10),
        platform="",
        family=type_.rpartition(" ")[0],
        usage_type=description,
        provider=providers.GOOGLE.name,
    )


def line_of_azure(key: tuple[str, ...], rate: Decimal, sizes: Sizes) -> UseLine:
    """The line of a row by AZURE_LINE, without how it was paid for."""
    account, service, region, type_, meter = key
    size = type_ or meter
    group, ratio = sizes.get(size.lower(), (size, Decimal(1)))
    return UseLine(
        account=account,
        service=service,
        region=region,
        type=size,
        on_demand=round(rate, 10),
        platform="",
        family=group,
        units=ratio,
        usage_type=meter,
        provider=providers.AZURE.name,
    )


def resource_of(description: str) -> str:
    """What a SKU of Google is of: `N2 vCPU`, `N2 memory`, `L4 GPU`; "" where it is none of these.

    "N2 Instance Core running in Iowa" and "Commitment v1: N2 Cpu in Iowa for 1 Year" are both of N2's vCPUs.
    """
    if gpu := _GPU.search(description):
        return f"{gpu[1].upper()} GPU"
    words = description.partition(":")[2] if description.lower().startswith("commitment") else description
    resource = _RESOURCE.search(words)
    if resource is None:
        return ""
    family = _FAMILY.search(words[: resource.start()])
    kind = "memory" if resource[1].lower() in ("ram", "memory") else "vCPU"
    return f"{family[1].upper() if family else _OLDEST} {kind}"


def line_of(key: tuple[str, ...], rate: Decimal = Decimal(0)) -> UseLine:
    """The line of a row by LINE, without how it was paid for."""
    account, service, region, zone, type_, system, usage_type, engine, operation = key
    return UseLine(
        account=account,
        service=service,
        region=region,
        type=type_ or usage_type,
        on_demand=round(rate, 10),
        zone=zone,
        platform=platform_of(service, system, usage_type, engine, operation),
        family=family_of(type_),
        units=units_of(type_) * zones_of(service, usage_type),
        usage_type=usage_type,
    )


def platform_of(service: str, system: str, usage_type: str, engine: str, operation: str) -> str:
    """What of a machine a reservation must match: the system and tenancy; of a database engine, edition and licence."""
    if service in engines.SERVICES:
        return engines.of(service, engine, operation)
    dedicated = "Dedicated" in usage_type  # DedicatedUsage:m5.large is of dedicated tenancy
    return (system or "Linux") + (DEDICATED if dedicated else "")


def zones_of(service: str, usage_type: str) -> int:
    """How many instances' units one has: a database with a standby counts twice, with two that can be read thrice."""
    if service != "AmazonRDS" or "Multi-AZ" not in usage_type:
        return 1
    return 3 if "Multi-AZCluster" in usage_type else 2


def size_flexible(service: str, platform: str, family: str) -> bool:
    """Whether a regional reservation of it covers every size of its family, by normalised units, as AWS documents it.

    EC2: Linux of shared tenancy, but for some families of accelerators. RDS: engines without a licence in the price.
    """
    match service:
        case "AmazonEC2":
            return platform.startswith("Linux") and DEDICATED not in platform and family not in _FIXED_SIZES
        case "AmazonRDS":
            return engines.size_flexible(platform)
        case "AmazonElastiCache" | "AmazonMemoryDB":
            return True
    return False


def family_of(type_: str) -> str:
    """The family of an instance type: `ml.g5` of `ml.g5.xlarge`."""
    return type_.rpartition(".")[0]


@lru_cache(maxsize=4096)  # plans ask it of each line of every hour; there are some hundred types
def units_of(type_: str) -> Decimal:
    """Normalised units of a size (AWS: small is 1, large 4, xlarge 8, Nxlarge N × 8); 1 where there is none.

    Bare metal is as large as it says, else as the largest size of its family (EC2 User Guide, "Normalization factors
    for bare metal instances").
    """
    size = type_.rpartition(".")[2]
    if size == "metal":
        family = family_of(type_)
        return _largest().get(family) or _OLD_METAL.get(family, Decimal(1))
    many = _SIZE.match(size) or _METAL.match(size)
    return Decimal(int(many[1]) * 8) if many else _SIZES.get(size, Decimal(1))


@cache
def _largest() -> Mapping[str, Decimal]:
    """By family the units of its largest size that is no bare metal, of the types that there are."""
    found: dict[str, Decimal] = {}
    for type_ in load().types:
        if ".metal" not in type_:
            found[family_of(type_)] = max(found.get(family_of(type_), Decimal(1)), units_of(type_))
    return found
