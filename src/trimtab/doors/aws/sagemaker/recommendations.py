"""Operations on inference recommendations and batch transforms."""

from decimal import Decimal
from typing import Any

from trimtab.access.principal import Role
from trimtab.base.errors import InvalidInput, NotFound
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.sagemaker.rooms import SageMakerRooms, form_of, listed, operations, place
from trimtab.doors.aws.service import Answer, CallContext, Request
from trimtab.doors.aws.tags import tags_of
from trimtab.inference.recommend.outcome import TARGET_CPU, scaling
from trimtab.inventory.served.model import MODEL, RECOMMENDATION, TRANSFORM, Served, arn_of

_LIVE = ("PENDING", "IN_PROGRESS")


@operations.add("CreateInferenceRecommendationsJob", needs=Role.WRITE, job=True)
async def create_inference_recommendations_job(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """Begin a job: every candidate is loaded until its invocations level out."""
    form = form_of(request)
    await rooms.recommender.check(place(context), form)
    made = await rooms.served.create(
        place(context), RECOMMENDATION, request["JobName"], form, "PENDING", tags_of(request)
    )
    return {"JobArn": made.arn}


@operations.add("DescribeInferenceRecommendationsJob", job=True)
async def describe_inference_recommendations_job(
    rooms: SageMakerRooms, request: Request, context: CallContext
) -> Answer:
    """One job with what it recommends, the cheapest an inference first."""
    found = await rooms.served.get(place(context), RECOMMENDATION, request["JobName"])
    answer = {**found.form, **_summary(found), "InputConfig": found.form["InputConfig"]}
    if found.status == "COMPLETED":
        made = found.state.get("recommendations") or []
        answer["InferenceRecommendations"] = [_recommendation(found, one) for one in made if not one["endpoint"]] or [
            _recommendation(found, one) for one in made
        ]
        of_endpoints = [one for one in made if one["endpoint"]]
        if of_endpoints:
            answer["EndpointPerformances"] = [
                {"Metrics": _two(one), "EndpointInfo": {"EndpointName": one["endpoint"]}} for one in of_endpoints
            ]
    return answer


@operations.add("ListInferenceRecommendationsJobs")
async def list_inference_recommendations_jobs(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """Jobs."""
    found, more = await listed(rooms, RECOMMENDATION, request, context)
    rows = []
    for one in found:
        row = {**_summary(one), "JobDescription": one.form.get("JobDescription", "")}
        asked = one.form["InputConfig"]
        for name in ("ModelName", "ModelPackageVersionArn"):
            if asked.get(name):
                row[name] = asked[name]
        rows.append(row)
    return {"InferenceRecommendationsJobs": rows, **more}


@operations.add("ListInferenceRecommendationsJobSteps", job=True)
async def list_inference_recommendations_job_steps(
    rooms: SageMakerRooms, request: Request, context: CallContext
) -> Answer:
    """A job's steps: one benchmark each candidate, also those that failed."""
    found = await rooms.served.get(place(context), RECOMMENDATION, request["JobName"])
    steps = [one for one in found.state.get("steps") or [] if "instance_type" in one]
    if request.get("Status"):
        steps = [one for one in steps if one["status"] == request["Status"]]
    return {
        "Steps": [
            {
                "StepType": "BENCHMARK",
                "JobName": found.name,
                "Status": one["status"],
                "InferenceBenchmark": _benchmark(found, one),
            }
            for one in steps
        ]
    }


@operations.add("StopInferenceRecommendationsJob", needs=Role.WRITE, job=True)
async def stop_inference_recommendations_job(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """End a job; what was measured stays in its steps."""
    found = await rooms.served.get(place(context), RECOMMENDATION, request["JobName"])
    if not await rooms.served.change(found, status="STOPPING", only_from=_LIVE):
        raise InvalidInput(f"The job {found.name} is {found.status}: only a job in progress can be stopped.")
    return {}


@operations.add("GetScalingConfigurationRecommendation", job=True)
async def get_scaling_configuration_recommendation(
    rooms: SageMakerRooms, request: Request, context: CallContext
) -> Answer:
    """The scaling policy that a finished job's measurements ask for."""
    job = await rooms.served.get(place(context), RECOMMENDATION, request["InferenceRecommendationsJobName"])
    if job.status != "COMPLETED":
        raise AwsError("ValidationException", f"The job {job.name} is {job.status}: it must be COMPLETED.")
    made = _chosen(job, request)
    target = request.get("TargetCpuUtilizationPerCore", TARGET_CPU)
    asked = request.get("ScalingPolicyObjective") or {}
    most = asked.get("MaxInvocationsPerMinute", made["max_invocations"])
    found = scaling(made["max_invocations"], made["cpu_percent"], target, asked.get("MinInvocationsPerMinute", 0), most)
    metric = {"Predefined": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"}}
    policy = {"TargetTracking": {"MetricSpecification": metric, "TargetValue": float(found.per_instance)}}
    answer: dict[str, Any] = {
        "InferenceRecommendationsJobName": job.name,
        "RecommendationId": made["id"],
        "TargetCpuUtilizationPerCore": target,
        "Metric": {"InvocationsPerInstance": found.per_instance, "ModelLatency": round(made["latency_ms"])},
        "DynamicScalingConfiguration": {
            "MinCapacity": found.least,
            "MaxCapacity": found.most,
            "ScaleInCooldown": found.cooldown_s,
            "ScaleOutCooldown": found.cooldown_s,
            "ScalingPolicies": [policy],
        },
    }
    if made["endpoint"]:
        answer["EndpointName"] = made["endpoint"]
    return answer | ({"ScalingPolicyObjective": asked} if asked else {})


def _chosen(job: Served, request: Request) -> dict[str, Any]:
    made = job.state.get("recommendations") or []
    wanted, endpoint = request.get("RecommendationId"), request.get("EndpointName")
    for one in made:
        if (not wanted or one["id"] == wanted) and (not endpoint or one["endpoint"] == endpoint):
            return dict(one)
    raise AwsError("ValidationException", f"The job {job.name} has no such recommendation.")


def _summary(one: Served) -> dict[str, Any]:
    shape = {
        "JobName": one.name,
        "JobArn": one.arn,
        "JobType": one.form["JobType"],
        "RoleArn": one.form["RoleArn"],
        "Status": one.status,
        "CreationTime": one.created_ms,
        "LastModifiedTime": one.updated_ms,
    }
    if one.state.get("ended_ms"):
        shape["CompletionTime"] = one.state["ended_ms"]
    if one.state.get("problem"):
        shape["FailureReason"] = one.state["problem"]
    return shape


def _two(one: dict[str, Any]) -> dict[str, Any]:
    return {"MaxInvocations": round(one["max_invocations"]), "ModelLatency": round(one["latency_ms"])}


def _metrics(one: dict[str, Any]) -> dict[str, Any]:
    shape = _two(one)
    for name, key in (("CostPerHour", "cost_per_hour"), ("CostPerInference", "cost_per_inference")):
        if one[key] is not None:
            shape[name] = float(Decimal(one[key]))
    for name, key in (("CpuUtilization", "cpu_percent"), ("MemoryUtilization", "memory_percent")):
        if one[key] is not None:
            shape[name] = one[key]
    if one["setup_s"]:
        shape["ModelSetupTime"] = round(one["setup_s"])
    return shape


def _recommendation(job: Served, one: dict[str, Any]) -> dict[str, Any]:
    return {
        "RecommendationId": one["id"],
        "Metrics": _metrics(one),
        "EndpointConfiguration": _configuration(job, one),
        "ModelConfiguration": _model(one["environment"] or {}),
        "InvocationStartTime": one["started_ms"],
        "InvocationEndTime": one["ended_ms"],
    }


def _benchmark(job: Served, step: dict[str, Any]) -> dict[str, Any]:
    shape: dict[str, Any] = {"ModelConfiguration": _model(step["environment"] or {})}
    shape["EndpointConfiguration"] = _configuration(job, step)
    if step.get("metrics"):
        shape["Metrics"] = _metrics(step["metrics"])
    if step.get("problem"):
        shape["FailureReason"] = step["problem"]
    return shape


def _configuration(job: Served, one: dict[str, Any]) -> dict[str, Any]:
    name = one["endpoint"] or f"sm-epc-{job.name}"
    shape = {"EndpointName": name[:63], "VariantName": one["variant"] or "AllTraffic", "InitialInstanceCount": 1}
    if one["instance_type"]:
        shape["InstanceType"] = one["instance_type"]
    return shape


def _model(environment: dict[str, str]) -> dict[str, Any]:
    parameters = [{"Key": key, "ValueType": "String", "Value": value} for key, value in environment.items()]
    return {"EnvironmentParameters": parameters} if parameters else {}


@operations.add("CreateTransformJob", needs=Role.WRITE, job=True)
async def create_transform_job(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """Begin a job: every record of the input through the model, once."""
    form = form_of(request)
    rooms.transforms.check(form)
    try:
        await rooms.served.get(place(context), MODEL, request["ModelName"])
    except NotFound:
        arn = arn_of(*place(context), MODEL, request["ModelName"])
        raise InvalidInput(f'Could not find model "{arn}".') from None
    name = request["TransformJobName"]
    made = await rooms.served.create(place(context), TRANSFORM, name, form, "InProgress", tags_of(request))
    return {"TransformJobArn": made.arn}


@operations.add("DescribeTransformJob", job=True)
async def describe_transform_job(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """One job."""
    found = await rooms.served.get(place(context), TRANSFORM, request["TransformJobName"])
    return {**found.form, **_transform_summary(found), **_times(found)}


@operations.add("ListTransformJobs")
async def list_transform_jobs(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """Jobs."""
    found, more = await listed(rooms, TRANSFORM, request, context)
    rows = [
        {
            **_transform_summary(one),
            "LastModifiedTime": one.updated_ms,
            **({"TransformEndTime": one.state["ended_ms"]} if one.state.get("ended_ms") else {}),
        }
        for one in found
    ]
    return {"TransformJobSummaries": rows, **more}


@operations.add("StopTransformJob", needs=Role.WRITE, job=True)
async def stop_transform_job(rooms: SageMakerRooms, request: Request, context: CallContext) -> Answer:
    """End a job; it keeps the pieces that are finished."""
    found = await rooms.served.get(place(context), TRANSFORM, request["TransformJobName"])
    if not await rooms.served.change(found, status="Stopping", only_from=("InProgress",)):
        raise InvalidInput(f"The request was rejected because the transform job is in status {found.status}.")
    return {}


def _transform_summary(one: Served) -> dict[str, Any]:
    shape = {
        "TransformJobName": one.name,
        "TransformJobArn": one.arn,
        "TransformJobStatus": one.status,
        "CreationTime": one.created_ms,
    }
    if one.state.get("problem"):
        shape["FailureReason"] = one.state["problem"]
    return shape


def _times(one: Served) -> dict[str, Any]:
    names = (("TransformStartTime", "began_ms"), ("TransformEndTime", "ended_ms"))
    return {name: one.state[key] for name, key in names if one.state.get(key)}
