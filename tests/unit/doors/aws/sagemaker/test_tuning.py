"""boto3's hyperparameter tuning jobs on the local pool: what is tried, which is best, and when a search ends."""

import asyncio
import sys
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sagemaker_pool import PLACE, ROLE, Pool
from trimtab.base.clock import SystemClock
from trimtab.store.state.database import State

TRAIN = """
import json, os
hps = json.load(open(os.environ["SM_INPUT_CONFIG_DIR"] + "/hyperparameters.json"))
if hps["kind"] == "bad":
    raise SystemExit(3)
print("loss=9.0", flush=True)
print(f"loss={abs(float(hps['depth']) - 4)} of {hps['_tuning_objective_metric']}", flush=True)
"""
EPOCHS = """
import json, os, time
hps = json.load(open(os.environ["SM_INPUT_CONFIG_DIR"] + "/hyperparameters.json"))
for epoch in range(60):
    print(f"loss={abs(float(hps['depth']) - 4)}", flush=True)
    time.sleep(0.05)
"""
SLEEP = "import time; print('loss=1', flush=True); time.sleep(60)"
PYTHON = [sys.executable, "-ES", "-c"]
DEFINITIONS = {
    "train": {"command": [*PYTHON, TRAIN], "images": ["*/tree"]},
    "epochs": {"command": [*PYTHON, EPOCHS], "images": ["*/epochs"]},
    "sleep": {"command": [*PYTHON, SLEEP], "images": ["*/sleep"]},
}
MACHINE = {"InstanceType": "ml.g5.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 5}
KINDS = {"Name": "kind", "Values": ["good", "bad"]}
DEPTHS = {"Name": "depth", "Values": ["2", "4", "7"]}


@pytest.fixture
def pool(state: State, tmp_path: Path) -> Pool:
    return Pool(state, SystemClock(), tmp_path, DEFINITIONS)


def tune(
    pool: Pool, name: str, ranges: dict[str, Any], *, strategy: str = "Grid", limits: dict[str, int] | None = None,
    image: str = "tree", fixed: dict[str, str] | None = None, metric: str = "loss",
    machines: dict[str, Any] | None = None, **config: Any,
) -> str:  # fmt: skip
    answer = pool.api.create_hyper_parameter_tuning_job(
        HyperParameterTuningJobName=name,
        HyperParameterTuningJobConfig={
            "Strategy": strategy,
            "HyperParameterTuningJobObjective": {"Type": "Minimize", "MetricName": metric},
            "ResourceLimits": {"MaxParallelTrainingJobs": 2, **(limits or {})},
            "ParameterRanges": ranges,
            **config,
        },
        TrainingJobDefinition={
            "StaticHyperParameters": {"kind": "good"} if fixed is None else fixed,
            "AlgorithmSpecification": {
                "TrainingImage": f"mine/{image}", "TrainingInputMode": "File",
                "MetricDefinitions": [{"Name": "loss", "Regex": "loss=([0-9.]+)"}],
            },
            "RoleArn": ROLE,
            "OutputDataConfig": {"S3OutputPath": "s3://mine/models"},
            **(machines or {"ResourceConfig": MACHINE}),
            "StoppingCondition": {"MaxRuntimeInSeconds": 600},
        },
        Tags=[{"Key": "team", "Value": "ml"}],
    )  # fmt: skip
    return str(answer["HyperParameterTuningJobArn"])


def shown(pool: Pool, name: str) -> dict[str, Any]:
    return dict(pool.api.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=name))


def status(pool: Pool, name: str) -> str:
    return str(shown(pool, name)["HyperParameterTuningJobStatus"])


def trials(pool: Pool, name: str, **asked: Any) -> list[dict[str, Any]]:
    asked = {"HyperParameterTuningJobName": name, "MaxResults": 100, **asked}
    return list(pool.api.list_training_jobs_for_hyper_parameter_tuning_job(**asked)["TrainingJobSummaries"])


def test_a_grid_tries_every_combination_once_and_tells_the_best(pool: Pool) -> None:
    arn = tune(pool, "grid", {"CategoricalParameterRanges": [DEPTHS, KINDS]}, fixed={"rate": "0.1"})
    assert arn == "arn:aws:sagemaker:us-east-1:123456789012:hyper-parameter-tuning-job/grid"
    pool.settle(lambda: status(pool, "grid") != "InProgress")
    found = shown(pool, "grid")
    assert "Completed" == found["HyperParameterTuningJobStatus"]
    assert {"Completed": 3, "InProgress": 0, "RetryableError": 0, "NonRetryableError": 3, "Stopped": 0} == (
        found["TrainingJobStatusCounters"]
    )
    assert {"Succeeded": 3, "Pending": 0, "Failed": 3} == found["ObjectiveStatusCounters"]
    best = found["BestTrainingJob"]
    assert {"depth": "4", "kind": "good"} == best["TunedHyperParameters"]
    assert {"Type": "Minimize", "MetricName": "loss", "Value": 0.0} == (
        best["FinalHyperParameterTuningJobObjectiveMetric"]
    )
    tried = [tuple(sorted(one["TunedHyperParameters"].items())) for one in trials(pool, "grid")]
    assert 6 == len(tried) == len(set(tried))
    values = [
        one["FinalHyperParameterTuningJobObjectiveMetric"]["Value"]
        for one in trials(pool, "grid", SortBy="FinalObjectiveMetricValue", SortOrder="Descending")
    ]
    assert [3.0, 2.0, 0.0] == values
    assert 3 == len(trials(pool, "grid", StatusEquals="Failed"))
    job = pool.api.describe_training_job(TrainingJobName=best["TrainingJobName"])
    assert (arn, "loss", "0.1") == (
        job["TuningJobArn"], job["HyperParameters"]["_tuning_objective_metric"], job["HyperParameters"]["rate"],
    )  # fmt: skip
    assert [{"Key": "team", "Value": "ml"}] == pool.api.list_tags(ResourceArn=best["TrainingJobArn"])["Tags"]
    told = [(arn, detail) for kind, arn, detail in pool.events if "Tuning" in kind]
    assert [(arn, "Completed")] == [(one, detail["HyperParameterTuningJobStatus"]) for one, detail in told]
    [row] = pool.api.list_hyper_parameter_tuning_jobs()["HyperParameterTuningJobSummaries"]
    assert ("grid", "Grid", "Completed") == (
        row["HyperParameterTuningJobName"], row["Strategy"], row["HyperParameterTuningJobStatus"],
    )  # fmt: skip
    pool.api.delete_hyper_parameter_tuning_job(HyperParameterTuningJobName="grid")
    with pytest.raises(ClientError, match="ResourceNotFound"):
        shown(pool, "grid")


def test_a_random_search_runs_as_many_at_once_as_it_may_and_stops_at_its_target(pool: Pool) -> None:
    ranges = {"IntegerParameterRanges": [{"Name": "depth", "MinValue": "4", "MaxValue": "4"}]}
    criteria = {"TargetObjectiveMetricValue": 0.5}
    limits = {"MaxNumberOfTrainingJobs": 50, "MaxParallelTrainingJobs": 1}
    tune(pool, "draw", ranges, strategy="Random", limits=limits, TuningJobCompletionCriteria=criteria)
    pool.settle(lambda: status(pool, "draw") != "InProgress")
    assert ("Completed", 1) == (status(pool, "draw"), len(trials(pool, "draw")))


@pytest.mark.parametrize(
    "given",
    [
        MACHINE,
        {"VolumeSizeInGB": 5, "AllocationStrategy": "Prioritized", "InstanceConfigs": [
            {"InstanceType": "ml.g5.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 9}]},
    ],
)  # fmt: skip
def test_machines_are_asked_for_as_the_sdk_does(pool: Pool, given: dict[str, Any]) -> None:
    ranges = {"CategoricalParameterRanges": [{"Name": "depth", "Values": ["4"]}]}
    tune(pool, "sdk", ranges, machines={"HyperParameterTuningResourceConfig": given})
    pool.settle(lambda: status(pool, "sdk") != "InProgress")
    [one] = trials(pool, "sdk")
    assert MACHINE == pool.api.describe_training_job(TrainingJobName=one["TrainingJobName"])["ResourceConfig"]


def test_a_bayesian_search_ends_with_the_best_depth(pool: Pool) -> None:
    ranges = {"IntegerParameterRanges": [{"Name": "depth", "MinValue": "1", "MaxValue": "30"}]}
    criteria = {"TargetObjectiveMetricValue": 0.0}
    limits = {"MaxNumberOfTrainingJobs": 15, "MaxParallelTrainingJobs": 1}
    tune(pool, "bo", ranges, strategy="Bayesian", limits=limits, TuningJobCompletionCriteria=criteria, RandomSeed=3)
    pool.settle(lambda: status(pool, "bo") != "InProgress")
    assert {"depth": "4"} == shown(pool, "bo")["BestTrainingJob"]["TunedHyperParameters"]
    tried = [one["TunedHyperParameters"]["depth"] for one in trials(pool, "bo")]
    assert len(set(tried)) == len(tried) < 15


def test_hyperband_stops_what_loses_and_counts_it(pool: Pool) -> None:
    ranges = {"IntegerParameterRanges": [{"Name": "depth", "MinValue": "4", "MaxValue": "90"}]}
    limits = {"MaxNumberOfTrainingJobs": 6}
    tune(pool, "hb", ranges, strategy="Hyperband", limits=limits, image="epochs", fixed={"epochs": "100"}, RandomSeed=1)
    pool.settle(lambda: status(pool, "hb") != "InProgress")
    every = trials(pool, "hb")
    assert ("Completed", 6) == (status(pool, "hb"), len(every))
    losses = {one["TrainingJobName"]: float(one["TunedHyperParameters"]["depth"]) - 4 for one in every}
    stopped = [one for one in every if one["TrainingJobStatus"] == "Stopped"]
    assert stopped
    for one in stopped:
        assert ("Succeeded", losses[one["TrainingJobName"]]) == (
            one["ObjectiveStatus"], one["FinalHyperParameterTuningJobObjectiveMetric"]["Value"],
        )  # fmt: skip
    best = shown(pool, "hb")["BestTrainingJob"]["TrainingJobName"]
    assert min(losses, key=lambda name: losses[name]) == best
    assert best not in [one["TrainingJobName"] for one in stopped]
    kept = [asyncio.run(pool.served.get(PLACE, "training-job", one["TrainingJobName"])) for one in stopped]
    assert all(0 < len(one.state["course"]) < 60 for one in kept)


def test_a_search_none_of_whose_jobs_succeeds_fails(pool: Pool) -> None:
    limits = {"MaxNumberOfTrainingJobs": 20}
    ranges = {"IntegerParameterRanges": [{"Name": "depth", "MinValue": "1", "MaxValue": "9"}]}
    tune(pool, "bad", ranges, strategy="Random", limits=limits, fixed={"kind": "bad"})
    pool.settle(lambda: status(pool, "bad") != "InProgress")
    assert ("Failed", "No training job succeeded.") == (status(pool, "bad"), shown(pool, "bad")["FailureReason"])
    assert 5 <= len(trials(pool, "bad")) < 20  # what fails five times is not tried on


def test_a_search_that_is_stopped_stops_its_jobs(pool: Pool) -> None:
    limits = {"MaxNumberOfTrainingJobs": 9}
    ranges = {"IntegerParameterRanges": [{"Name": "depth", "MinValue": "1", "MaxValue": "9"}]}
    tune(pool, "long", ranges, strategy="Random", limits=limits, image="sleep")
    pool.settle(lambda: len(trials(pool, "long")) == 2 and bool(pool.measured.get("loss")))
    with pytest.raises(ClientError, match="ResourceInUse"):
        pool.api.delete_hyper_parameter_tuning_job(HyperParameterTuningJobName="long")
    pool.api.stop_hyper_parameter_tuning_job(HyperParameterTuningJobName="long")
    pool.settle(lambda: status(pool, "long") == "Stopped")
    assert {"Stopped"} <= {one["TrainingJobStatus"] for one in trials(pool, "long")} <= {"Stopped", "Failed"}
    with pytest.raises(ClientError, match="in status Stopped"):
        pool.api.stop_hyper_parameter_tuning_job(HyperParameterTuningJobName="long")


@pytest.mark.parametrize(
    ("ranges", "more", "said"),
    [
        ({"CategoricalParameterRanges": [DEPTHS]}, {"strategy": "Bayesian"}, "must be given for the Bayesian strategy"),
        (
            {"CategoricalParameterRanges": [DEPTHS]},
            {"strategy": "Hyperband", "limits": {"MaxNumberOfTrainingJobs": 4}},
            "MaxResource must be given",
        ),
        ({"CategoricalParameterRanges": [DEPTHS]}, {"strategy": "Random"}, "MaxNumberOfTrainingJobs must be given"),
        ({"CategoricalParameterRanges": [DEPTHS]}, {"limits": {"MaxNumberOfTrainingJobs": 4}}, "must be 3"),
        ({"CategoricalParameterRanges": [DEPTHS, DEPTHS]}, {}, "each name once"),
        ({}, {}, "one range at least"),
        (
            {"IntegerParameterRanges": [{"Name": "a", "MinValue": "1", "MaxValue": "2"}]},
            {},
            "categorical parameters only",
        ),
        ({"CategoricalParameterRanges": [DEPTHS]}, {"metric": "accuracy"}, "must define accuracy"),
    ],
)
def test_what_cannot_be_searched_is_refused(
    pool: Pool, ranges: dict[str, Any], more: dict[str, Any], said: str
) -> None:
    with pytest.raises(ClientError, match=rf"ValidationException.*{said}"):
        tune(pool, "odd", ranges, **more)


def test_a_name_is_taken_once(pool: Pool) -> None:
    tune(pool, "twice", {"CategoricalParameterRanges": [DEPTHS]})
    with pytest.raises(ClientError, match="ResourceInUse"):
        tune(pool, "twice", {"CategoricalParameterRanges": [DEPTHS]})
