"""Training and processing jobs as Describe operations answer them, and as steps of pipelines refer to them."""

from collections.abc import Mapping
from typing import Any

from trimtab.inventory.served.model import TRAINING, Served

_HIDDEN = ("SessionChainingConfig", "Monitor", "AutoML")  # of a request, which no answer has


def described(one: Served) -> dict[str, Any]:
    """A job, whichever of the two it is."""
    return _training(one) if one.kind == TRAINING else _processing(one)


def training_row(one: Served) -> dict[str, Any]:
    """A training job as lists have it."""
    shape = {
        "TrainingJobName": one.name,
        "TrainingJobArn": one.arn,
        "TrainingJobStatus": one.status,
        "SecondaryStatus": "Stopping" if one.status == "Stopping" else one.state.get("secondary", "Starting"),
        "CreationTime": one.created_ms,
        "LastModifiedTime": one.updated_ms,
    }
    return shape | ({"TrainingEndTime": one.state["ended_ms"]} if one.state.get("ended_ms") else {})


def processing_row(one: Served) -> dict[str, Any]:
    """A processing job as lists have it."""
    shape = {
        "ProcessingJobName": one.name,
        "ProcessingJobArn": one.arn,
        "ProcessingJobStatus": one.status,
        "CreationTime": one.created_ms,
        "LastModifiedTime": one.updated_ms,
        **_failure(one),
    }
    if one.state.get("ended_ms"):
        shape["ProcessingEndTime"] = one.state["ended_ms"]
    if one.status == "Completed" and one.state.get("exit_message"):
        shape["ExitMessage"] = one.state["exit_message"]
    return shape


def _training(one: Served) -> dict[str, Any]:
    target = one.form["OutputDataConfig"]["S3OutputPath"].rstrip("/")
    answer = {
        **_form(one),
        **training_row(one),
        "ModelArtifacts": {"S3ModelArtifacts": f"{target}/{one.name}/output/model.tar.gz"},
        "SecondaryStatusTransitions": [_transition(step) for step in one.state.get("transitions") or ()],
        "FinalMetricDataList": [
            {"MetricName": metric["name"], "Value": metric["value"], "Timestamp": metric["at_ms"]}
            for metric in one.state.get("metrics") or ()
        ],
        **_failure(one),
    }
    trained_ms, ended_ms = one.state.get("trained_ms"), one.state.get("ended_ms")
    if trained_ms:
        answer["TrainingStartTime"] = trained_ms
    if trained_ms and ended_ms:
        seconds = max(1, round((ended_ms - trained_ms) / 1000))
        answer |= {"TrainingTimeInSeconds": seconds, "BillableTimeInSeconds": seconds}
    return answer


def _processing(one: Served) -> dict[str, Any]:
    began_ms = one.state.get("began_ms")
    return {**_form(one), **processing_row(one), **({"ProcessingStartTime": began_ms} if began_ms else {})}


def _form(one: Served) -> dict[str, Any]:
    return {name: value for name, value in one.form.items() if name not in _HIDDEN}


def _failure(one: Served) -> dict[str, Any]:
    return {"FailureReason": one.state["problem"]} if one.state.get("problem") else {}


def _transition(step: Mapping[str, Any]) -> dict[str, Any]:
    shape = {"Status": step["status"], "StartTime": step["began_ms"]}
    if step.get("ended_ms"):
        shape["EndTime"] = step["ended_ms"]
    return shape | ({"StatusMessage": step["message"]} if step.get("message") else {})
