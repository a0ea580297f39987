"""Which metrics tell the use of what, along which axis: a table, one line a name.

Names of CloudWatch are those of "AWS services that publish CloudWatch metrics" and of the CloudWatch agent, of
containers those of cAdvisor, of GPUs those of the DCGM exporter. The first of an axis that has points is taken.
"""

from enum import StrEnum

from msgspec import Struct

from trimtab.advice.rightsizing.model import Axis, Kind


class Unit(StrEnum):
    """What a value is, after `scale`: a share of the size now, or an amount in the axis' own unit."""

    SHARE = "share"
    AMOUNT = "amount"
    TOLD = "told"
    """Taken as it is: nothing is sized by it."""


class Measure(Struct, frozen=True):
    """A metric that tells use. `dimensions` name the subject, in the order of its id's parts; `rate` differs counters.

    `summed` says that a point is a sum over its period, `free` that it tells what is left. An amount is of what the
    option holds along `against`, or the axis itself.
    """

    kind: Kind
    axis: Axis
    namespace: str
    metric: str
    dimensions: tuple[str, ...]
    unit: Unit = Unit.SHARE
    scale: float = 0.01
    rate: bool = False
    summed: bool = False
    free: bool = False
    against: Axis | None = None


_INSTANCE, _GROUP, _VARIANT = ("InstanceId",), ("AutoScalingGroupName",), ("EndpointName", "VariantName")
_VOLUME, _DATABASE, _SERVICE = ("VolumeId",), ("DBInstanceIdentifier",), ("ClusterName", "ServiceName")
_POD = ("namespace", "pod", "container")
_ENDPOINTS = "/aws/sagemaker/Endpoints"
_SHARE, _AMOUNT, _TOLD = Unit.SHARE, Unit.AMOUNT, Unit.TOLD
GIB = float(1 << 30)

MEASURES: tuple[Measure, ...] = (
    Measure(Kind.INSTANCE, Axis.CPU, "AWS/EC2", "CPUUtilization", _INSTANCE),
    Measure(Kind.INSTANCE, Axis.MEMORY, "CWAgent", "mem_used_percent", _INSTANCE),
    Measure(Kind.INSTANCE, Axis.NETWORK, "AWS/EC2", "NetworkOut", _INSTANCE, _AMOUNT, 1.0, summed=True),
    # What all attached volumes do together, of machines on Nitro.
    Measure(Kind.INSTANCE, Axis.IOPS, "AWS/EC2", "EBSReadOps", _INSTANCE, _AMOUNT, 1.0, summed=True),
    Measure(Kind.INSTANCE, Axis.IOPS, "AWS/EC2", "EBSWriteOps", _INSTANCE, _AMOUNT, 1.0, summed=True),
    Measure(Kind.INSTANCE, Axis.THROUGHPUT, "AWS/EC2", "EBSReadBytes", _INSTANCE, _AMOUNT, 1.0, summed=True),
    Measure(Kind.INSTANCE, Axis.THROUGHPUT, "AWS/EC2", "EBSWriteBytes", _INSTANCE, _AMOUNT, 1.0, summed=True),
    Measure(Kind.INSTANCE, Axis.GPU, "CWAgent", "nvidia_smi_utilization_gpu", _INSTANCE),
    Measure(Kind.INSTANCE, Axis.GPU, "CWAgent", "utilization_gpu", _INSTANCE),
    Measure(Kind.INSTANCE, Axis.GPU_MEMORY, "CWAgent", "nvidia_smi_memory_used", _INSTANCE, _AMOUNT, 1 / 1024.0),
    Measure(Kind.GROUP, Axis.CPU, "AWS/EC2", "CPUUtilization", _GROUP),
    Measure(Kind.GROUP, Axis.MEMORY, "CWAgent", "mem_used_percent", _GROUP),
    # SageMaker's percentages add up over cores and GPUs.
    Measure(Kind.ENDPOINT, Axis.CPU, _ENDPOINTS, "CPUUtilization", _VARIANT, _AMOUNT),
    Measure(Kind.ENDPOINT, Axis.MEMORY, _ENDPOINTS, "MemoryUtilization", _VARIANT),
    Measure(Kind.ENDPOINT, Axis.GPU, _ENDPOINTS, "GPUUtilization", _VARIANT, _AMOUNT),
    Measure(Kind.ENDPOINT, Axis.GPU_MEMORY, _ENDPOINTS, "GPUMemoryUtilization", _VARIANT, _AMOUNT, against=Axis.GPU),
    Measure(Kind.ENDPOINT, Axis.ACTIVITY, "AWS/SageMaker", "Invocations", _VARIANT, _TOLD, 1.0),
    Measure(Kind.DATABASE, Axis.CPU, "AWS/RDS", "CPUUtilization", _DATABASE),
    Measure(Kind.DATABASE, Axis.MEMORY, "AWS/RDS", "FreeableMemory", _DATABASE, _AMOUNT, 1 / GIB, free=True),
    Measure(Kind.DATABASE, Axis.ACTIVITY, "AWS/RDS", "DatabaseConnections", _DATABASE, _TOLD, 1.0),
    Measure(Kind.SERVICE, Axis.CPU, "AWS/ECS", "CPUUtilization", _SERVICE),
    Measure(Kind.SERVICE, Axis.MEMORY, "AWS/ECS", "MemoryUtilization", _SERVICE),
    # Reads and writes of a volume are parts of one whole.
    Measure(Kind.VOLUME, Axis.IOPS, "AWS/EBS", "VolumeReadOps", _VOLUME, _AMOUNT, 1.0, summed=True),
    Measure(Kind.VOLUME, Axis.IOPS, "AWS/EBS", "VolumeWriteOps", _VOLUME, _AMOUNT, 1.0, summed=True),
    Measure(Kind.VOLUME, Axis.THROUGHPUT, "AWS/EBS", "VolumeReadBytes", _VOLUME, _AMOUNT, 1.0, summed=True),
    Measure(Kind.VOLUME, Axis.THROUGHPUT, "AWS/EBS", "VolumeWriteBytes", _VOLUME, _AMOUNT, 1.0, summed=True),
    Measure(Kind.CONTAINER, Axis.CPU, "", "container_cpu_usage_seconds_total", _POD, _AMOUNT, 1.0, rate=True),
    Measure(Kind.CONTAINER, Axis.MEMORY, "", "container_memory_working_set_bytes", _POD, _AMOUNT, 1 / GIB),
)

SUMMED = frozenset({Axis.IOPS, Axis.THROUGHPUT})
"""Axes whose metrics are parts of one whole. The sum of their quantiles bounds the quantile of the sum from above."""
REQUESTS = "kube_pod_container_resource_requests"
"""What a container asks for, as kube-state-metrics tells: cores, or bytes."""
STARTED = "kube_pod_start_time"
"""When a pod was started, in seconds since 1970, as kube-state-metrics tells."""
