"""Searches of SageMaker's API by boto3 against a live server: every tuning strategy, and an AutoML job."""

import json
import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

import trimtab
from live_server import LiveServer

pytestmark = [pytest.mark.wire, pytest.mark.slow]
ROLE = "arn:aws:iam::123456789012:role/train"
TRAIN = """
import json, os
hps = json.load(open(os.environ["SM_INPUT_CONFIG_DIR"] + "/hyperparameters.json"))
print(f"loss={abs(float(hps['depth']) - 4)}", flush=True)
"""
DEPTH = {"IntegerParameterRanges": [{"Name": "depth", "MinValue": "1", "MaxValue": "8"}]}
STRATEGIES: dict[str, dict[str, Any]] = {
    "Grid": {"ParameterRanges": {"CategoricalParameterRanges": [{"Name": "depth", "Values": ["2", "4", "7"]}]}},
    "Random": {"ParameterRanges": DEPTH, "RandomSeed": 1},
    "Bayesian": {"ParameterRanges": DEPTH, "RandomSeed": 1},
    "Hyperband": {"ParameterRanges": DEPTH, "RandomSeed": 1,
                  "StrategyConfig": {"HyperbandStrategyConfig": {"MinResource": 1, "MaxResource": 9}}},
}  # fmt: skip


@pytest.fixture(scope="module")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bucket")


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory, bucket: Path) -> Iterator[Any]:
    folder = tmp_path_factory.mktemp("searches")
    train, automl = [sys.executable, "-ES", "-c", TRAIN], [sys.executable, "-m", "trimtab.batch.automl.train"]
    source = str(Path(trimtab.__file__).parents[1])
    file = folder / "batch.toml"
    file.write_text(
        f'[definitions.train]\ncommand = {json.dumps(train)}\nimages = ["*/tree"]\n'
        f'[definitions.automl]\ncommand = {json.dumps([*automl, "Ref::folder"])}\n'
        'images = ["trimtab/sagemaker-automl:*"]\n'
        f'[definitions.automl.environment]\nPYTHONPATH = "{source}"\n'
    )  # fmt: skip
    made = LiveServer(folder / "data", TRIMTAB_BATCH_FILE=str(file), TRIMTAB_BATCH_BUCKETS=f"mine={bucket}").start()
    keys = {"aws_access_key_id": "a", "aws_secret_access_key": "b"}
    yield boto3.client("sagemaker", endpoint_url=made.url, region_name="us-east-1", **keys)
    made.stop()


def over(ask: Any, status: str) -> dict[str, Any]:
    deadline = time.monotonic() + 240
    while (found := dict(ask()))[status] == "InProgress":
        assert time.monotonic() < deadline, found
        time.sleep(0.5)
    return found


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_strategy_finds_the_best_of_what_it_tried(api: Any, strategy: str) -> None:
    name, limits = f"depth-{strategy}", {"MaxParallelTrainingJobs": 2}
    if strategy != "Grid":
        limits["MaxNumberOfTrainingJobs"] = 5
    algorithm = {"TrainingImage": "mine/tree", "TrainingInputMode": "File",
                 "MetricDefinitions": [{"Name": "loss", "Regex": "loss=([0-9.]+)"}]}  # fmt: skip
    api.create_hyper_parameter_tuning_job(
        HyperParameterTuningJobName=name,
        HyperParameterTuningJobConfig={
            "Strategy": strategy, "ResourceLimits": limits,
            "HyperParameterTuningJobObjective": {"Type": "Minimize", "MetricName": "loss"}, **STRATEGIES[strategy],
        },
        TrainingJobDefinition={
            "AlgorithmSpecification": algorithm, "RoleArn": ROLE, "StoppingCondition": {"MaxRuntimeInSeconds": 600},
            "OutputDataConfig": {"S3OutputPath": "s3://mine/models"},
            "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 5},
        },
    )  # fmt: skip
    found = over(
        lambda: api.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=name),
        "HyperParameterTuningJobStatus",
    )
    assert "Completed" == found["HyperParameterTuningJobStatus"], found.get("FailureReason")
    tried = api.list_training_jobs_for_hyper_parameter_tuning_job(HyperParameterTuningJobName=name, MaxResults=100)
    trials = tried["TrainingJobSummaries"]
    assert (3 if strategy == "Grid" else 5) == len(trials)
    losses = [abs(int(one["TunedHyperParameters"]["depth"]) - 4) for one in trials]
    best = found["BestTrainingJob"]
    assert min(losses) == best["FinalHyperParameterTuningJobObjectiveMetric"]["Value"]
    if strategy == "Grid":
        assert [2, 0, 3] == losses


def test_an_automl_job_tells_classes_apart(api: Any, bucket: Path) -> None:
    draw = random.Random(1)
    rows = [(draw.randrange(10), draw.choice(["basic", "plus"])) for _ in range(200)]
    lines = [f"{calls},{plan},{'yes' if calls > 4 and plan == 'basic' else 'no'}" for calls, plan in rows]
    (bucket / "data").mkdir()
    (bucket / "data/a.csv").write_text("\n".join(["calls,plan,left", *lines]))
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://mine/data/"}}
    api.create_auto_ml_job(
        AutoMLJobName="churn", InputDataConfig=[{"DataSource": source, "TargetAttributeName": "left"}], RoleArn=ROLE,
        OutputDataConfig={"S3OutputPath": "s3://mine/out"},
        AutoMLJobConfig={"CompletionCriteria": {"MaxCandidates": 2}},
    )  # fmt: skip
    found = over(lambda: api.describe_auto_ml_job(AutoMLJobName="churn"), "AutoMLJobStatus")
    assert "Completed" == found["AutoMLJobStatus"], found.get("FailureReason")
    assert "BinaryClassification" == found["ResolvedAttributes"]["ProblemType"]
    assert found["BestCandidate"]["FinalAutoMLJobObjectiveMetric"]["Value"] > 0.95
