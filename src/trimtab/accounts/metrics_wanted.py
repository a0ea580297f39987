"""Which CloudWatch metrics advice needs of which resources: nothing else is asked for, since each costs money.

A point an hour is kept. Of a utilisation that is the hour's average and maximum; of a count the hour's sum.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal

from msgspec import Struct

from trimtab.cloud.call_costs import METRIC
from trimtab.inventory.resources import Resource

USE = ("Average", "Maximum")
SUM = ("Sum",)
PEAK = ("Maximum",)


class Wanted(Struct, frozen=True):
    """A metric of a resource type: its statistics, and the unit that AWS publishes it in."""

    resource_type: str
    namespace: str
    metric: str
    unit: str
    statistics: tuple[str, ...]


class Series(Struct, frozen=True):
    """One metric of one thing."""

    wanted: Wanted
    dimensions: Mapping[str, str]
    resource: str

    @property
    def key(self) -> tuple[str, ...]:
        """What series are sorted by, so that the same inventory is asked for in the same order."""
        pairs = (f"{name}={value}" for name, value in sorted(self.dimensions.items()))
        return (self.wanted.namespace, self.wanted.metric, *pairs)


def _of(resource_type: str, namespace: str, *metrics: tuple[str, str, tuple[str, ...]]) -> Iterator[Wanted]:
    for metric, unit, statistics in metrics:
        yield Wanted(resource_type, namespace, metric, unit, statistics)


_BALANCER = "elasticloadbalancing:loadbalancer"
WANTED: tuple[Wanted, ...] = (
    *_of(
        "ec2:instance",
        "AWS/EC2",
        ("CPUUtilization", "Percent", USE),
        ("NetworkIn", "Bytes", SUM),
        ("NetworkOut", "Bytes", SUM),
        *((name, "Count", SUM) for name in ("EBSReadOps", "EBSWriteOps")),
        *((name, "Bytes", SUM) for name in ("EBSReadBytes", "EBSWriteBytes")),
    ),
    *_of("ec2:volume", "AWS/EBS", ("VolumeReadOps", "Count", SUM), ("VolumeWriteOps", "Count", SUM)),
    *_of("ec2:volume", "AWS/EBS", ("VolumeReadBytes", "Bytes", SUM), ("VolumeWriteBytes", "Bytes", SUM)),
    *_of(_BALANCER, "AWS/ApplicationELB", ("RequestCount", "Count", SUM)),
    *_of(_BALANCER, "AWS/NetworkELB", ("NewFlowCount", "Count", SUM), ("ProcessedBytes", "Bytes", SUM)),
    *_of(_BALANCER, "AWS/ELB", ("RequestCount", "Count", SUM)),
    *_of("rds:db", "AWS/RDS", ("CPUUtilization", "Percent", USE), ("DatabaseConnections", "Count", USE)),
    *_of("rds:db", "AWS/RDS", ("ReadIOPS", "Count/Second", USE), ("WriteIOPS", "Count/Second", USE)),
    *_of("rds:db", "AWS/RDS", ("FreeStorageSpace", "Bytes", ("Average",)), ("FreeableMemory", "Bytes", USE)),
    *_of(
        "lambda:function",
        "AWS/Lambda",
        ("Invocations", "Count", SUM),
        ("Errors", "Count", SUM),
        ("Throttles", "Count", SUM),
        ("Duration", "Milliseconds", USE),
        ("ConcurrentExecutions", "Count", PEAK),
    ),
    *_of("lambda:function", "AWS/Lambda", ("ProvisionedConcurrencyUtilization", "None", USE)),
    *_of("sagemaker:endpoint", "AWS/SageMaker", ("Invocations", "None", SUM), ("ModelLatency", "Microseconds", USE)),
    *_of(
        "sagemaker:endpoint",
        "/aws/sagemaker/Endpoints",
        ("CPUUtilization", "Percent", USE),
        ("MemoryUtilization", "Percent", USE),
        ("GPUUtilization", "Percent", USE),
        ("GPUMemoryUtilization", "Percent", USE),
    ),
    *_of(
        "ec2:natgateway",
        "AWS/NATGateway",
        ("BytesOutToDestination", "Bytes", SUM),
        ("BytesInFromDestination", "Bytes", SUM),
        ("ActiveConnectionCount", "Count", PEAK),
    ),
    *_of("redshift:cluster", "AWS/Redshift", ("DatabaseConnections", "Count", USE), ("CPUUtilization", "Percent", USE)),
    *_of(
        "elasticache:cluster", "AWS/ElastiCache", ("CurrConnections", "Count", USE), ("CPUUtilization", "Percent", USE)
    ),
    *_of(
        "dynamodb:table",
        "AWS/DynamoDB",
        ("ConsumedReadCapacityUnits", "Count", SUM),
        ("ConsumedWriteCapacityUnits", "Count", SUM),
    ),
)
TYPES = tuple(sorted({one.resource_type for one in WANTED}))


def series_of(resources: Iterable[Resource]) -> list[Series]:
    """The series that advice needs of these resources, always in the same order."""
    found = [one for resource in resources for one in _series(resource)]
    return sorted(found, key=lambda one: one.key)


def cost_of(series: Sequence[Series]) -> Decimal:
    """Dollars for reading them once, whatever the time that they are read for."""
    return METRIC * sum(len(one.wanted.statistics) for one in series)


def _series(resource: Resource) -> Iterator[Series]:
    for wanted in WANTED:
        if wanted.resource_type != resource.resource_type or not _has(resource, wanted):
            continue
        for dimensions in _dimensions(resource):
            yield Series(wanted, dimensions, resource.ref.path)


def _has(resource: Resource, wanted: Wanted) -> bool:
    """Whether the resource can have the metric: AWS publishes none of what stands still, and we need none of it."""
    facts, kind = resource.attributes, resource.resource_type
    if kind == "ec2:instance":
        return bool(facts.get("State") == "running")
    if kind == "ec2:volume":
        return bool(facts.get("Attachments"))
    if kind == _BALANCER:
        names = {"application": "AWS/ApplicationELB", "network": "AWS/NetworkELB", "classic": "AWS/ELB"}
        return names.get(resource.type) == wanted.namespace
    if wanted.metric == "ProvisionedConcurrencyUtilization":
        return bool(facts.get("ProvisionedConcurrency"))
    if wanted.metric.startswith("GPU"):
        kinds = (str(one.get("InstanceType", "")) for one in facts.get("ProductionVariants", ()))
        return any(one.removeprefix("ml.")[:1] in ("g", "p") for one in kinds)
    return True


_NAMES = {
    "ec2:instance": "InstanceId",
    "ec2:volume": "VolumeId",
    "rds:db": "DBInstanceIdentifier",
    "lambda:function": "FunctionName",
    "ec2:natgateway": "NatGatewayId",
    "redshift:cluster": "ClusterIdentifier",
    "elasticache:cluster": "CacheClusterId",
    "dynamodb:table": "TableName",
}


def _dimensions(resource: Resource) -> Iterator[dict[str, str]]:
    kind = resource.resource_type
    if kind == "sagemaker:endpoint":
        for one in resource.attributes.get("ProductionVariants", ()):
            yield {"EndpointName": resource.name, "VariantName": str(one.get("VariantName", ""))}
    elif kind == _BALANCER:
        yield {"LoadBalancerName" if resource.type == "classic" else "LoadBalancer": resource.ref.id}
    else:
        yield {_NAMES[kind]: resource.ref.id}
