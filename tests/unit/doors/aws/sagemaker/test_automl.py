"""boto3's AutoML jobs on the local pool: candidates are trained for real, and the best beats what is easily said."""

import csv
import io
import sys
import tarfile
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from botocore.exceptions import ClientError

import trimtab
from sagemaker_pool import ROLE, Pool
from trimtab.base.clock import SystemClock
from trimtab.batch.automl import serve
from trimtab.store.state.database import State

COMMAND = [sys.executable, "-m", "trimtab.batch.automl.train", "Ref::folder"]
DEFINITION = {
    "command": COMMAND, "images": ["trimtab/sagemaker-automl:*"],
    "environment": {"PYTHONPATH": str(Path(trimtab.__file__).parents[1])},
}  # fmt: skip
CATBOOST = {"AlgorithmsConfig": [{"AutoMLAlgorithms": ["catboost"]}]}
ARN = "arn:aws:sagemaker:us-east-1:123456789012:automl-job"


@pytest.fixture
def pool(state: State, tmp_path: Path) -> Pool:
    return Pool(state, SystemClock(), tmp_path, {"automl": DEFINITION})


def churn(rows: int = 240) -> list[list[Any]]:
    """Records of customers: who called often and is on the basic plan has left, a tenth of them otherwise."""
    draw = np.random.default_rng(5)
    found: list[list[Any]] = []
    for _ in range(rows):
        calls, plan = int(draw.integers(0, 10)), ["basic", "plus", "pro"][int(draw.integers(0, 3))]
        left = (calls > 4 and plan == "basic") != (draw.random() < 0.1)
        found.append([calls, plan, round(float(draw.normal(50, 10)), 2), "yes" if left else "no"])
    return found


def put(
    pool: Pool, name: str, records: list[list[Any]], header: tuple[str, ...] = ("calls", "plan", "age", "left")
) -> None:
    out = io.StringIO()
    csv.writer(out).writerows([header, *records])
    pool.put(name, out.getvalue())


def asked(name: str, target: str = "left", candidates: int = 3, **more: Any) -> dict[str, Any]:
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://mine/data/"}}
    return {
        "AutoMLJobName": name,
        "InputDataConfig": [{"DataSource": source, "TargetAttributeName": target}],
        "OutputDataConfig": {"S3OutputPath": "s3://mine/out"},
        "AutoMLJobConfig": {"CompletionCriteria": {"MaxCandidates": candidates}},
        "RoleArn": ROLE,
        "Tags": [{"Key": "team", "Value": "ml"}],
        **more,
    }  # fmt: skip


def ended(pool: Pool, name: str) -> dict[str, Any]:
    def over() -> bool:
        return pool.api.describe_auto_ml_job_v2(AutoMLJobName=name)["AutoMLJobStatus"] not in ("InProgress", "Stopping")

    pool.settle(over)
    return dict(pool.api.describe_auto_ml_job_v2(AutoMLJobName=name))


def metrics(candidate: dict[str, Any], set_: str = "Validation") -> dict[str, float]:
    found = candidate["CandidateProperties"]["CandidateMetrics"]
    return {one["MetricName"]: one["Value"] for one in found if one["Set"] == set_}


def test_the_best_candidate_beats_the_commonest_answer_and_serves(pool: Pool, tmp_path: Path) -> None:
    records = churn()
    put(pool, "data/a.csv", records[:120])
    put(pool, "data/b.csv", records[120:])
    assert f"{ARN}/churn" == pool.api.create_auto_ml_job(**asked("churn", candidates=5))["AutoMLJobArn"]
    assert "AnalyzingData" == pool.api.describe_auto_ml_job(AutoMLJobName="churn")["AutoMLJobSecondaryStatus"]
    assert [] == pool.api.list_candidates_for_auto_ml_job(AutoMLJobName="churn")["Candidates"]
    with pytest.raises(ClientError, match="AutoML job names must be unique"):
        pool.api.create_auto_ml_job(**asked("churn"))
    found = ended(pool, "churn")
    assert ("Completed", "Completed") == (found["AutoMLJobStatus"], found["AutoMLJobSecondaryStatus"])
    first = pool.api.describe_auto_ml_job(AutoMLJobName="churn")
    assert {
        "ProblemType": "BinaryClassification", "AutoMLJobObjective": {"MetricName": "F1"},
        "CompletionCriteria": {"MaxCandidates": 5, "MaxRuntimePerTrainingJobInSeconds": 86400},
    } == first["ResolvedAttributes"]  # fmt: skip
    best = found["BestCandidate"]
    commonest = sum(one[-1] == "no" for one in records) / len(records)
    assert metrics(best)["Accuracy"] > commonest + 0.05
    always_yes = 2 * (1 - commonest) / (2 - commonest)  # the F1 of saying yes to all
    assert best["FinalAutoMLJobObjectiveMetric"]["Value"] == pytest.approx(metrics(best)["F1"])
    assert metrics(best)["F1"] > always_yes + 0.2
    listed = pool.api.list_candidates_for_auto_ml_job(
        AutoMLJobName="churn", SortBy="FinalObjectiveMetricValue", SortOrder="Descending"
    )["Candidates"]
    values = [one["FinalAutoMLJobObjectiveMetric"]["Value"] for one in listed]
    assert (5, best) == (len(values), listed[0])
    assert values == sorted(values, reverse=True)
    jobs = [pool.api.describe_training_job(TrainingJobName=one["CandidateName"]) for one in listed]
    assert {f"{ARN}/churn"} == {one["AutoMLJobArn"] for one in jobs}
    counts = [one["HyperParameters"]["algorithm"] for one in jobs]
    assert {"xgboost": 2, "linear-learner": 2, "mlp": 1} == {one: counts.count(one) for one in counts}
    assert 5 == len({str(sorted(one["HyperParameters"].items())) for one in jobs})
    [analysis, _] = best["CandidateSteps"]
    processing = pool.api.describe_processing_job(ProcessingJobName=analysis["CandidateStepName"])
    assert (f"{ARN}/churn", False) == (processing["AutoMLJobArn"], "AutoML" in processing)
    arns = [f"{ARN}/churn", *(one["CandidateStepArn"] for one in best["CandidateSteps"])]
    assert [[{"Key": "team", "Value": "ml"}]] * 3 == [pool.api.list_tags(ResourceArn=arn)["Tags"] for arn in arns]
    [row] = pool.api.list_auto_ml_jobs(NameContains="chu", StatusEquals="Completed")["AutoMLJobSummaries"]
    assert (f"{ARN}/churn", found["EndTime"]) == (row["AutoMLJobArn"], row["EndTime"])
    with pytest.raises(ClientError, match="AutoML job is in status Completed"):
        pool.api.stop_auto_ml_job(AutoMLJobName="churn")
    _served(pool, best, records, tmp_path)


def _served(pool: Pool, best: dict[str, Any], records: list[list[Any]], folder: Path) -> None:
    """Make an endpoint of a candidate, and ask it of records: the metrics of training are those of its answers."""
    [container] = best["InferenceContainers"]
    archive = pool.bucket / container["ModelDataUrl"].removeprefix("s3://mine/")
    with tarfile.open(archive) as packed:
        assert {"model.json", "arrays.npz"} == set(packed.getnames())
    model = serve.unpacked(archive, folder / "model")
    server = serve.server(model, ("127.0.0.1", 0), ["predicted_label"])
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        url = f"http://127.0.0.1:{server.server_port}/invocations"
        container["Environment"]["TRIMTAB_URL"] = url
        pool.api.create_model(ModelName="churn", ExecutionRoleArn=ROLE, Containers=[container])
        variant = {"VariantName": "all", "ModelName": "churn", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
        pool.api.create_endpoint_config(EndpointConfigName="churn", ProductionVariants=[variant])
        pool.api.create_endpoint(EndpointName="churn", EndpointConfigName="churn")
        names = ["calls", "plan", "age"]
        lines = [",".join(names), *(",".join(map(str, one[:-1])) for one in records)]
        answer = pool.runtime.invoke_endpoint(EndpointName="churn", Body="\n".join(lines), ContentType="text/csv")
        said = answer["Body"].read().decode().split()
        right = [one == record[-1] for one, record in zip(said, records, strict=True)]
        assert sum(right) / len(right) == pytest.approx(metrics(best, "Train")["Accuracy"])
        with pytest.raises(ClientError, match="must hold numbers"):
            pool.runtime.invoke_endpoint(EndpointName="churn", Body="many,basic,5", ContentType="text/csv")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_amounts_are_told_by_a_request_of_the_second_version_with_its_validation_data(pool: Pool) -> None:
    draw = np.random.default_rng(1)
    x = draw.normal(size=(200, 2))
    y = 3 * x[:, 0] - 2 * x[:, 1] + draw.normal(0, 0.1, 200)
    records = [[*map(float, a), float(b)] for a, b in zip(x, y, strict=True)]
    put(pool, "data/train.csv", records[:150], ("a", "b", "y"))
    put(pool, "held/validation.csv", records[150:], ("a", "b", "y"))
    channels = [
        {"ChannelType": kind, "ContentType": "text/csv;header=present",
         "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://mine/{folder}/"}}}
        for kind, folder in (("training", "data"), ("validation", "held"))
    ]  # fmt: skip
    algorithms = [{"AutoMLAlgorithms": ["linear-learner"]}]
    table = {
        "TargetAttributeName": "y", "ProblemType": "Regression", "CompletionCriteria": {"MaxCandidates": 2},
        "CandidateGenerationConfig": {"AlgorithmsConfig": algorithms},
    }  # fmt: skip
    pool.api.create_auto_ml_job_v2(
        AutoMLJobName="amounts", AutoMLJobInputDataConfig=channels, RoleArn=ROLE,
        OutputDataConfig={"S3OutputPath": "s3://mine/out"}, AutoMLProblemTypeConfig={"TabularJobConfig": table},
        AutoMLJobObjective={"MetricName": "RMSE"},
    )  # fmt: skip
    found = ended(pool, "amounts")
    assert ("Completed", table) == (found["AutoMLJobStatus"], found["AutoMLProblemTypeConfig"]["TabularJobConfig"])
    kind = found["ResolvedAttributes"]["AutoMLProblemTypeResolvedAttributes"]["TabularResolvedAttributes"]
    assert {"ProblemType": "Regression"} == kind
    best, other = sorted(
        pool.api.list_candidates_for_auto_ml_job(AutoMLJobName="amounts")["Candidates"],
        key=lambda one: float(one["FinalAutoMLJobObjectiveMetric"]["Value"]),
    )
    assert best == found["BestCandidate"] != other
    assert ("Minimize", "RMSE") == tuple(best["FinalAutoMLJobObjectiveMetric"][name] for name in ("Type", "MetricName"))
    weights, *_ = np.linalg.lstsq(np.hstack([x[:150], np.ones((150, 1))]), y[:150], rcond=None)
    error = np.hstack([x[150:], np.ones((50, 1))]) @ weights - y[150:]
    assert float((error**2).mean() ** 0.5) == pytest.approx(metrics(best)["RMSE"], rel=0.05)
    assert metrics(best)["MSE"] == pytest.approx(metrics(best)["RMSE"] ** 2)
    with pytest.raises(ClientError, match="use DescribeAutoMLJobV2"):
        pool.api.describe_auto_ml_job(AutoMLJobName="amounts")


def test_a_job_fails_with_the_reason_where_no_command_may_run(state: State, tmp_path: Path) -> None:
    pool = Pool(state, SystemClock(), tmp_path, {})
    put(pool, "data/a.csv", churn())
    pool.api.create_auto_ml_job(**asked("none"))
    found = ended(pool, "none")
    assert ("Failed", "Failed") == (found["AutoMLJobStatus"], found["AutoMLJobSecondaryStatus"])
    assert "nothing may run in the place of image trimtab/sagemaker-automl:1" in found["FailureReason"]
    assert "BestCandidate" not in found


def test_a_job_whose_data_cannot_be_used_says_why(pool: Pool) -> None:
    put(pool, "data/a.csv", churn())
    pool.api.create_auto_ml_job(**asked("other", target="nothing"))
    pool.api.create_auto_ml_job(
        **asked("far", InputDataConfig=[{
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://mine/nowhere/"}},
            "TargetAttributeName": "left"}])
    )  # fmt: skip
    assert (
        "AlgorithmError: the data has no column nothing; it has calls, plan, age, left, exit code: 1"
        == (ended(pool, "other")["FailureReason"])
    )
    assert "there is nothing there" in ended(pool, "far")["FailureReason"]


def test_a_job_that_is_stopped_stops_what_runs(pool: Pool) -> None:
    put(pool, "data/a.csv", churn())
    pool.api.create_auto_ml_job(**asked("early"))
    pool.api.stop_auto_ml_job(AutoMLJobName="early")
    assert "Stopping" == pool.api.describe_auto_ml_job(AutoMLJobName="early")["AutoMLJobStatus"]
    assert "Stopped" == ended(pool, "early")["AutoMLJobStatus"]
    assert [] == pool.api.list_processing_jobs()["ProcessingJobSummaries"]
    pool.api.create_auto_ml_job(**asked("later", candidates=100))
    pool.settle(lambda: bool(pool.api.list_candidates_for_auto_ml_job(AutoMLJobName="later")["Candidates"]))
    pool.api.stop_auto_ml_job(AutoMLJobName="later")
    assert "Stopped" == ended(pool, "later")["AutoMLJobStatus"]
    states = {one["TrainingJobStatus"] for one in pool.api.list_training_jobs(MaxResults=100)["TrainingJobSummaries"]}
    assert not states & {"InProgress", "Stopping"}


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"ProblemType": "Regression"}, "provide both the AutoMLJobObjective and the ProblemType"),
        ({"AutoMLJobObjective": {"MetricName": "F1"}}, "provide both the AutoMLJobObjective and the ProblemType"),
        ({"ProblemType": "Regression", "AutoMLJobObjective": {"MetricName": "F1"}}, "F1 is not valid .* Regression"),
        ({"GenerateCandidateDefinitionsOnly": True}, "GenerateCandidateDefinitionsOnly is not available"),
        ({"ModelDeployConfig": {"AutoGenerateEndpointName": True}}, "ModelDeployConfig is not available"),
        ({"AutoMLJobConfig": {"Mode": "ENSEMBLING"}}, "ENSEMBLING mode is not available"),
        ({"AutoMLJobConfig": {"DataSplitConfig": {"ValidationFraction": 1.0}}}, "greater than 0 and less than 1"),
        ({"AutoMLJobConfig": {"CandidateGenerationConfig": CATBOOST}}, "catboost is not available"),
    ],
)  # fmt: skip
def test_what_is_not_done_is_refused(pool: Pool, more: dict[str, Any], said: str) -> None:
    with pytest.raises(ClientError, match=said) as refused:
        pool.api.create_auto_ml_job(**asked("no", **more))
    assert "ValidationException" == refused.value.response["Error"]["Code"]
    assert [] == pool.api.list_auto_ml_jobs()["AutoMLJobSummaries"]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"ContentType": "x-application/vnd.amazon+parquet"}, "ContentType must be text/csv;header=present"),
        ({"SampleWeightAttributeName": "age"}, "SampleWeightAttributeName is not available"),
        ({"ChannelType": "validation"}, "must have a channel of the ChannelType training"),
    ],
)
def test_data_that_cannot_be_read_is_refused(pool: Pool, more: dict[str, Any], said: str) -> None:
    given = asked("no")
    given["InputDataConfig"][0] |= more
    with pytest.raises(ClientError, match=said):
        pool.api.create_auto_ml_job(**given)


def test_other_problems_than_tables_are_refused(pool: Pool) -> None:
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://mine/data/"}}
    with pytest.raises(ClientError, match="TextGenerationJobConfig is not available"):
        pool.api.create_auto_ml_job_v2(
            AutoMLJobName="no", AutoMLJobInputDataConfig=[{"DataSource": source}], RoleArn=ROLE,
            OutputDataConfig={"S3OutputPath": "s3://mine/out"},
            AutoMLProblemTypeConfig={"TextGenerationJobConfig": {"BaseModelName": "x"}},
        )  # fmt: skip


@pytest.mark.parametrize("operation", ["describe_auto_ml_job", "describe_auto_ml_job_v2", "stop_auto_ml_job",
                                       "list_candidates_for_auto_ml_job"])  # fmt: skip
def test_a_job_that_is_not_there_is_told_by_its_code(pool: Pool, operation: str) -> None:
    with pytest.raises(ClientError, match=r"Could not find requested AutoML job .*automl-job/nobody") as refused:
        getattr(pool.api, operation)(AutoMLJobName="nobody")
    assert "ResourceNotFound" == refused.value.response["Error"]["Code"]
