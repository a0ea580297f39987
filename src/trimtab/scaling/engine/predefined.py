"""The metrics that AWS calls predefined, as it documents them: what each is of a target."""

from collections.abc import Mapping
from typing import Any

from trimtab.base.errors import InvalidInput
from trimtab.scaling.engine.model import TargetKey

_CPU, _MEMORY = "CPUUtilization", "MemoryUtilization"
_METRICS: Mapping[str, tuple[str, str, str]] = {
    "ASGAverageCPUUtilization": ("AWS/EC2", _CPU, "Average"),
    "ASGAverageNetworkIn": ("AWS/EC2", "NetworkIn", "Average"),
    "ASGAverageNetworkOut": ("AWS/EC2", "NetworkOut", "Average"),
    "ASGTotalCPUUtilization": ("AWS/EC2", _CPU, "Sum"),
    "ASGTotalNetworkIn": ("AWS/EC2", "NetworkIn", "Sum"),
    "ASGTotalNetworkOut": ("AWS/EC2", "NetworkOut", "Sum"),
    "ALBRequestCountPerTarget": ("AWS/ApplicationELB", "RequestCountPerTarget", "Sum"),
    "ALBTargetGroupRequestCount": ("AWS/ApplicationELB", "RequestCount", "Sum"),
    "ECSServiceAverageCPUUtilization": ("AWS/ECS", _CPU, "Average"),
    "ECSServiceAverageMemoryUtilization": ("AWS/ECS", _MEMORY, "Average"),
    "ECSServiceTotalCPUUtilization": ("AWS/ECS", _CPU, "Sum"),
    "ECSServiceTotalMemoryUtilization": ("AWS/ECS", _MEMORY, "Sum"),
    "LambdaProvisionedConcurrencyUtilization": ("AWS/Lambda", "ProvisionedConcurrencyUtilization", "Average"),
    "SageMakerVariantInvocationsPerInstance": ("AWS/SageMaker", "InvocationsPerInstance", "Sum"),
    "SageMakerVariantConcurrentRequestsPerModelHighResolution": (
        "AWS/SageMaker",
        "ConcurrentRequestsPerModel",
        "Maximum",
    ),
    "SageMakerVariantProvisionedConcurrencyUtilization": (
        "AWS/SageMaker",
        "ServerlessProvisionedConcurrencyUtilization",
        "Maximum",
    ),
}
PAIRS: Mapping[str, str] = {
    "ASGCPUUtilization": "ASGTotalCPUUtilization",
    "ASGNetworkIn": "ASGTotalNetworkIn",
    "ASGNetworkOut": "ASGTotalNetworkOut",
    "ALBRequestCount": "ALBTargetGroupRequestCount",
    "ECSServiceCPUUtilization": "ECSServiceTotalCPUUtilization",
    "ECSServiceMemoryUtilization": "ECSServiceTotalMemoryUtilization",
}
"""Of a predictive policy's pair, the metric of the whole load."""
SCALING: Mapping[str, str] = {
    "ASGCPUUtilization": "ASGAverageCPUUtilization",
    "ASGNetworkIn": "ASGAverageNetworkIn",
    "ASGNetworkOut": "ASGAverageNetworkOut",
    "ALBRequestCount": "ALBRequestCountPerTarget",
    "ECSServiceCPUUtilization": "ECSServiceAverageCPUUtilization",
    "ECSServiceMemoryUtilization": "ECSServiceAverageMemoryUtilization",
}
"""Of a pair, the metric of each replica."""


def metric_of(key: TargetKey, specification: Mapping[str, Any]) -> Mapping[str, Any]:
    """A predefined metric of a target as a CustomizedMetricSpecification. Raises InvalidInput."""
    kind = specification["PredefinedMetricType"]
    if kind not in _METRICS:
        raise InvalidInput(
            f"cannot read the predefined metric {kind}; expected one of {', '.join(sorted(_METRICS))}, or a "
            "CustomizedMetricSpecification",
            field="PredefinedMetricType",
        )
    namespace, name, statistic = _METRICS[kind]
    dimensions = _dimensions(key, kind, specification.get("ResourceLabel") or "")
    pairs = [{"Name": one, "Value": value} for one, value in dimensions.items()]
    return {"Namespace": namespace, "MetricName": name, "Statistic": statistic, "Dimensions": pairs}


def _dimensions(key: TargetKey, kind: str, label: str) -> dict[str, str]:
    if kind.startswith("ALB"):
        parts = label.split("/targetgroup/")
        if len(parts) != 2:
            raise InvalidInput(
                f"{kind} needs a ResourceLabel such as app/my-alb/778d41231b141a0f/targetgroup/group/943f017f100becff",
                field="ResourceLabel",
            )
        return {"LoadBalancer": parts[0], "TargetGroup": f"targetgroup/{parts[1]}"}
    parts = key.resource.split("/")
    if kind.startswith("ECS") and len(parts) == 3:
        return {"ClusterName": parts[1], "ServiceName": parts[2]}
    if kind.startswith("SageMaker") and len(parts) == 4:
        return {"EndpointName": parts[1], "VariantName": parts[3]}
    if kind.startswith("Lambda") and key.resource.count(":") == 2:
        _, function, alias = key.resource.split(":")
        return {"FunctionName": function, "Resource": f"{function}:{alias}"}
    if kind.startswith("ASG"):
        return {"AutoScalingGroupName": parts[-1]}
    raise InvalidInput(f"the predefined metric {kind} is none of {key.resource}", field="PredefinedMetricType")
