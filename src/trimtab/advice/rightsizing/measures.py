"""Which metrics tell the use of what, along which axis: a table, one line a name.

Names of CloudWatch are those of "AWS services that publish CloudWatch metrics" and of the CloudWatch agent, of
containers those of cAdvisor, of GPUs those of the DCGM exporter. The first of an axis that has points is taken.
"""

from dataclasses import dataclass
from enum import StrEnum

from trimtab.advice.rightsizing.model import Axis, Kind


class Unit(StrEnum):
    """What a value is of: a share of the size now (after `scale`), or an amount in the axis' own unit."""

    SHARE = "share"
    AMOUNT = "amount"


@dataclass(frozen=True, slots=True)
class Measure:
    """A metric that tells use. `dimensions` name the subject, in the order of its id's parts; `rate` differs counters.

    `per_s` says that a point is a sum over its period (seconds, of the period that CloudWatch publishes), `free` that it
    tells what is left.
    """

    kind: Kind
    axis: Axis
    namespace: str
    metric: str
    dimensions: tuple[str, ...]
    unit: Unit = Unit.SHARE
    scale: float = 0.01
    rate: bool = False
    per_s: float = 1.0
    free: bool = False


_EBS_S = 300.0
_ID = ("InstanceId",)
_SHARE, _AMOUNT = Unit.SHARE, Unit.AMOUNT
GIB = float(1 << 30)

MEASURES: tuple[Measure, ...] = (
    Measure(Kind.INSTANCE, Axis.CPU, "AWS/EC2", "CPUUtilization", _ID),
    Measure(Kind.INSTANCE, Axis.MEMORY, "CWAgent", "mem_used_percent", _ID),
    Measure(Kind.INSTANCE, Axis.NETWORK, "AWS/EC2", "NetworkOut", _ID, _AMOUNT, 1.0, per_s=300.0),
    Measure(Kind.INSTANCE, Axis.GPU, "CWAgent", "nvidia_smi_utilization_gpu", _ID),
    Measure(Kind.INSTANCE, Axis.GPU, "CWAgent", "utilization_gpu", _ID),
    Measure(Kind.INSTANCE, Axis.GPU_MEMORY, "CWAgent", "nvidia_smi_memory_used", _ID, _AMOUNT, 1 / 1024.0),
    Measure(Kind.GROUP, Axis.CPU, "AWS/EC2", "CPUUtilization", ("AutoScalingGroupName",)),
    Measure(Kind.GROUP, Axis.MEMORY, "CWAgent", "mem_used_percent", ("AutoScalingGroupName",)),
    Measure(Kind.ENDPOINT, Axis.GPU, "/aws/sagemaker/Endpoints", "GPUUtilization", ("EndpointName", "VariantName")),
    Measure(Kind.ENDPOINT, Axis.GPU_MEMORY, "/aws/sagemaker/Endpoints", "GPUMemoryUtilization",
            ("EndpointName", "VariantName")),
    Measure(Kind.ENDPOINT, Axis.CPU, "/aws/sagemaker/Endpoints", "CPUUtilization", ("EndpointName", "VariantName")),
    Measure(Kind.ENDPOINT, Axis.MEMORY, "/aws/sagemaker/Endpoints", "MemoryUtilization",
            ("EndpointName", "VariantName")),
    Measure(Kind.DATABASE, Axis.CPU, "AWS/RDS", "CPUUtilization", ("DBInstanceIdentifier",)),
    Measure(Kind.DATABASE, Axis.MEMORY, "AWS/RDS", "FreeableMemory", ("DBInstanceIdentifier",), _AMOUNT, 1 / GIB,
            free=True),
    Measure(Kind.SERVICE, Axis.CPU, "AWS/ECS", "CPUUtilization", ("ClusterName", "ServiceName")),
    Measure(Kind.SERVICE, Axis.MEMORY, "AWS/ECS", "MemoryUtilization", ("ClusterName", "ServiceName")),
    Measure(Kind.VOLUME, Axis.IOPS, "AWS/EBS", "VolumeReadOps", ("VolumeId",), _AMOUNT, 1.0, per_s=_EBS_S),
    Measure(Kind.VOLUME, Axis.IOPS, "AWS/EBS", "VolumeWriteOps", ("VolumeId",), _AMOUNT, 1.0, per_s=_EBS_S),
    Measure(Kind.VOLUME, Axis.THROUGHPUT, "AWS/EBS", "VolumeReadBytes", ("VolumeId",), _AMOUNT, 1.0, per_s=_EBS_S),
    Measure(Kind.VOLUME, Axis.THROUGHPUT, "AWS/EBS", "VolumeWriteBytes", ("VolumeId",), _AMOUNT, 1.0, per_s=_EBS_S),
    Measure(Kind.CONTAINER, Axis.CPU, "", "container_cpu_usage_seconds_total", ("namespace", "pod", "container"),
            _AMOUNT, 1.0, rate=True),
    Measure(Kind.CONTAINER, Axis.MEMORY, "", "container_memory_working_set_bytes", ("namespace", "pod", "container"),
            _AMOUNT, 1 / GIB),
)  # fmt: skip
"""Reads and writes of a volume are told apart by CloudWatch and add up: those of one axis and kind are summed there."""

SUMMED = frozenset({Axis.IOPS, Axis.THROUGHPUT})
"""Axes whose metrics are parts of one whole. The sum of their quantiles bounds the quantile of the sum from above."""
REQUESTS = "kube_pod_container_resource_requests"
"""What a container asks for, as kube-state-metrics tells: cores, or bytes."""
