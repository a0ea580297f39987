"""What the company uses beside machines: buckets, file systems, traffic, clusters; and a project that nobody tagged."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
from msgspec import Struct

from trimtab.demo.bill.lines import lines, money
from trimtab.demo.bill.machines import SHARED
from trimtab.demo.bill.terms import DAY_MS, ON_DEMAND
from trimtab.demo.company import REGION, RESEARCH, SERVING, TRAINING, Account
from trimtab.demo.noise import Floats, Times, drift, keys_of, season
from trimtab.demo.world import World

_MONTH_HOURS = 730.0  # AWS's own month for what is billed by GB and month, where it need not be exact


class Service(Struct, frozen=True):
    """Something used every day. `daily` is its usage on an average day, `rate` dollars a unit (us-east-1's list price).

    `grows` is the share by which a day's usage grows a day, `people` whether it follows working days.
    """

    account: Account
    code: str
    name: str
    usage_type: str
    operation: str
    unit: str
    resource: str
    daily: float
    rate: float
    team: str
    family: str = ""
    grows: float = 0.0
    people: bool = False


_S3, _FSX, _EKS = "Amazon Simple Storage Service", "Amazon FSx", "Amazon Elastic Container Service for Kubernetes"
_TRAFFIC, _CW, _VPC, _SM = "AWS Data Transfer", "AmazonCloudWatch", "Amazon Virtual Private Cloud", "Amazon SageMaker"
_GB_DAY = 24 / _MONTH_HOURS  # GB-months of a GB that is kept for a day

NAT = "nat-07b1d4c2e95f8a360"
SERVICES = (
    Service(TRAINING, "AmazonS3", _S3, "TimedStorage-ByteHrs", "StandardStorage", "GB-Mo", "atlas-datasets",
            420_000 * _GB_DAY, 0.022, "foundation", "Storage", grows=0.002),
    Service(TRAINING, "AmazonS3", _S3, "TimedStorage-ByteHrs", "StandardStorage", "GB-Mo", "atlas-checkpoints",
            310_000 * _GB_DAY, 0.022, "foundation", "Storage", grows=0.011),
    Service(TRAINING, "AmazonFSx", _FSX, "Lustre-SSD-125", "CreateFileSystem:Lustre", "GB-Mo",
            f"arn:aws:fsx:{REGION}:{TRAINING.id}:file-system/fs-0a17c93be24d58f60", 96_000 * _GB_DAY, 0.145, SHARED,
            "Storage"),
    Service(SERVING, "AmazonEKS", _EKS, "AmazonEKS-Hours:perCluster", "CreateOperation", "Hours",
            f"arn:aws:eks:{REGION}:{SERVING.id}:cluster/serving-prod", 24.0, 0.10, SHARED),
    Service(RESEARCH, "AmazonEKS", _EKS, "AmazonEKS-Hours:perCluster", "CreateOperation", "Hours",
            f"arn:aws:eks:{REGION}:{RESEARCH.id}:cluster/research", 24.0, 0.10, SHARED),
    Service(SERVING, "AWSDataTransfer", _TRAFFIC, "DataTransfer-Out-Bytes", "LoadBalancing", "GB", "assistant-front",
            5_400.0, 0.085, "assistant", "Data Transfer", people=True),
    Service(SERVING, "AWSDataTransfer", _TRAFFIC, "DataTransfer-Out-Bytes", "LoadBalancing", "GB", "search-front",
            3_100.0, 0.085, "search", "Data Transfer", people=True),
    Service(SERVING, "AmazonCloudWatch", _CW, "CW:MetricMonitorUsage", "MetricStorage", "Metrics", "",
            900.0, 0.10, SHARED),
    Service(SERVING, "AmazonVPC", _VPC, "NatGateway-Bytes", "NatGateway", "GB", NAT,
            2_600.0, 0.045, SHARED, people=True),
    Service(RESEARCH, "AmazonS3", _S3, "TimedStorage-ByteHrs", "StandardStorage", "GB-Mo", "research-scratch",
            88_000 * _GB_DAY, 0.023, "vision", "Storage", grows=0.004),
)  # fmt: skip

UNTAGGED_SINCE_DAYS = 12
"""Days before the anchor, at midnight UTC, at which the project that nobody tagged began."""
UNTAGGED_USER = f"arn:aws:iam::{RESEARCH.id}:user/lena"
"""Who made it, as the bill says; she is of the team vision."""
_ENDPOINTS = tuple(
    f"arn:aws:sagemaker:{REGION}:{RESEARCH.id}:endpoint/synth-street-{name}" for name in ("day", "night", "rain")
)
UNTAGGED = (
    *(
        Service(RESEARCH, "AmazonSageMaker", _SM, "Host:ml.g5.12xlarge", "RunInstance", "Hrs", arn, 24.0, 7.09, "",
                "ML Instance")
        for arn in _ENDPOINTS
    ),
    Service(RESEARCH, "AmazonS3", _S3, "TimedStorage-ByteHrs", "StandardStorage", "GB-Mo", "synth-street-frames",
            64_000 * _GB_DAY, 0.023, "", "Storage", grows=0.02),
)  # fmt: skip
"""The project: three endpoints and a bucket without a tag, named alike."""


DETOUR_SINCE_DAYS, DETOUR_DAYS = 6, 3
"""Days before the anchor's midnight at which the serving cluster lost its own way to S3, and how long until it had it
back: meanwhile all that it read from buckets went through the NAT gateway.
"""
_DETOUR_TIMES = 11.0


def detour_ms(anchor_ms: int) -> tuple[int, int]:
    """When the detour began and ended."""
    start = anchor_ms // DAY_MS * DAY_MS - DETOUR_SINCE_DAYS * DAY_MS
    return start, start + DETOUR_DAYS * DAY_MS


def service_lines(world: World, days: Times) -> Iterator[pa.Table]:
    """The lines of every service on `days` (ms)."""
    for number, service in enumerate(SERVICES):
        yield _lines(world, service, f"service-{number}", days)
    later = days[days >= untagged_since_ms(world.anchor_ms)]
    for number, service in enumerate(UNTAGGED):
        if len(later):
            yield _lines(world, service, f"untagged-{number}", later)


def untagged_since_ms(anchor_ms: int) -> int:
    """When the project that nobody tagged began."""
    return anchor_ms // DAY_MS * DAY_MS - UNTAGGED_SINCE_DAYS * DAY_MS


def untagged_hourly() -> float:
    """What its endpoints cost an hour."""
    return sum(service.rate for service in UNTAGGED if service.unit == "Hrs")


def _lines(world: World, service: Service, id_: str, days: Times) -> pa.Table:
    usage = np.round(_usage(world, service, days), 6)
    type_ = service.usage_type.partition(":")[2] if service.unit == "Hrs" else None
    columns: dict[str, Any] = {
        "line_item_type": "Usage",
        "product_code": service.code,
        "usage_type": service.usage_type,
        "operation": service.operation,
        "resource_id": service.resource or None,
        "line_item_description": f"${service.rate:g} per {service.unit} of {service.usage_type}",
        "iam_principal": None if service.team else UNTAGGED_USER,
        "usage_amount": usage,
        "unblended_rate": service.rate,
        "unblended_cost": money(usage * service.rate),
        "pricing_unit": service.unit,
        "pricing_term": ON_DEMAND,
        "pricing_public_on_demand_rate": service.rate,
        "pricing_public_on_demand_cost": money(usage * service.rate),
        "product": {"product_name": service.name},
        "product_servicecode": service.code,
        "product_product_family": service.family,
        "product_region_code": REGION,
        "product_instance_type": type_,
        "product_sku": service.usage_type,
        "resource_tags": {"user_team": service.team} if service.team else {},
    }
    return lines(service.account, id_, days, DAY_MS, columns)


def _usage(world: World, service: Service, days: Times) -> Floats:
    """A day's usage: steady hours, or an amount that grows, follows the week and is never quite the same."""
    if service.unit in ("Hrs", "Hours"):
        return np.full(len(days), service.daily)
    age = (days - world.start_ms) / DAY_MS
    usage = service.daily * (1 + service.grows) ** age
    if service.people:
        noon = days + DAY_MS // 2
        usage = usage * season(noon, 12.0, 0.4, 0.6)
    if service.resource == NAT:
        start, end = detour_ms(world.anchor_ms)
        usage = np.where((days >= start) & (days < end), usage * _DETOUR_TIMES, usage)
    wave = drift(keys_of(world.seed, "usage", [f"{service.usage_type}/{service.resource}"]), days, 3 * 86_400)[0]
    result: Floats = usage * (1 + 0.03 * wave)
    return result
