"""boto3's experiments: trials and components, and training jobs that are components by themselves."""

import sys
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sagemaker_pool import ROLE, Pool
from trimtab.base.clock import SystemClock
from trimtab.store.state.database import State

TRAIN = "print('loss=0.5'); print('loss=0.25')"


@pytest.fixture
def pool(state: State, tmp_path: Path) -> Pool:
    command = [sys.executable, "-ES", "-c", TRAIN]
    return Pool(state, SystemClock(), tmp_path, {"train": {"command": command, "images": ["trainer"]}})


@pytest.fixture
def api(pool: Pool) -> Any:
    pool.api.create_experiment(ExperimentName="churn", Description="who leaves")
    pool.api.create_trial(TrialName="first", ExperimentName="churn")
    return pool.api


def names(found: Any, word: str = "TrialComponent") -> list[str]:
    return [one[f"{word}Name"] for one in found[f"{word}Summaries"]]


def test_a_training_job_is_a_component_with_what_it_measured(pool: Pool, api: Any) -> None:
    api.create_training_job(
        TrainingJobName="job", RoleArn=ROLE, OutputDataConfig={"S3OutputPath": "s3://mine/o"},
        AlgorithmSpecification={"TrainingImage": "trainer", "TrainingInputMode": "File",
                                "MetricDefinitions": [{"Name": "loss", "Regex": "loss=([0-9.]+)"}]},
        HyperParameters={"lr": "0.1", "kind": "tree"}, StoppingCondition={"MaxRuntimeInSeconds": 60},
        ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
        ExperimentConfig={"ExperimentName": "churn", "TrialName": "first"},
    )  # fmt: skip
    name = "job-aws-training-job"
    assert "InProgress" == api.describe_trial_component(TrialComponentName=name)["Status"]["PrimaryStatus"]
    pool.settle(lambda: api.describe_training_job(TrainingJobName="job")["TrainingJobStatus"] == "Completed")
    found = api.describe_trial_component(TrialComponentName=name)
    assert ("Completed", {"lr": {"NumberValue": 0.1}, "kind": {"StringValue": "tree"}}) == (
        found["Status"]["PrimaryStatus"], found["Parameters"],
    )  # fmt: skip
    [metric] = found["Metrics"]
    assert ("loss", 2, 0.25, 0.5, 0.25, 0.375) == tuple(
        metric[key] for key in ("MetricName", "Count", "Min", "Max", "Last", "Avg")
    )
    assert "s3://mine/o/job/output/model.tar.gz" == found["OutputArtifacts"]["SageMaker.ModelArtifact"]["Value"]
    assert found["StartTime"] <= found["EndTime"]
    assert [name] == names(api.list_trial_components(TrialName="first"))
    assert [name] == names(api.list_trial_components(ExperimentName="churn"))
    assert [name] == names(api.list_trial_components(SourceArn=found["Source"]["SourceArn"]))
    assert [] == names(api.list_trial_components(TrialName="second"))
    api.create_trial(TrialName="second", ExperimentName="churn")
    api.associate_trial_component(TrialComponentName=name, TrialName="second")
    assert ["first", "second"] == sorted(names(api.list_trials(TrialComponentName=name), "Trial"))
    assert "Completed" == api.describe_trial_component(TrialComponentName=name)["Status"]["PrimaryStatus"]


def test_components_are_kept_changed_associated_and_deleted(api: Any) -> None:
    number = {"NumberValue": 3.0}
    api.create_trial_component(TrialComponentName="own", DisplayName="mine", Parameters={"a": number, "b": number},
                               Status={"PrimaryStatus": "InProgress"})  # fmt: skip
    api.update_trial_component(TrialComponentName="own", Parameters={"c": number}, ParametersToRemove=["a"],
                               Status={"PrimaryStatus": "Completed"})  # fmt: skip
    found = api.describe_trial_component(TrialComponentName="own")
    assert ({"b": number, "c": number}, "Completed", "mine", []) == (
        found["Parameters"], found["Status"]["PrimaryStatus"], found["DisplayName"], found["Metrics"],
    )  # fmt: skip
    api.associate_trial_component(TrialComponentName="own", TrialName="first")
    assert ["own"] == names(api.list_trial_components(TrialName="first"))
    with pytest.raises(ClientError, match="disassociate it first"):
        api.delete_trial_component(TrialComponentName="own")
    with pytest.raises(ClientError, match="has components: disassociate those first"):
        api.delete_trial(TrialName="first")
    api.disassociate_trial_component(TrialComponentName="own", TrialName="first")
    api.delete_trial_component(TrialComponentName="own")
    with pytest.raises(api.exceptions.ResourceNotFound):
        api.describe_trial_component(TrialComponentName="own")


def test_experiments_and_trials_are_kept_changed_listed_and_deleted(api: Any) -> None:
    with pytest.raises(ClientError, match="names must be unique"):
        api.create_experiment(ExperimentName="churn")
    with pytest.raises(api.exceptions.ResourceNotFound):
        api.create_trial(TrialName="t", ExperimentName="none")
    api.update_experiment(ExperimentName="churn", DisplayName="Churn")
    found = api.describe_experiment(ExperimentName="churn")
    assert ("Churn", "who leaves") == (found["DisplayName"], found["Description"])
    api.update_trial(TrialName="first", DisplayName="First")
    trial = api.describe_trial(TrialName="first")
    assert ("First", "churn") == (trial["DisplayName"], trial["ExperimentName"])
    assert ["churn"] == names(api.list_experiments(), "Experiment")
    assert ["first"] == names(api.list_trials(ExperimentName="churn"), "Trial")
    with pytest.raises(ClientError, match="has trials: delete those first"):
        api.delete_experiment(ExperimentName="churn")
    api.delete_trial(TrialName="first")
    api.delete_experiment(ExperimentName="churn")
    assert [] == names(api.list_experiments(), "Experiment")
