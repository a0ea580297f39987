"""Sizes of EBS volumes: types, provisioned I/O and throughput, and what they cost.

Limits: "Amazon EBS volume types"; prices: Amazon EBS pricing, us-east-1 (both read 2026-11). Changing a volume's type
or its provisioned performance needs no restart; its size is left alone, since it can only grow.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from trimtab.advice.finding import HOURS_A_MONTH
from trimtab.advice.rightsizing.model import Axis, Option
from trimtab.inventory.catalog.book import HOME

MIB = float(1 << 20)
_GB = {
    "gp2": Decimal("0.10"),
    "gp3": Decimal("0.08"),
    "io1": Decimal("0.125"),
    "io2": Decimal("0.125"),
    "st1": Decimal("0.045"),
    "sc1": Decimal("0.015"),
    "standard": Decimal("0.05"),
}
_IOPS = {"gp3": Decimal("0.005"), "io1": Decimal("0.065"), "io2": Decimal("0.065")}
_MIBPS = Decimal("0.04")
_GP3_IOPS, _GP3_MIBPS = 3000, 125
"""What a gp3 volume has without paying for more."""
_STEPS = (3000, 4000, 6000, 8000, 12000, 16000)
_RATES = (125, 250, 500, 1000)


def volumes(attributes: Mapping[str, Any], region: str) -> list[Option]:
    """The options for a volume as DescribeVolumes tells it, its own first; none for a type that is not known."""
    type_, size = str(attributes.get("VolumeType", "")), int(attributes.get("Size") or 0)
    if type_ not in _GB or size <= 0:
        return []
    own = _option(type_, size, int(attributes.get("Iops") or 0), int(attributes.get("Throughput") or 0), region)
    if type_ in ("st1", "sc1", "standard"):
        return [own]
    found = [_option("gp3", size, iops, rate, region) for iops in _STEPS for rate in _RATES if rate * 4 <= iops]
    if type_ in ("io1", "io2"):
        provisioned = int(attributes.get("Iops") or 0)
        found += [_option(type_, size, max(100, provisioned * part // 8), 0, region) for part in (2, 3, 4, 5, 6, 7)]
    return [own, *(one for one in found if one.name != own.name)]


def _option(type_: str, size: int, iops: int, rate: int, region: str) -> Option:
    held, speed = _limits(type_, size, iops, rate)
    month = _GB[type_] * size
    if type_ in _IOPS:
        month += _IOPS[type_] * max(0, iops - (_GP3_IOPS if type_ == "gp3" else 0))
    if type_ == "gp3":
        month += _MIBPS * max(0, rate - _GP3_MIBPS)
    home = region == HOME
    name = f"{type_} {size} GiB" + (f" {held:.0f} IOPS" if type_ in _IOPS else "")
    name += f" {speed:.0f} MiB/s" if type_ == "gp3" else ""
    note = "list price of EBS" if home else f"no price of EBS in {region} is known"
    facts = {"type": type_, "size": size, "iops": int(held), "throughput": int(speed)}
    capacity = {Axis.IOPS: held, Axis.THROUGHPUT: speed * MIB}
    return Option(name, capacity, month / HOURS_A_MONTH if home else None, "USD", note, order=float(month), facts=facts)


def _limits(type_: str, size: int, iops: int, rate: int) -> tuple[float, float]:
    """I/O a second and MiB a second that a volume holds for good (gp2 without its burst)."""
    match type_:
        case "gp2":
            held = float(min(max(100, 3 * size), 16000))
            return held, 128.0 if size < 170 else 250.0
        case "gp3":
            return float(max(iops, _GP3_IOPS)), float(max(rate, _GP3_MIBPS))
        case "io1":
            return float(iops), min(iops * 0.25, 1000.0)
        case "io2":
            return float(iops), min(iops * 0.25, 4000.0)
    return 500.0, 500.0
