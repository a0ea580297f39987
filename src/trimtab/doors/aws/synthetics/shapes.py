"""Canaries and runs as the API describes them; times are milliseconds."""

from collections.abc import Mapping
from typing import Any

from trimtab.base.partitions import partition_of
from trimtab.canaries.model import Canary, Run

_AS_PUT = (
    "ExecutionRoleArn", "SuccessRetentionPeriodInDays", "FailureRetentionPeriodInDays", "ArtifactS3Location",
    "RuntimeVersion", "ArtifactConfig", "KmsKeyArn", "ProvisionedResourceCleanup",
)  # fmt: skip
_DAYS = {"SuccessRetentionPeriodInDays": 31, "FailureRetentionPeriodInDays": 31}
"""Where a canary says nothing (API reference, CreateCanary)."""


def canary(one: Canary, tags: Mapping[str, str]) -> dict[str, Any]:
    """A canary as GetCanary has it."""
    form = one.form
    timeline = {
        "Created": one.created_ms, "LastModified": one.updated_ms, "LastStarted": one.started_ms,
        "LastStopped": one.stopped_ms,
    }  # fmt: skip
    run_config = {name: value for name, value in form.get("RunConfig", {}).items() if name != "EnvironmentVariables"}
    return {
        "Id": one.id,
        "Name": one.key.name,
        "Code": {"SourceLocationArn": _layer(one), "BlueprintTypes": ["multi-checks"]},
        "Schedule": form["Schedule"],
        **({"RunConfig": run_config} if run_config else {}),
        **_DAYS,
        **{name: form[name] for name in _AS_PUT if name in form},
        "Status": {"State": one.state},
        "Timeline": {name: ms for name, ms in timeline.items() if ms is not None},
        "Tags": dict(tags),
    }


def run(one: Run, name: str, form: Mapping[str, Any]) -> dict[str, Any]:
    """A run as GetCanaryRuns has it."""
    state = "PASSED" if one.passed else "FAILED"
    status = {"State": state, "TestResult": state}
    if not one.passed:
        status |= {"StateReason": one.reason[:1024], "StateReasonCode": "CANARY_FAILURE"}
    return {
        "Id": one.id,
        "Name": name,
        "Status": status,
        "Timeline": {"Started": one.began_ms, "Completed": one.ended_ms},
        "ArtifactS3Location": form.get("ArtifactS3Location", ""),
        "RetryAttempt": one.retry,
    }


def _layer(one: Canary) -> str:
    key = one.key
    return f"arn:{partition_of(key.region)}:lambda:{key.region}:{key.account}:layer:cwsyn-{key.name}-{one.id}:1"
