"""SageMaker: what stands and costs (endpoints, notebooks), and what ran (training and transform jobs of 30 days)."""

from collections.abc import Iterator
from typing import Any

from trimtab.accounts.describe.contract import Found, Item, Place, Source, picked, tags_of
from trimtab.base.clock import to_datetime
from trimtab.base.errors import TrimtabError

_JOBS_MS = 30 * 86_400_000
"""How far back jobs are read: the longest lookback of advice."""


def _endpoints(place: Place) -> Iterator[Found]:
    limits = _scalable(place)
    for listed in place.pages("sagemaker", "ListEndpoints", "Endpoints"):
        name = listed["EndpointName"]
        item = place.maybe("sagemaker", "DescribeEndpoint", EndpointName=name)
        if not item:
            continue
        config = place.maybe(
            "sagemaker", "DescribeEndpointConfig", EndpointConfigName=item.get("EndpointConfigName", "")
        )
        facts = picked(item, "EndpointStatus", "EndpointConfigName", "CreationTime", "LastModifiedTime")
        facts["ProductionVariants"] = _variants(item, config)
        facts["DataCaptureConfig"] = bool((item.get("DataCaptureConfig") or {}).get("EnableCapture"))
        facts["AsyncInferenceConfig"] = bool(config.get("AsyncInferenceConfig"))
        facts["ScalableTargets"] = limits.get(name, [])
        variants = facts["ProductionVariants"]
        kind = variants[0].get("InstanceType", "") if variants else ""
        yield Found(item["EndpointArn"], name, kind, _tags(place, item["EndpointArn"]), facts)


def _variants(endpoint: Item, config: Item) -> list[dict[str, Any]]:
    planned = {one["VariantName"]: one for one in config.get("ProductionVariants", ())}
    running = {one["VariantName"]: one for one in endpoint.get("ProductionVariants", ())}
    found = []
    for name in {**planned, **running}:
        plan, now = planned.get(name, {}), running.get(name, {})
        facts = {"VariantName": name, **picked(plan, "InstanceType", "ModelName", "ManagedInstanceScaling")}
        facts |= picked(plan, "ServerlessConfig")
        facts |= picked(now, "CurrentInstanceCount", "DesiredInstanceCount", "CurrentWeight")
        facts.setdefault("DesiredInstanceCount", plan.get("InitialInstanceCount", 0))
        found.append(facts)
    return found


def _scalable(place: Place) -> dict[str, list[dict[str, Any]]]:
    """Limits of scaling by endpoint. Without the permission there are none known."""
    found: dict[str, list[dict[str, Any]]] = {}
    operation = "DescribeScalableTargets"
    try:
        targets = list(
            place.pages("application-autoscaling", operation, "ScalableTargets", ServiceNamespace="sagemaker")
        )
    except TrimtabError:
        return {}
    for one in targets:
        parts = one["ResourceId"].split("/")  # endpoint/NAME/variant/NAME
        if len(parts) == 4:
            facts = {"VariantName": parts[3], **picked(one, "MinCapacity", "MaxCapacity")}
            found.setdefault(parts[1], []).append(facts)
    return found


def _notebooks(place: Place) -> Iterator[Found]:
    for listed in place.pages("sagemaker", "ListNotebookInstances", "NotebookInstances"):
        name = listed["NotebookInstanceName"]
        item = place.maybe("sagemaker", "DescribeNotebookInstance", NotebookInstanceName=name)
        if not item:
            continue
        facts = picked(
            item,
            *("NotebookInstanceStatus", "InstanceType", "VolumeSizeInGB", "CreationTime", "LastModifiedTime"),
            *("NotebookInstanceLifecycleConfigName", "DirectInternetAccess", "RootAccess"),
        )
        arn = item["NotebookInstanceArn"]
        yield Found(arn, name, item.get("InstanceType", ""), _tags(place, arn), facts)


def _training(place: Place) -> Iterator[Found]:
    since = to_datetime(place.now_ms - _JOBS_MS)
    for listed in place.pages("sagemaker", "ListTrainingJobs", "TrainingJobSummaries", CreationTimeAfter=since):
        name = listed["TrainingJobName"]
        item = place.maybe("sagemaker", "DescribeTrainingJob", TrainingJobName=name)
        if not item:
            continue
        facts = picked(
            item,
            *("TrainingJobStatus", "SecondaryStatus", "CreationTime", "TrainingStartTime", "TrainingEndTime"),
            *("EnableManagedSpotTraining", "BillableTimeInSeconds", "TrainingTimeInSeconds", "FailureReason"),
        )
        facts |= picked(item.get("ResourceConfig", {}), "InstanceType", "InstanceCount", "VolumeSizeInGB")
        facts |= picked(item.get("StoppingCondition", {}), "MaxRuntimeInSeconds", "MaxWaitTimeInSeconds")
        if place_kept := (item.get("CheckpointConfig") or {}).get("S3Uri"):
            facts["CheckpointConfig"] = place_kept
        arn = item["TrainingJobArn"]
        yield Found(arn, name, facts.get("InstanceType", ""), _tags(place, arn), facts)


def _transforms(place: Place) -> Iterator[Found]:
    since = to_datetime(place.now_ms - _JOBS_MS)
    for listed in place.pages("sagemaker", "ListTransformJobs", "TransformJobSummaries", CreationTimeAfter=since):
        name = listed["TransformJobName"]
        item = place.maybe("sagemaker", "DescribeTransformJob", TransformJobName=name)
        if not item:
            continue
        facts = picked(
            item, *("TransformJobStatus", "CreationTime", "TransformStartTime", "TransformEndTime", "ModelName")
        )
        facts |= picked(item.get("TransformResources", {}), "InstanceType", "InstanceCount")
        arn = item["TransformJobArn"]
        yield Found(arn, name, facts.get("InstanceType", ""), _tags(place, arn), facts)


def _tags(place: Place, arn: str) -> dict[str, str]:
    return tags_of(place.maybe("sagemaker", "ListTags", ResourceArn=arn).get("Tags"))


def _calls(*operations: str) -> tuple[tuple[str, str], ...]:
    return tuple(("sagemaker", one) for one in (*operations, "ListTags"))


SOURCES = (
    Source(
        "SageMaker endpoints",
        ("sagemaker:endpoint",),
        (
            *_calls("ListEndpoints", "DescribeEndpoint", "DescribeEndpointConfig"),
            ("application-autoscaling", "DescribeScalableTargets"),
        ),
        _endpoints,
    ),
    Source(
        "SageMaker notebooks",
        ("sagemaker:notebook-instance",),
        _calls("ListNotebookInstances", "DescribeNotebookInstance"),
        _notebooks,
    ),
    Source(
        "SageMaker training jobs",
        ("sagemaker:training-job",),
        _calls("ListTrainingJobs", "DescribeTrainingJob"),
        _training,
    ),
    Source(
        "SageMaker transform jobs",
        ("sagemaker:transform-job",),
        _calls("ListTransformJobs", "DescribeTransformJob"),
        _transforms,
    ),
)
