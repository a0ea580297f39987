"""What lines of a bill are: how each provider's are told apart, and the use that commitments of theirs can cover.

AWS           an instance type in a zone, by its code of the bill
Google Cloud  vCPUs, memory or GPUs of a machine family in a region: `N2 vCPU`, as its SKUs are called
Azure         a size of virtual machine in a region; where somebody told its flexibility group, with its ratio there
"""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal

from msgspec import Struct

from trimtab.advice.purchases.model import UseLine
from trimtab.costs.explorer import providers
from trimtab.costs.explorer.providers import Provider
from trimtab.costs.model import Dimension

LINE = (
    Dimension.LINKED_ACCOUNT,
    Dimension.SERVICE_CODE,
    Dimension.REGION,
    Dimension.AZ,
    Dimension.INSTANCE_TYPE,
    Dimension.OPERATING_SYSTEM,
    Dimension.USAGE_TYPE,
    Dimension.PURCHASE_TYPE,
)
"""What lines of use are told apart by; the last says how it was paid for, which is no part of a line."""
_SIZES: Mapping[str, Decimal] = {
    "nano": Decimal("0.25"), "micro": Decimal("0.5"), "small": Decimal(1), "medium": Decimal(2), "large": Decimal(4),
    "xlarge": Decimal(8),
}  # fmt: skip
_SIZE = re.compile(r"(\d+)xlarge$")
Sizes = Mapping[str, tuple[str, Decimal]]
"""Of sizes of Azure (in small letters) their flexibility group, and their ratio in it."""
LineOf = Callable[[tuple[str, ...], Decimal], UseLine]

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
    account, service, region, zone, type_, platform, usage_type = key
    shared = "Dedicated" not in usage_type  # DedicatedUsage:m5.large is of dedicated tenancy
    return UseLine(
        account,
        service,
        region,
        type_ or usage_type,
        round(rate, 10),
        zone,
        (platform or "Linux") + ("" if shared else ", dedicated"),
        family_of(type_),
        units_of(type_),
        usage_type,
    )


def family_of(type_: str) -> str:
    """The family of an instance type: `ml.g5` of `ml.g5.xlarge`."""
    return type_.rpartition(".")[0]


def units_of(type_: str) -> Decimal:
    """Normalised units of a size (AWS: small is 1, large 4, xlarge 8, Nxlarge N × 8); 1 where there is none."""
    size = type_.rpartition(".")[2]
    many = _SIZE.match(size)
    return Decimal(int(many[1]) * 8) if many else _SIZES.get(size, Decimal(1))
