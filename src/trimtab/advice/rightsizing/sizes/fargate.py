"""Sizes of Fargate tasks: the CPU and memory that may be combined, and what they cost.

Combinations: "Task definition parameters for Fargate", ECS Developer Guide; prices: AWS Fargate pricing, Linux on x86
in us-east-1 (both read 2026-11).
"""

from decimal import Decimal

from trimtab.advice.rightsizing.model import Axis, Option
from trimtab.inventory.catalog.book import HOME

VCPU_HOUR, GB_HOUR = Decimal("0.04048"), Decimal("0.004445")
COMBINATIONS = {
    256: (512, 1024, 2048),
    512: tuple(range(1024, 4097, 1024)),
    1024: tuple(range(2048, 8193, 1024)),
    2048: tuple(range(4096, 16385, 1024)),
    4096: tuple(range(8192, 30721, 1024)),
    8192: tuple(range(16384, 61441, 4096)),
    16384: tuple(range(32768, 122881, 8192)),
}
"""MiB of memory by CPU units."""


def fargate(cpu: int, memory_mib: int, region: str) -> list[Option]:
    """The sizes for a task of `cpu` units and memory, its own first; none where it names no CPU."""
    if cpu <= 0 or memory_mib <= 0:
        return []
    pairs = [(units, mib) for units, choices in COMBINATIONS.items() for mib in choices]
    return [_option(*pair, region) for pair in ((cpu, memory_mib), *(one for one in pairs if one != (cpu, memory_mib)))]


def _option(units: int, mib: int, region: str) -> Option:
    vcpus, gib = Decimal(units) / 1024, Decimal(mib) / 1024
    price = vcpus * VCPU_HOUR + gib * GB_HOUR
    home = region == HOME
    note = "list price of Fargate" if home else f"no price of Fargate in {region} is known"
    capacity = {Axis.CPU: float(vcpus), Axis.MEMORY: float(gib)}
    facts = {"cpu": units, "memory_mib": mib}
    return Option(
        f"{units} CPU / {mib} MiB", capacity, price if home else None, "USD", note, order=float(price), facts=facts
    )
