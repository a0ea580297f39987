"""Scaling at AWS: how many there are, who decides over them, and the one call that asks for another number."""

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from msgspec import Struct

from trimtab.base.errors import AccessDenied, Conflict, InvalidInput, NotFound, TrimtabError, Unavailable
from trimtab.cloud.sessions import client

_NOT_THERE = (
    "NotFound",
    "ResourceNotFound",
    "ServiceNotFound",
    "ObjectNotFound",
    "ProvisionedConcurrencyConfigNotFound",
)
_DENIED = ("AccessDenied", "UnauthorizedOperation", "UnrecognizedClient", "InvalidClientTokenId", "ExpiredToken")


class AwsScaling(Struct, frozen=True):
    """The calls in one region. `endpoint` is for emulators ("": AWS's own)."""

    region: str
    endpoint: str = ""

    def standing(self, namespace: str, resource: str, dimension: str) -> Mapping[str, Any]:
        """`ready`, `coming`, `desired`; `owner` and `manifest` where a policy decides. Raises TrimtabError."""
        try:
            found = dict(self._standing(namespace, resource, dimension))
            policy = self._policy(namespace, resource, dimension)
        except (BotoCoreError, ClientError) as problem:
            raise _translated(problem) from None
        if policy is not None:
            found |= {"owner": f"the AWS scaling policy {policy.get('PolicyName')}", "manifest": _plain(policy)}
        return found

    def scale(self, namespace: str, resource: str, dimension: str, desired: int) -> str:
        """Make the call. Raises TrimtabError."""
        service, operation, parameters = _call(namespace, resource, dimension, desired)
        try:
            getattr(self._client(service), operation)(**parameters)
        except (BotoCoreError, ClientError) as problem:
            raise _translated(problem) from None
        return self.call_of(namespace, resource, dimension, desired)

    def call_of(self, namespace: str, resource: str, dimension: str, desired: int) -> str:
        """The call in words."""
        service, operation, parameters = _call(namespace, resource, dimension, desired)
        return f"{service} {operation} {parameters}"

    def _client(self, service: str) -> Any:
        return client(service, endpoint=self.endpoint or None, region=self.region)

    def _standing(self, namespace: str, resource: str, dimension: str) -> Mapping[str, Any]:
        if namespace == "autoscaling":
            return self._group(resource.split("/", 1)[1])
        if dimension == "ecs:service:DesiredCount":
            _, cluster, service = resource.split("/")
            found = self._client("ecs").describe_services(cluster=cluster, services=[service])["services"]
            if not found:
                raise NotFound(f"cannot find the ECS service {resource}")
            ready, desired = int(found[0].get("runningCount", 0)), int(found[0]["desiredCount"])
            return _counts(ready, desired)
        if dimension == "sagemaker:variant:DesiredInstanceCount":
            return self._variant(resource)
        if dimension == "lambda:function:ProvisionedConcurrency":
            return self._provisioned(resource)
        raise InvalidInput(f"cannot see how {dimension} stands; it can be observed by its metrics")

    def _group(self, name: str) -> Mapping[str, Any]:
        answer = self._client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[name])
        if not answer["AutoScalingGroups"]:
            raise NotFound(f"cannot find the Auto Scaling group {name}")
        group = answer["AutoScalingGroups"][0]
        serving = [one for one in group["Instances"] if one["LifecycleState"] == "InService"]
        zones: dict[str, int] = {}
        for one in serving:
            zones[one["AvailabilityZone"]] = zones.get(one["AvailabilityZone"], 0) + 1
        return {**_counts(len(serving), int(group["DesiredCapacity"])), "zones": zones}

    def _variant(self, resource: str) -> Mapping[str, Any]:
        _, endpoint, _, variant = resource.split("/")
        answer = self._client("sagemaker").describe_endpoint(EndpointName=endpoint)
        for one in answer.get("ProductionVariants", ()):
            if one["VariantName"] == variant:
                ready = int(one.get("CurrentInstanceCount", 0))
                return _counts(ready, int(one.get("DesiredInstanceCount", ready)))
        raise NotFound(f"cannot find the variant {resource}")

    def _provisioned(self, resource: str) -> Mapping[str, Any]:
        _, function, alias = resource.split(":")
        try:
            found = self._client("lambda").get_provisioned_concurrency_config(FunctionName=function, Qualifier=alias)
        except ClientError as problem:
            if "NotFound" in problem.response.get("Error", {}).get("Code", ""):
                return _counts(0, 0)
            raise
        available = int(found.get("AvailableProvisionedConcurrentExecutions", 0))
        return _counts(available, int(found["RequestedProvisionedConcurrentExecutions"]))

    def _policy(self, namespace: str, resource: str, dimension: str) -> Mapping[str, Any] | None:
        """A policy that decides over it in AWS."""
        if namespace == "autoscaling":
            name = resource.split("/", 1)[1]
            found = self._client("autoscaling").describe_policies(AutoScalingGroupName=name)["ScalingPolicies"]
            return next((one for one in found if one.get("Enabled", True)), None)
        asked = {"ServiceNamespace": namespace, "ResourceId": resource, "ScalableDimension": dimension}
        found = self._client("application-autoscaling").describe_scaling_policies(**asked)["ScalingPolicies"]
        return next(iter(found), None)


def _call(namespace: str, resource: str, dimension: str, desired: int) -> tuple[str, str, dict[str, Any]]:
    """The service, the operation and its parameters."""
    if namespace == "autoscaling":
        name = resource.split("/", 1)[1]
        group = {"AutoScalingGroupName": name, "DesiredCapacity": desired, "HonorCooldown": False}
        return "autoscaling", "set_desired_capacity", group
    if dimension == "ecs:service:DesiredCount":
        _, cluster, service = resource.split("/")
        return "ecs", "update_service", {"cluster": cluster, "service": service, "desiredCount": desired}
    if dimension == "sagemaker:variant:DesiredInstanceCount":
        _, endpoint, _, variant = resource.split("/")
        wanted = [{"VariantName": variant, "DesiredInstanceCount": desired}]
        wish = {"EndpointName": endpoint, "DesiredWeightsAndCapacities": wanted}
        return "sagemaker", "update_endpoint_weights_and_capacities", wish
    if dimension == "lambda:function:ProvisionedConcurrency":
        _, function, alias = resource.split(":")
        where: dict[str, Any] = {"FunctionName": function, "Qualifier": alias}
        if desired == 0:
            return "lambda", "delete_provisioned_concurrency_config", where
        where["ProvisionedConcurrentExecutions"] = desired
        return "lambda", "put_provisioned_concurrency_config", where
    bounds = {"MinCapacity": desired, "MaxCapacity": desired}  # Application Auto Scaling moves the resource within them
    target = {"ServiceNamespace": namespace, "ResourceId": resource, "ScalableDimension": dimension}
    return "application-autoscaling", "register_scalable_target", target | bounds


def _counts(ready: int, desired: int) -> dict[str, Any]:
    return {"ready": ready, "coming": max(0, desired - ready), "desired": desired}


def _plain(policy: Mapping[str, Any]) -> dict[str, Any]:
    """A policy without what is no JSON."""
    return {name: value for name, value in policy.items() if isinstance(value, (str, int, float, bool, dict, list))}


def _translated(problem: BotoCoreError | ClientError) -> TrimtabError:
    if isinstance(problem, BotoCoreError):
        return Unavailable(f"cannot reach AWS: {problem}")
    error = problem.response.get("Error", {})
    code, words = str(error.get("Code", "")), f"AWS answered {error.get('Code')}: {error.get('Message')}"
    if code.startswith(_DENIED):
        return AccessDenied(words)
    if code.startswith(_NOT_THERE):
        return NotFound(words)
    if "InProgress" in code or "InUse" in code:
        return Conflict(words)
    if problem.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500) >= 500 or "Throttl" in code:
        return Unavailable(words)
    return InvalidInput(words)
