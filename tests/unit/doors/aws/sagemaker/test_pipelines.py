"""boto3's pipelines on the local pool: steps that are jobs, conditions on what they told, and models they register."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sagemaker_pool import ROLE, Pool
from trimtab.base.clock import SystemClock
from trimtab.base.errors import InvalidInput
from trimtab.batch.model_pipelines.definition import Known, holds, read, resolved
from trimtab.store.state.database import State

PYTHON = [sys.executable, "-ES", "-c"]
TRAIN = "import os; print('auc=' + os.environ['SM_HP_AUC']); open(os.environ['SM_MODEL_DIR'] + '/m', 'w').write('m')"
JUDGE = """
import os
open(os.environ["TRIMTAB_ML_FOLDER"] + "/processing/out/e.json", "w").write('{"auc": {"value": 0.5}}')
"""
DEFINITIONS = {
    "train": {"command": [*PYTHON, TRAIN], "images": ["trainer"]},
    "judge": {"command": [*PYTHON, JUDGE], "images": ["judge"]},
    "sleep": {"command": [*PYTHON, "import time; print('up', flush=True); time.sleep(60)"], "images": ["sleep"]},
    "broken": {"command": [*PYTHON, "raise SystemExit('no data')"], "images": ["broken"]},
}
CLUSTER = {"ClusterConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1}}


@pytest.fixture
def pool(state: State, tmp_path: Path) -> Pool:
    return Pool(state, SystemClock(), tmp_path, DEFINITIONS)


def training(name: str = "Train", image: str = "trainer", **more: Any) -> dict[str, Any]:
    metrics = [{"Name": "auc", "Regex": "auc=([0-9.]+)"}]
    arguments = {
        "AlgorithmSpecification": {"TrainingImage": image, "TrainingInputMode": "File", "MetricDefinitions": metrics},
        "RoleArn": ROLE,
        "OutputDataConfig": {"S3OutputPath": {"Std:Join": {"On": "/", "Values": ["s3://mine", "models"]}}},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
        "StoppingCondition": {"MaxRuntimeInSeconds": 600},
        "HyperParameters": {"auc": {"Get": "Parameters.Auc"}},
    }
    return {"Name": name, "Type": "Training", "Arguments": arguments, **more}


def registering() -> dict[str, Any]:
    data = {"Get": "Steps.Train.ModelArtifacts.S3ModelArtifacts"}
    container = {"Image": "serve", "ModelDataUrl": data}
    return {"Name": "Register", "Type": "RegisterModel", "Arguments": {
        "ModelPackageGroupName": "churn", "ModelApprovalStatus": "PendingManualApproval",
        "InferenceSpecification": {"Containers": [container], "SupportedContentTypes": ["text/csv"],
                                   "SupportedResponseMIMETypes": ["text/csv"]}}}  # fmt: skip


def condition(left: Any, *, then: list[Any], otherwise: list[Any]) -> dict[str, Any]:
    conditions = [{"Type": "GreaterThanOrEqualTo", "LeftValue": left, "RightValue": 0.8}]
    return {"Name": "Good", "Type": "Condition", "Arguments": {
        "Conditions": conditions, "IfSteps": then, "ElseSteps": otherwise}}  # fmt: skip


def create(pool: Pool, *steps: dict[str, Any], name: str = "retrain") -> str:
    parameters = [{"Name": "Auc", "Type": "String", "DefaultValue": "0.9"}]
    definition = json.dumps({"Version": "2020-12-01", "Parameters": parameters, "Steps": list(steps)})
    made = pool.api.create_pipeline(
        PipelineName=name, PipelineDefinition=definition, RoleArn=ROLE, ClientRequestToken="t" * 32
    )
    return str(made["PipelineArn"])


def run(pool: Pool, name: str = "retrain", **parameters: str) -> dict[str, Any]:
    given = [{"Name": key, "Value": value} for key, value in parameters.items()]
    arn = pool.api.start_pipeline_execution(PipelineName=name, PipelineParameters=given)["PipelineExecutionArn"]
    return settled(pool, arn)


def settled(pool: Pool, arn: str) -> dict[str, Any]:
    def status() -> str:
        return str(pool.api.describe_pipeline_execution(PipelineExecutionArn=arn)["PipelineExecutionStatus"])

    pool.settle(lambda: status() not in ("Executing", "Stopping"))
    return dict(pool.api.describe_pipeline_execution(PipelineExecutionArn=arn))


def steps_of(pool: Pool, found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    steps = pool.api.list_pipeline_execution_steps(PipelineExecutionArn=found["PipelineExecutionArn"])
    return {one["StepName"]: one for one in steps["PipelineExecutionSteps"]}


def test_a_pipeline_trains_judges_by_the_metric_and_registers(pool: Pool) -> None:
    metric = {"Get": "Steps.Train.FinalMetricDataList['auc'].Value"}
    fail = {"Name": "Bad", "Type": "Fail", "Arguments": {"ErrorMessage": {
        "Std:Join": {"On": " ", "Values": ["auc is", metric]}}}}  # fmt: skip
    arn = create(pool, training(), condition(metric, then=[registering()], otherwise=[fail]))
    assert "arn:aws:sagemaker:us-east-1:123456789012:pipeline/retrain" == arn
    found = run(pool)
    assert "Succeeded" == found["PipelineExecutionStatus"], found
    steps = steps_of(pool, found)
    assert {"Train", "Good", "Register"} == set(steps)
    assert {"Outcome": "True"} == steps["Good"]["Metadata"]["Condition"]
    job = steps["Train"]["Metadata"]["TrainingJob"]["Arn"].rpartition("/")[2]
    trained = pool.api.describe_training_job(TrainingJobName=job)
    package = pool.api.describe_model_package(ModelPackageName=steps["Register"]["Metadata"]["RegisterModel"]["Arn"])
    assert (1, "PendingManualApproval", "churn") == tuple(
        package[name] for name in ("ModelPackageVersion", "ModelApprovalStatus", "ModelPackageGroupName")
    )
    [container] = package["InferenceSpecification"]["Containers"]
    assert trained["ModelArtifacts"]["S3ModelArtifacts"] == container["ModelDataUrl"]
    assert (pool.bucket / f"models/{job}/output/model.tar.gz").is_file()
    worse = run(pool, Auc="0.5")
    assert "Failed" == worse["PipelineExecutionStatus"]
    assert "ClientError: auc is 0.5" == steps_of(pool, worse)["Bad"]["FailureReason"]
    assert "Step failure: One or multiple steps failed." == worse["FailureReason"]
    listed = pool.api.list_pipeline_executions(PipelineName="retrain")["PipelineExecutionSummaries"]
    assert ["Failed", "Succeeded"] == [one["PipelineExecutionStatus"] for one in listed]
    given = pool.api.list_pipeline_parameters_for_execution(PipelineExecutionArn=worse["PipelineExecutionArn"])
    assert [{"Name": "Auc", "Value": "0.5"}] == given["PipelineParameters"]
    assert 1 == len(pool.api.list_model_packages(ModelPackageGroupName="churn")["ModelPackageSummaryList"])


def test_a_condition_reads_the_file_that_a_processing_step_wrote(pool: Pool) -> None:
    output = {"OutputName": "out", "S3Output": {"S3Uri": "s3://mine/judged", "S3UploadMode": "EndOfJob",
              "LocalPath": "/opt/ml/processing/out"}}  # fmt: skip
    judge = {"Name": "Judge", "Type": "Processing", "Arguments": {
        "AppSpecification": {"ImageUri": "judge"}, "RoleArn": ROLE, "ProcessingResources": CLUSTER,
        "ProcessingOutputConfig": {"Outputs": [output]}},
        "PropertyFiles": [{"PropertyFileName": "Report", "OutputName": "out", "FilePath": "e.json"}]}  # fmt: skip
    left = {"Std:JsonGet": {"PropertyFile": {"Get": "Steps.Judge.PropertyFiles.Report"}, "Path": "auc.value"}}
    create(pool, judge, condition(left, then=[training()], otherwise=[]))
    found = run(pool)
    assert ("Succeeded", {"Judge", "Good"}) == (found["PipelineExecutionStatus"], set(steps_of(pool, found))), found
    assert {"Outcome": "False"} == steps_of(pool, found)["Good"]["Metadata"]["Condition"]


def test_a_step_that_fails_ends_the_execution_and_a_stop_ends_its_jobs(pool: Pool) -> None:
    create(pool, training(image="broken"), registering())
    found = run(pool)
    assert ("Failed", {"Train"}) == (found["PipelineExecutionStatus"], set(steps_of(pool, found)))
    assert "no data, exit code: 1" in steps_of(pool, found)["Train"]["FailureReason"]
    create(pool, training(image="sleep"), training("Later", DependsOn=["Train"]), name="slow")
    arn = pool.api.start_pipeline_execution(PipelineName="slow")["PipelineExecutionArn"]
    pool.settle(lambda: any(lines == ["up"] for lines in pool.said.values()) and bool(
        pool.api.stop_pipeline_execution(PipelineExecutionArn=arn, ClientRequestToken="s" * 32)))  # fmt: skip
    stopped = settled(pool, arn)
    assert ("Stopped", {"Train"}) == (stopped["PipelineExecutionStatus"], set(steps_of(pool, stopped)))


def test_pipelines_are_kept_changed_listed_and_deleted(pool: Pool) -> None:
    create(pool, training())
    with pytest.raises(ClientError) as refused:
        create(pool, training())
    assert "ResourceInUse" == refused.value.response["Error"]["Code"]
    before = pool.api.describe_pipeline(PipelineName="retrain")["PipelineDefinition"]
    arn = pool.api.start_pipeline_execution(PipelineName="retrain")["PipelineExecutionArn"]
    definition = json.dumps({"Version": "2020-12-01", "Steps": [training("Other")]})
    pool.api.update_pipeline(PipelineName="retrain", PipelineDefinition=definition)
    found = pool.api.describe_pipeline(PipelineName="retrain")
    assert (definition, "Active") == (found["PipelineDefinition"], found["PipelineStatus"])
    began = pool.api.describe_pipeline_definition_for_execution(PipelineExecutionArn=arn)
    assert before == began["PipelineDefinition"] != definition
    assert ["retrain"] == [
        one["PipelineName"] for one in pool.api.list_pipelines(PipelineNamePrefix="re")["PipelineSummaries"]
    ]
    assert [] == pool.api.list_pipelines(PipelineNamePrefix="x")["PipelineSummaries"]
    with pytest.raises(pool.api.exceptions.ResourceNotFound):
        pool.api.list_pipeline_execution_steps()
    pool.api.delete_pipeline(PipelineName="retrain", ClientRequestToken="d" * 32)
    with pytest.raises(ClientError, match="does not exist"):
        pool.api.describe_pipeline(PipelineName="retrain")


def test_the_same_token_is_the_same_execution_and_unknown_parameters_are_refused(pool: Pool) -> None:
    create(pool, training())
    first, second = (
        pool.api.start_pipeline_execution(PipelineName="retrain", ClientRequestToken="x" * 32) for _ in "12"
    )
    assert first["PipelineExecutionArn"] == second["PipelineExecutionArn"]
    with pytest.raises(ClientError, match="has no parameter Lr"):
        run(pool, Lr="1")


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ([], "1 to 50 steps"),
        ([{"Name": "a", "Type": "Fail"}, {"Name": "a", "Type": "Fail"}], "each with a name of its own"),
        ([{"Name": "a", "Type": "Fail", "DependsOn": ["b"]}], "refers to step b, which does not exist"),
        ([{"Name": "a", "Type": "EMR"}], "steps of type EMR are not done here"),
        ([{"Type": "Fail"}], "cannot read the pipeline's definition: it lacks Name"),
        (["Fail"], "cannot read the pipeline's definition: a part of it has another form"),
    ],
)
def test_a_definition_that_cannot_be_is_refused(steps: list[Any], said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        read(json.dumps({"Steps": steps}))


def test_a_definition_that_is_no_json_is_refused_in_plain_words() -> None:
    with pytest.raises(InvalidInput, match=r"definition: it is not JSON$"):
        read(" some pipeline definition")


def test_expressions_mean_what_steps_have_said() -> None:
    metrics = [{"MetricName": "auc", "Value": 0.9}, {"MetricName": "loss", "Value": 0.1}]
    known = Known(
        {"P": 3}, {"PipelineName": "n"}, {"T": {"M": metrics, "A": {"b": "c"}}}, {("T", "f"): {"a": [{"v": 7}]}}
    )
    assert [3, "n", 0.1, 0.9, "c"] == resolved(
        [{"Get": path} for path in ("Parameters.P", "Execution.PipelineName", "Steps.T.M['loss'].Value",
                                    "Steps.T.M[0].Value", "Steps.T.A.b")], known,
    )  # fmt: skip
    file = {"PropertyFile": {"Get": "Steps.T.PropertyFiles.f"}, "Path": "a[0].v"}
    assert {"x": 7, "y": "3-c"} == resolved(
        {
            "x": {"Std:JsonGet": file},
            "y": {"Std:Join": {"On": "-", "Values": [{"Get": "Parameters.P"}, {"Get": "Steps.T.A.b"}]}},
        },
        known,
    )
    for path in ("Steps.T.M['f1'].Value", "Steps.X.a", "Parameters.Q", "Execution.Nothing"):
        with pytest.raises(InvalidInput):
            resolved({"Get": path}, known)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"Type": "Equals", "LeftValue": "a", "RightValue": "a"}, True),
        ({"Type": "GreaterThan", "LeftValue": 1, "RightValue": 1}, False),
        ({"Type": "GreaterThanOrEqualTo", "LeftValue": "1", "RightValue": 1}, True),
        ({"Type": "LessThan", "LeftValue": 1, "RightValue": 2}, True),
        ({"Type": "LessThanOrEqualTo", "LeftValue": 3, "RightValue": 2}, False),
        ({"Type": "In", "QueryValue": "b", "Values": ["a", "b"]}, True),
        ({"Type": "Not", "Expression": {"Type": "Equals", "LeftValue": 1, "RightValue": 1}}, False),
        ({"Type": "Or", "Conditions": [{"Type": "Equals", "LeftValue": 1, "RightValue": 2},
                                       {"Type": "Equals", "LeftValue": 1, "RightValue": 1}]}, True),
    ],
)  # fmt: skip
def test_conditions(condition: dict[str, Any], expected: bool) -> None:
    assert expected is holds([condition], Known({}, {}, {}, {}))


def test_an_approval_is_an_event_and_groups_list_their_versions(pool: Pool) -> None:
    pool.api.create_model_package_group(ModelPackageGroupName="churn", ModelPackageGroupDescription="who leaves")
    with pytest.raises(ClientError, match="already exists"):
        pool.api.create_model_package_group(ModelPackageGroupName="churn")
    arns = [pool.api.create_model_package(ModelPackageGroupName="churn")["ModelPackageArn"] for _ in range(2)]
    pool.api.create_model_package(ModelPackageName="alone")
    pool.api.update_model_package(ModelPackageArn=arns[1], ModelApprovalStatus="Approved", ApprovalDescription="good",
                                  CustomerMetadataProperties={"auc": "0.9", "by": "me"})  # fmt: skip
    pool.api.update_model_package(ModelPackageArn=arns[1], CustomerMetadataPropertiesToRemove=["by"])
    found = pool.api.describe_model_package(ModelPackageName=arns[1])
    assert ("Approved", "good", {"auc": "0.9"}, 2) == tuple(found[name] for name in (
        "ModelApprovalStatus", "ApprovalDescription", "CustomerMetadataProperties", "ModelPackageVersion"))  # fmt: skip
    kind, arn, detail = pool.events[-1]
    assert ("SageMaker Model Package State Change", arns[1], "Approved", 2) == (
        kind, arn, detail["ModelApprovalStatus"], detail["ModelPackageVersion"],
    )  # fmt: skip

    def names(**asked: Any) -> list[str]:
        return [one["ModelPackageArn"] for one in pool.api.list_model_packages(**asked)["ModelPackageSummaryList"]]

    assert [arns[1], arns[0]] == names(ModelPackageGroupName="churn")
    assert [arns[1]] == names(ModelPackageGroupName="churn", ModelApprovalStatus="Approved")
    assert ["alone"] == [arn.rpartition("/")[2] for arn in names()]
    assert [3, 2] == [len(names(ModelPackageType=one)) for one in ("Both", "Versioned")]
    [group] = pool.api.list_model_package_groups()["ModelPackageGroupSummaryList"]
    assert ("churn", "who leaves") == (group["ModelPackageGroupName"], group["ModelPackageGroupDescription"])
    with pytest.raises(ClientError, match="delete those first"):
        pool.api.delete_model_package_group(ModelPackageGroupName="churn")
    for one in arns:
        pool.api.delete_model_package(ModelPackageName=one)
    pool.api.delete_model_package_group(ModelPackageGroupName="churn")
    with pytest.raises(ClientError, match="does not exist"):
        pool.api.describe_model_package_group(ModelPackageGroupName="churn")


def test_a_crash_begins_no_step_twice(pool: Pool) -> None:
    create(pool, training(), registering())
    arn = pool.api.start_pipeline_execution(PipelineName="retrain")["PipelineExecutionArn"]
    asyncio.run(pool.pipelines.turn())
    found = asyncio.run(pool.pipelines.look(("123456789012", "us-east-1"), arn))
    assert found is not None
    asyncio.run(pool.served.change(found, state={}))  # what was noted of the step is lost
    assert "Succeeded" == settled(pool, arn)["PipelineExecutionStatus"]
    assert 1 == len(pool.api.list_training_jobs()["TrainingJobSummaries"])
